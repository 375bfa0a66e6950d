"""Meshes, their pictures and their distances: what training and evaluation share."""
