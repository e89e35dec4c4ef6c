"""Lead from settings to a finished run: the plan, the checks before it, and the walk through the stages."""
