"""Tasks and events between two processes: JSON lines, with `.npy` files beside them."""
