"""Gather what the stages left in the store into the folder of a run."""

import csv
from pathlib import Path

from distill.base.disk import copy_folder, replacing
from distill.report import Curves


def gather(folder: Path, export: Path | None, curves: Curves) -> None:
    """Write ``metrics.csv``, the curves of all stages, and ``export``, a copy of what was exported."""
    with replacing(folder / "metrics.csv") as hidden, hidden.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("stage", "step", "name", "value", "examples"))
        writer.writeheader()
        writer.writerows({"stage": stage, **row} for stage, rows in curves.items() for row in rows)
    if export is not None:
        copy_folder(export, folder / "export" / export.name)
