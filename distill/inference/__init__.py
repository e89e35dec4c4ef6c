"""Ask a finished model: for rows, for texts to write, for a whole split, or on a user's files."""
