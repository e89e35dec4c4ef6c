"""Track training curves: in a CSV that survives a kill, and with Weights & Biases where that needs no question."""

import csv
import logging
import netrc
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypedDict, cast
from urllib.parse import urlsplit

from lightning_utilities.core.rank_zero import rank_zero_only
from pytorch_lightning.loggers import Logger, WandbLogger

from distill.base.disk import replacing
from distill.base.network import is_reachable

log = logging.getLogger(__name__)

COLUMNS = ("step", "name", "value")


class CurveRow(TypedDict):
    """A value of a curve: its optimiser step, the name of the metric, and the number."""

    step: int
    name: str
    value: float


class CurvesLogger(Logger):
    """A logger that appends each value to ``metrics.csv`` as a row (step, name, value), flushed at once."""

    def __init__(self, folder: Path, resumed_at: int | None = None) -> None:
        """Continue the file of an interrupted stage, without what it wrote after ``resumed_at``."""
        super().__init__()
        self.path = folder / "metrics.csv"
        if rank_zero():
            kept = [] if resumed_at is None else [row for row in read_curves(self.path) if row["step"] < resumed_at]
            with replacing(self.path) as hidden, hidden.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(kept)

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
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows((step, name, value) for name, value in metrics.items() if name != "epoch")


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
        return {"step": int(row["step"]), "name": str(row["name"]), "value": float(row["value"])}
    except (KeyError, TypeError, ValueError):
        return None


def wandb_mode(setting: str) -> str:
    """Return online, offline or disabled: what ``auto`` means here, without a prompt and without a long wait."""
    mode = os.environ.get("WANDB_MODE", "auto") if setting == "auto" else setting
    if mode in ("offline", "disabled"):
        return mode
    url = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai"))
    host = url.hostname or ""
    if _logged_in(host) and is_reachable(host, url.port or 443):
        return "online"
    if mode == "online":  # asked for in vain, W&B would prompt for a key, or wait for the network
        log.warning("W&B: not logged in, or %s does not answer: the run is tracked offline", host)
    return "offline"


def wandb_logger(
    mode: str, folder: Path, *, project: str, entity: str | None, group: str, stage: str, settings: Mapping[str, object]
) -> WandbLogger:
    """Return the logger of one W&B run of a stage, in the run's group; offline where online fails to begin."""
    import wandb

    def begin(mode: str) -> wandb.Run:
        return wandb.init(
            mode=cast(Literal["online", "offline", "disabled"], mode),
            dir=folder,
            project=project,
            entity=entity,
            group=group,
            job_type=stage,
            name=f"{group}-{stage}",
            config=dict(settings),
            settings=wandb.Settings(silent=True, init_timeout=20),
        )

    try:
        return WandbLogger(experiment=begin(mode))
    except wandb.Error as error:
        if mode == "offline":
            raise
        log.warning("W&B cannot be reached (%s): %s is tracked offline", str(error).splitlines()[0], stage)
        return WandbLogger(experiment=begin("offline"))


@contextmanager
def closing(loggers: Iterable[Logger]) -> Iterator[None]:
    """Close what the loggers opened, however the block ends, so that the next stage begins a W&B run of its own."""
    code = 1
    try:
        yield
        code = 0
    finally:
        for logger in loggers:
            logger.finalize("failed" if code else "success")
            if isinstance(logger, WandbLogger):
                logger.experiment.finish(exit_code=code)


def _logged_in(host: str) -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
