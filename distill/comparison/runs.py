"""Read finished runs from their folders: report, settings and curves."""

import csv
import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from distill.base.run_folders import no_report, written_again
from distill.errors import ConfigError
from distill.report import Report
from distill.report.assemble import SCHEMA

_REPORT = "report.json"
_NEEDED = {"schema": int, "name": str, "task": str, "data": dict, "models": dict, "stages": list}
"""What the report of any version has, and of which type."""


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: where it is.
        report: content of its report.json.
        settings: dotted key of each setting to its value; empty where the folder has no config.yaml.
        curves: rows of its metrics.csv: ``stage``, ``step``, ``name`` and ``value``.
        test_rows: stands for the rows that models were compared on, where the store still has them.
    """

    folder: Path
    report: Report
    settings: Mapping[str, Any] = field(default_factory=dict)
    curves: Sequence[Mapping[str, Any]] = ()
    test_rows: str | None = None

    @property
    def seed(self) -> object:
        """The run's seed; of several that of what they share."""
        return self.settings.get("seed", self.report.get("seed"))

    @property
    def seeds(self) -> list[object]:
        """The seeds of its students, in a list where it is one, too."""
        return list((self.report.get("seeds") or {}).get("seeds") or [self.seed])

    @property
    def student_seed(self) -> object:
        """The seed of the student that its report is about, and that it exports."""
        return (self.report.get("seeds") or {}).get("best", self.seed)


def find(places: Iterable[str]) -> list[Path]:
    """Return the folders of finished runs that are meant, each once, in the order of the command line.

    Args:
        places: folders of runs, folders that hold some, however deep, and glob patterns of either.

    Raises:
        ConfigError: a place is none, or holds no finished run.
    """
    found: dict[Path, Path] = {}
    for place in places:
        for folder in _expanded(place):
            inside = list(_below(folder))
            if not inside:
                raise ConfigError(f"{folder} is no folder of a finished run, and holds none: no {_REPORT} is there")
            found |= {path.resolve(): path for path in inside if path.resolve() not in found}
    return list(found.values())


def read(folder: Path) -> Run:
    """Return a finished run.

    Raises:
        ConfigError: the folder has no report of a schema that this version knows.
    """
    report = _report(folder / _REPORT)
    return Run(
        folder, report, _settings(folder / "config.yaml"), _curves(folder / "metrics.csv"), _rows(folder, report)
    )


def stage_folder(run: Path, report: Report, stage: str) -> Path | None:
    """Return where a stage of a run is in the store, seen from here or from a folder above the run's; or none."""
    recorded = next((each.get("folder") for each in report["stages"] if each.get("name") == stage), None)
    if recorded is None:
        return None
    places = [Path(recorded), *(above / recorded for above in (run.resolve(), *run.resolve().parents))]
    return next((place for place in places if (place / "manifest.json").is_file()), None)


def _expanded(place: str) -> list[Path]:
    path = os.path.expanduser(place)
    if not glob.has_magic(path) or os.path.exists(path):
        if not os.path.isdir(path):
            raise ConfigError(f"{place}: there is no such folder")
        return [Path(path)]
    matched = [Path(each) for each in sorted(glob.glob(path, recursive=True)) if os.path.isdir(each)]
    if not matched:
        raise ConfigError(f"{place} matches no folder")
    return matched


def _below(folder: Path) -> Iterator[Path]:
    """Yield a folder if it is one of a run, else those of runs below it."""
    for path, folders, files in os.walk(folder):
        if _REPORT in files:
            folders.clear()
            yield Path(path)
        folders.sort(key=_in_order)


def _in_order(name: str) -> tuple[int, str]:
    """Sort the jobs of a sweep by their numbers, of which there may be more than ten."""
    number = name.partition("_")[0]
    return (int(number) if number.isdecimal() else -1), name


def _report(path: Path) -> Report:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); {written_again(path.parent)}") from error
    except (ValueError, RecursionError) as error:
        what = "is empty" if not path.stat().st_size else f"is cut short, or was changed by hand ({error})"
        raise ConfigError(f"{path} {what}; {written_again(path.parent)}") from error
    if (why := no_report(report, _NEEDED, path.parent)) is not None:
        raise ConfigError(f"{path} {why}")
    if not 1 <= (schema := report["schema"]) <= SCHEMA:
        raise ConfigError(f"{path} has the schema {schema}, and this version of distill knows {SCHEMA} at most")
    return dict(report)


def _settings(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); {written_again(path.parent)}") from error
    return dict(_flat(content)) if isinstance(content, dict) else {}


def _flat(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _curves(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                {"stage": row["stage"], "step": int(row["step"]), "name": row["name"], "value": float(row["value"])}
                for row in csv.DictReader(file)
            ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); {written_again(path.parent)}") from error


def _rows(folder: Path, report: Report) -> str | None:
    """Return what stands for the rows that were scored: the evaluation's fingerprint of its last split."""
    if (stage := stage_folder(folder, report, "evaluate")) is None:
        return None
    try:
        examples = json.loads((stage / "manifest.json").read_text(encoding="utf-8"))["settings"]["examples"]
        return str(examples.get("test") or examples["validation"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # the fingerprint of all data stands in for it
