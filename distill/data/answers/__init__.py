"""A labeller's answers in a file: how they are read, what they say of each label, and which rows they belong to."""
