"""The names of the ways to choose texts, for settings, which are checked before anything heavy is imported."""

METHODS = ("badge", "coreset", "margin", "entropy", "random")
WITHOUT_PROBABILITIES = ("coreset", "random")
"""Those that need no probabilities of labels, which a score does not have."""
