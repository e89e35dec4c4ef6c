"""Search: settings that are tried one after another by Optuna, each a student that is scored on validation."""
