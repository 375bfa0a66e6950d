"""The worker process and what is asked of it: its start, its pipes, jobs, the queue. No bpy: it can be tested without Blender."""
