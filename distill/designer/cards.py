"""Students as cards that a run takes with ``--config-dir``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from distill.base.disk import replacing
from distill.errors import ConfigError

_FOLDER = "student"


def refuse_to_replace(names: Sequence[str], output: Path, *, overwrite: bool) -> None:
    """Refuse a folder in which cards would be replaced, before anything is timed.

    Raises:
        ConfigError: there are some, and they may not.
    """
    there = [name for name in names if _path(output, name).exists()]
    if there and not overwrite:
        raise ConfigError(
            f"output={output}: there is a card {_FOLDER}/{there[0]}.yaml already; give another folder, or "
            "overwrite=true to replace it"
        )


def write(output: Path, cards: Mapping[str, tuple[Sequence[str], Mapping[str, object]]]) -> list[Path]:
    """Write cards, each whole or not at all.

    Args:
        output: the folder that a run is given.
        cards: name to remarks, a line each, and the settings, by their own keys.

    Raises:
        ConfigError: the folder cannot be written.
    """
    try:
        (output / _FOLDER).mkdir(parents=True, exist_ok=True)
        for name, (remarks, settings) in cards.items():
            body = yaml.safe_dump(dict(settings), sort_keys=False, default_flow_style=None)
            head = "".join(f"# {line}\n" for line in ("@package _global_", *remarks))
            with replacing(_path(output, name)) as hidden:
                hidden.write_text(head + body, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"output={output}: cannot be written ({error.strerror})") from error
    return [_path(output, name) for name in cards]


def _path(output: Path, name: str) -> Path:
    return output / _FOLDER / f"{name}.yaml"
