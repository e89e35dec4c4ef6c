"""A run that goes on with new data: its old rows and models, the new rows, and the verdict on the new student."""
