"""What is under way in this Blender, moved on by timers; nothing here is drawn."""
