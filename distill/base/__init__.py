"""What everything stands on: files, signals, words and settings' rules; it knows nothing of models."""
