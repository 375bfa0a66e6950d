"""Meshes as plain arrays: edges, polygons, clean-up, cameras, rasters, and the files they come in. NumPy alone; one of each."""
