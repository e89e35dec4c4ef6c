"""What a user can cause: one message, no traceback, exit code 2."""


class DistillError(Exception):
    """Base of every error whose message alone tells the user what to do."""


class ConfigError(DistillError):
    """The settings do not make sense."""


class DataError(DistillError):
    """The data cannot be used as it is."""


class ModelError(DistillError):
    """A model folder or checkpoint cannot be used as it is."""


class TrainingError(DistillError):
    """A training came to numbers that are not finite, or has taken in such numbers."""


class StoreError(DistillError):
    """The store on disk is full, damaged, or lacks a stage that was left out of the run."""
