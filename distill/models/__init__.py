"""Teachers and students: loaded safely, built from each other, asked in one way."""
