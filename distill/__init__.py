"""Knowledge distillation for NLP: from text to a compact student on disk."""
