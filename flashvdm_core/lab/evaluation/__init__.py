"""How good a shape is, measured against another. Nothing below imports this package."""
