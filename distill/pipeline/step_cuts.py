"""Say of a stage that begins anew where the store has one that differs only in how its steps are cut into batches.

A step of two processes is that of one which accumulates two batches of the same size, so that either goes on with what
the other has begun. Batches of another size draw other dropout, and are other stages.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from distill.base.disk import replacing
from distill.base.files import RESUME
from distill.base.manifest import MANIFEST
from distill.pipeline.plan import Planned
from distill.pipeline.store import Store

_BEGUN = "begun.json"
"""In the folder of a stage that is made: the settings by which it was begun."""
_CUT = ("batch_size", "world", "accumulate_grad_batches")
"""The settings that cut a step, the same product of which is the same step."""


def note_begun(planned: Planned, partial: Path) -> None:
    """Write down by which settings a stage was begun; where it cannot be, only a hint is lost."""
    with suppress(OSError):
        (partial / RESUME).mkdir(exist_ok=True)
        with replacing(partial / RESUME / _BEGUN) as hidden:
            hidden.write_text(json.dumps({"settings": planned.settings}), encoding="utf-8")


def is_begun(partial: Path) -> bool:
    """Return whether anything was made of a stage yet."""
    return any(path.is_file() and path.name != _BEGUN for path in partial.rglob("*"))


def cut_otherwise(planned: Planned, store: Store) -> str | None:
    """Return a sentence on a stage in the store with the same steps as one that begins anew; none where there is none.

    Args:
        planned: the stage that begins.
        store: where it is not.
    """
    wanted: dict[str, Any] = json.loads(json.dumps(planned.settings))
    if not wanted.keys() >= set(_CUT):
        return None
    finished, partial = store.root.glob(f"{planned.stage}-*"), store.root.glob(f".{planned.stage}-*.partial")
    files = [*(folder / MANIFEST for folder in finished), *(folder / RESUME / _BEGUN for folder in partial)]
    for file in sorted(files):
        settings = _settings(file)
        if settings is not None and _same_steps(settings, wanted):
            return _sentence(settings, file)
    return None


def _sentence(settings: Mapping[str, Any], file: Path) -> str:
    parts, finished = settings["world"] * settings["accumulate_grad_batches"], file.name == MANIFEST
    folder = file.parent if finished else file.parent.parent
    of_each = f", of which {settings['accumulate_grad_batches']} accumulated"
    return (
        f"{folder} has the same steps, cut into {parts} batches of {settings['batch_size']}"
        f"{of_each if settings['accumulate_grad_batches'] > 1 else ''}: to {'take' if finished else 'go on with'} it, "
        f"give data.batch_size={settings['batch_size']}, and trainer.devices x trainer.num_nodes x "
        f"trainer.accumulate_grad_batches={parts}"
    )


def _settings(file: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    settings = content.get("settings") if isinstance(content, dict) else None
    return settings if isinstance(settings, dict) and settings.keys() >= set(_CUT) else None


def _same_steps(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether two stages have the same settings, and steps that are as large, but cut otherwise."""
    rest = [{name: value for name, value in each.items() if name not in _CUT} for each in (found, wanted)]
    cuts = [[each[name] for name in _CUT] for each in (found, wanted)]
    if rest[0] != rest[1] or cuts[0] == cuts[1] or not all(type(number) is int for cut in cuts for number in cut):
        return False
    return bool(cuts[0][0] * cuts[0][1] * cuts[0][2] == cuts[1][0] * cuts[1][1] * cuts[1][2])
