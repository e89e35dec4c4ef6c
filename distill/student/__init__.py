"""Students before they learn: built from layers, cut narrower, small networks, and which layers match."""
