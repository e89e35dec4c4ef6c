"""Track a job with TensorBoard: a folder of events for each job, below ``tensorboard`` of the run."""

import socket
import time
from collections.abc import Iterable, Mapping
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard import summary

from distill.tracking import Findings, JobDescription, Product, Table
from distill.tracking.settings import flat


class TensorBoardTracker:
    """Events of a job, which ``tensorboard --logdir RUN/tensorboard`` shows.

    They are written at once, and not by a thread as torch's ``SummaryWriter`` does: a kill loses none, and a full disk
    is an error where it can be told.
    """

    def __init__(self, described: JobDescription) -> None:
        """Begin a file of events; those that an interrupted try has left are replaced."""
        folder = described.folder / "tensorboard" / described.job.replace(":", ".")
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("events.out.tfevents.*"):
            old.unlink()
        self._settings = flat(described.settings)
        path = folder / f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}"
        self._file = path.open("wb", buffering=0)
        self._records = RecordWriter(self._file)
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))

    @property
    def link(self) -> Mapping[str, str | None] | None:
        """None: nobody else can find it."""
        return None

    def log(self, values: Mapping[str, float], step: int, examples: int) -> None:
        """Add values of curves."""
        self._add((summary.scalar(name, value) for name, value in {**values, "examples": examples}.items()), step)

    def used(self, product: Product) -> None:
        """Name what the job reads."""
        self._add([summary.text(f"used/{product.name}", product.kind)])

    def made(self, product: Product) -> None:
        """Name what the job has made."""
        self._add([summary.text(f"made/{product.name}", product.kind)])

    def found(self, findings: Findings) -> None:
        """Add the numbers, with the settings beside them as hyperparameters, and the rest as texts and pictures."""
        self._add(summary.hparams(self._settings, dict(findings.numbers)))
        self._add(summary.scalar(name, value) for name, value in findings.numbers.items())
        self._add(summary.text(name, sentence) for name, sentence in findings.sentences.items())
        self._add(summary.text(f"tables/{name}", _markdown(table)) for name, table in findings.tables.items())
        self._add(
            summary.image(f"pictures/{name}", pixels, dataformats="HWC") for name, pixels in findings.pictures.items()
        )

    def finish(self, failed: bool) -> None:
        """Close the file."""
        self._file.close()

    def _add(self, summaries: Iterable[Summary], step: int = 0) -> None:
        for each in summaries:
            self._write(Event(wall_time=time.time(), step=step, summary=each))

    def _write(self, event: Event) -> None:
        self._records.write(event.SerializeToString())


def _markdown(table: Table) -> str:
    rows = [table.columns, ["---"] * len(table.columns), *table.rows]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a table holds
    return str("" if value is None else value).replace("|", r"\|").replace("\n", " ")
