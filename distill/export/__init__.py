"""The student as files that others can load."""
