"""Which texts to have labelled next, by what a model knows of them."""
