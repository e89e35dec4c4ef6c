"""What a run is told: schema, cards, and the checks before anything heavy is imported."""
