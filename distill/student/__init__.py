"""Build students before they learn: from layers, cut narrower, or small networks; and match their layers."""
