"""Training, evaluation and benchmarks: what makes and measures models. It stands on the core, and no installation has it."""
