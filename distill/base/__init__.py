"""Provide files, signals, words and the rules of settings to every room; nothing here knows of models."""
