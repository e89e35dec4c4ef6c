"""Log training curves: in a CSV that survives a kill, and to whoever else tracks the stage."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pytorch_lightning as pl
import torch
from lightning_utilities.core.rank_zero import rank_zero_only
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from distill.base.disk import replacing

COLUMNS = ("step", "name", "value", "examples")


class CurveRow(TypedDict):
    """A value of a curve.

    Attributes:
        step: the optimiser step.
        name: of the metric.
        value: the number.
        examples: that were seen by then, over all processes; absent in curves of earlier versions.
    """

    step: int
    name: str
    value: float
    examples: NotRequired[int]


class ExamplesSeen(Callback):
    """A callback that counts the examples that a training has seen, over all processes, epochs and interruptions."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.count = 0
        self._before, self._of_this_rank, self._ranks = 0, 0, 1

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Mapping[str, Any],
        batch_idx: int,
    ) -> None:
        """Count a micro-batch; ranks add up what they saw where a logger is about to be asked."""
        self._of_this_rank += len(batch["input_ids"])
        self._ranks = trainer.world_size
        if self._ranks == 1:
            self.count = self._before + self._of_this_rank
        elif trainer.is_last_batch or trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            number = torch.tensor(self._of_this_rank, device=trainer.strategy.root_device)
            self.count = self._before + int(trainer.strategy.reduce(number, reduce_op="sum"))

    def state_dict(self) -> dict[str, int]:
        """Return how many examples have been seen; the shares of several ranks count as equal."""
        return {"count": self._before + self._of_this_rank * self._ranks}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on counting where ``state_dict`` was called."""
        self.count = self._before = state_dict["count"]
        self._of_this_rank = 0


class CurvesLogger(Logger):
    """A logger that appends each value to ``metrics.csv`` as a row of ``COLUMNS``, flushed at once."""

    def __init__(self, folder: Path, resumed_at: int | None = None, seen: ExamplesSeen | None = None) -> None:
        """Continue the file of an interrupted stage, without what it wrote after ``resumed_at``."""
        super().__init__()
        self.path, self._seen = folder / "metrics.csv", seen or ExamplesSeen()
        self.kept: Sequence[CurveRow] = ()
        """The rows of the interrupted try that hold."""
        if rank_zero():
            self.kept = (
                [] if resumed_at is None else [row for row in read_curves(self.path) if row["step"] < resumed_at]
            )
            with replacing(self.path) as hidden, hidden.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(self.kept)

    @property
    def name(self) -> str:
        """Return the name that Lightning asks for."""
        return "curves"

    @property
    def version(self) -> str:
        """Return the version that Lightning asks for, which is empty."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, *_: object, **__: object) -> None:
        """Do nothing: the manifest of the stage has the settings."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append the values of a step."""
        examples = self._seen.count
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                (step, name, value, examples) for name, value in metrics.items() if name != "epoch"
            )


class HandedOn(Logger):
    """A logger that hands the values of each step on, with the examples seen by then."""

    def __init__(
        self,
        hand_on: Callable[[Mapping[str, float], int, int], None],
        seen: ExamplesSeen,
        earlier: Sequence[CurveRow] = (),
    ) -> None:
        """Hand on what an interrupted try has logged, too.

        Args:
            hand_on: takes values by name, their step, and the examples seen.
            seen: counts these.
            earlier: rows of the interrupted try.
        """
        super().__init__()
        self._hand_on, self._seen = hand_on, seen
        steps: dict[tuple[int, int], dict[str, float]] = {}
        for row in earlier:
            steps.setdefault((row["step"], row.get("examples", 0)), {})[row["name"]] = row["value"]
        for (step, examples), values in steps.items():
            hand_on(values, step, examples)

    @property
    def name(self) -> str:
        """Return the name that Lightning asks for."""
        return "trackers"

    @property
    def version(self) -> str:
        """Return the version that Lightning asks for, which is empty."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, *_: object, **__: object) -> None:
        """Do nothing: trackers know the settings from the begin."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Hand on the values of a step."""
        values = {name: value for name, value in metrics.items() if name != "epoch"}
        if values:
            self._hand_on(values, step or 0, self._seen.count)


def rank_zero() -> bool:
    """Return whether this process is the first rank, which alone writes."""
    return int(getattr(rank_zero_only, "rank", 0)) == 0


def read_curves(path: Path) -> list[CurveRow]:
    """Return the rows of a ``metrics.csv`` that can be read, each a step, a name and a value; none without a file."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]  # a kill may leave half a row, or a power failure anything
    rows = (_row(row) for row in csv.DictReader(whole.replace("\0", "").splitlines()))
    return [row for row in rows if row is not None]


def _row(row: Mapping[str, str]) -> CurveRow | None:
    try:
        read: CurveRow = {"step": int(row["step"]), "name": str(row["name"]), "value": float(row["value"])}
        if row.get("examples"):
            read["examples"] = int(row["examples"])
    except (KeyError, TypeError, ValueError):
        return None
    return read
