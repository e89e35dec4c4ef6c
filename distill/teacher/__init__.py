"""Ask teachers live or once for all, combine several into one, and plan what is stored of their outputs."""
