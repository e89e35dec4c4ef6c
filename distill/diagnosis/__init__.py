"""Checks of a run before it is made: each a function in the table of ``checks.py``."""
