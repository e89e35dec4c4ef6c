"""What the report of a finished run lacks, and how its folder is written again."""

from collections.abc import Mapping
from pathlib import Path

from distill.base.setting_rules import listed


def written_again(folder: Path) -> str:
    """Say how the files of a finished run are made again, as the end of a sentence.

    >>> written_again(Path("outputs/one"))
    'start its command again with hydra.run.dir=outputs/one, which takes finished stages from the store'
    """
    return f"start its command again with hydra.run.dir={folder}, which takes finished stages from the store"


def no_report(content: object, needed: Mapping[str, type], folder: Path) -> str | None:
    """Say why the content of a report.json is no report of a run, and what to do; none where it is one.

    Args:
        content: what the file holds.
        needed: each name that is needed, and the type of its value.
        folder: of the run.

    >>> no_report({"name": "one", "stages": [1]}, {"name": str, "models": dict, "stages": list}, Path("a"))
    'is no report of a run: models and stages are missing or cut short; start its command again with hydra.run.dir=a, \
which takes finished stages from the store'
    """
    values = content if isinstance(content, dict) else {}
    wrong = [name for name, kind in needed.items() if not _is_whole(values.get(name), kind)]
    if not wrong:
        return None
    verb = "are" if len(wrong) > 1 else "is"
    return f"is no report of a run: {listed(wrong)} {verb} missing or cut short; {written_again(folder)}"


def _is_whole(value: object, kind: type) -> bool:
    """Tell whether a value is of its type, and one that is a list holds objects."""
    of_objects = not isinstance(value, list) or all(isinstance(each, dict) for each in value)
    return type(value) is kind and of_objects
