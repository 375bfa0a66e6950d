"""Blender itself: its windows, its translations, the types of its API."""
