"""How fast the stages are, against the machine's floor and against a naive twin, all in one run."""
