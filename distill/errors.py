"""What a user can cause: one message, no traceback, exit code 2."""


class DistillError(Exception):
    """Base of every error whose message alone tells the user what to do."""


class ConfigError(DistillError):
    """The settings do not make sense."""


class DataError(DistillError):
    """The data cannot be used as it is."""


class RowError(DataError):
    """One row of the data cannot be used.

    Attributes:
        reason: why, as the end of a sentence about the row, such as ``has no text``.
    """

    def __init__(self, where: str, reason: str, advice: str = "") -> None:
        """Say which row it is, why it cannot be used, and what to do about it."""
        super().__init__(f"{where}{'' if reason.startswith(':') else ' '}{reason}{advice}")
        self.reason = reason


class ColumnError(RowError):
    """A row lacks a column; where all rows do, its name is another one."""


class ModelError(DistillError):
    """A model folder or checkpoint cannot be used as it is."""


class TrainingError(DistillError):
    """A training came to numbers that are not finite, or has taken in such numbers."""


class StoreError(DistillError):
    """The store on disk is full, damaged, or lacks a stage that was left out of the run."""


class DamagedStageError(StoreError):
    """A finished stage on disk is not what was written there.

    Attributes:
        what: what is damaged, without a way out.
    """

    def __init__(self, what: str, folder: object) -> None:
        """Say what is damaged, and that the stage is made again once its folder is removed."""
        super().__init__(f"{what}; remove the folder {folder} and run again")
        self.what = what


class RankError(DistillError):
    """A process of several has died, or another number of them was started than the settings ask for."""


class RunFolderError(DistillError):
    """The run's own folder is full, gone, or cannot be written."""
