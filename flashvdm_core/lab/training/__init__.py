"""Training of the models: data, and one module for each stage. Nothing below imports this package."""
