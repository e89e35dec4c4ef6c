"""Labels for texts from whoever can give them: an LLM behind an endpoint, a command, or a local language model."""
