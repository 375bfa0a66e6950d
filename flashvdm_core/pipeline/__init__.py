"""From a task to its events: the one place that knows the stages and their order."""
