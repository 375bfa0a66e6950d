"""The machine: devices, threads, and its memory."""
