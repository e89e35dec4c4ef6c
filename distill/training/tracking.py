"""Curves: a CSV that survives a kill, and Weights & Biases where it can be had without a question."""

import csv
import logging
import netrc
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lightning_utilities.core.rank_zero import rank_zero_only
from pytorch_lightning.loggers import Logger, WandbLogger

from distill.base.disk import replacing
from distill.base.network import host_answers

log = logging.getLogger(__name__)

COLUMNS = ("step", "name", "value")


class CurvesLogger(Logger):
    """Appends each value to ``metrics.csv`` as a row (step, name, value), flushed at once."""

    def __init__(self, folder: Path, resumed_at: int | None = None) -> None:
        """Go on with the file of an interrupted stage, without what it wrote after ``resumed_at``."""
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
        """For Lightning."""
        return "curves"

    @property
    def version(self) -> str:
        """For Lightning."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Nothing: the manifest has them."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append the values of a step."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows((step, name, value) for name, value in metrics.items() if name != "epoch")


def rank_zero() -> bool:
    """Whether this process writes."""
    return int(getattr(rank_zero_only, "rank", 0)) == 0


def read_curves(path: Path) -> list[dict[str, Any]]:
    """The rows of a ``metrics.csv`` that can be read: ``step`` an integer, ``value`` a float; none without a file."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]  # a kill may leave half a row, or a power failure anything
    found = (_row(row) for row in csv.DictReader(whole.replace("\0", "").splitlines()))
    return [row for row in found if row is not None]


def _row(row: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        return {"step": int(row["step"]), "name": str(row["name"]), "value": float(row["value"])}
    except (KeyError, TypeError, ValueError):
        return None


def wandb_mode(wanted: str) -> str:
    """online, offline or disabled: what ``auto`` means here, without a prompt and without a long wait."""
    mode = os.environ.get("WANDB_MODE", "auto") if wanted == "auto" else wanted
    if mode in ("offline", "disabled"):
        return mode
    url = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai"))
    host = url.hostname or ""
    if _logged_in(host) and host_answers(host, url.port or 443):
        return "online"
    if mode == "online":  # asked for in vain, W&B would prompt for a key, or wait for the network
        log.warning("W&B: not logged in, or %s does not answer: the run is tracked offline", host)
    return "offline"


def wandb_logger(
    mode: str, folder: Path, *, project: str, entity: str | None, group: str, stage: str, settings: Mapping[str, Any]
) -> WandbLogger:
    """One W&B run of a stage, in the run's group, under ``folder``; offline where online fails to begin."""
    import wandb

    def begin(mode: Any) -> Any:  # noqa: ANN401
        return wandb.init(
            mode=mode, dir=folder, project=project, entity=entity, group=group, job_type=stage, name=f"{group}-{stage}",
            config=dict(settings), settings=wandb.Settings(silent=True, init_timeout=20),
        )  # fmt: skip

    try:
        return WandbLogger(experiment=begin(mode))
    except wandb.Error as error:
        if mode == "offline":
            raise
        log.warning("W&B cannot be reached (%s): %s is tracked offline", str(error).splitlines()[0], stage)
        return WandbLogger(experiment=begin("offline"))


@contextmanager
def closing(loggers: Iterable[Logger]) -> Iterator[None]:
    """Close what the loggers opened, however it ends, so that the next stage begins a W&B run of its own."""
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
