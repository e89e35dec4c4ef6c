"""Track a job with TensorBoard: a folder of events for each job, below ``tensorboard`` of the run."""

from collections.abc import Mapping
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from distill.tracking import Findings, JobDescription, Product, Table
from distill.tracking.settings import flat


class TensorBoardTracker:
    """Events of a job, which ``tensorboard --logdir RUN/tensorboard`` shows."""

    def __init__(self, described: JobDescription) -> None:
        """Begin a folder of events; what an interrupted try has left there is replaced."""
        folder = described.folder / "tensorboard" / described.job.replace(":", ".")
        for old in folder.glob("events.out.tfevents.*"):
            old.unlink()
        self._settings = flat(described.settings)
        self._writer = SummaryWriter(str(folder))

    @property
    def link(self) -> Mapping[str, str | None] | None:
        """None: nobody else can find it."""
        return None

    def log(self, values: Mapping[str, float], step: int, examples: int) -> None:
        """Add values of curves."""
        for name, value in {**values, "examples": examples}.items():
            self._writer.add_scalar(name, value, step)

    def used(self, product: Product) -> None:
        """Name what the job reads."""
        self._writer.add_text("used", f"{product.kind}: `{product.name}`")

    def made(self, product: Product) -> None:
        """Name what the job has made."""
        self._writer.add_text("made", f"{product.kind}: `{product.name}`")

    def found(self, findings: Findings) -> None:
        """Add the numbers, with the settings beside them as hyperparameters, and the rest as texts and pictures."""
        self._writer.add_hparams(self._settings, dict(findings.numbers), run_name=".", global_step=0)
        for name, sentence in findings.sentences.items():
            self._writer.add_text(name, sentence)
        for name, table in findings.tables.items():
            self._writer.add_text(f"tables/{name}", _markdown(table))
        for name, pixels in findings.pictures.items():
            self._writer.add_image(f"pictures/{name}", pixels, dataformats="HWC")

    def finish(self, failed: bool) -> None:
        """Write what is left."""
        self._writer.close()


def _markdown(table: Table) -> str:
    rows = [table.columns, ["---"] * len(table.columns), *table.rows]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a table holds
    return str("" if value is None else value).replace("|", r"\|").replace("\n", " ")
