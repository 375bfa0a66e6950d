"""What the published code does and the product does not: references for parity tests, experiments and the bench's baseline."""
