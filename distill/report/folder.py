"""The run's folder: what the stages left in the store, gathered for a reader."""

import csv
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def gather(folder: Path, export: Path | None, curves: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Write ``metrics.csv``, the curves of all stages, and ``export``, a copy of what was exported."""
    with (folder / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("stage", "step", "name", "value"))
        writer.writeheader()
        writer.writerows({"stage": stage, **row} for stage, rows in curves.items() for row in rows)
    if export is not None:
        shutil.copytree(export, folder / "export" / export.name, dirs_exist_ok=True)
