"""The way to ask a finished model: of rows, of texts to write, of a whole split, from a user's files."""
