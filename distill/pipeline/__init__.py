"""From settings to a finished run: the plan, what is looked at before it, and the walk through the stages."""
