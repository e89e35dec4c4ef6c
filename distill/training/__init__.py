"""LightningModules, and what Lightning is given besides them."""
