"""Teachers: asked live or once for all, several as one, and what is stored of their outputs."""
