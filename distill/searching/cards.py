"""The best trials of a search as cards of experiments, which a run takes with ``--config-dir``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from distill.base.disk import replacing
from distill.config.search_space import Value
from distill.errors import ConfigError

GROUP = "experiment"
_MADE = "Made by distill.search"


def refuse_to_replace(output: Path, search: str) -> None:
    """Refuse a folder in which somebody's own card has a name of those that will be written.

    Raises:
        ConfigError: there is one.
    """
    for path in sorted((output / GROUP).glob(f"{search}_*.yaml")):
        if path.stem.removeprefix(f"{search}_").isdecimal() and _MADE not in path.read_text(encoding="utf-8"):
            raise ConfigError(
                f"{path}: is no card of a search and would be replaced; give another output= or search.name="
            )


def write(
    output: Path,
    search: str,
    base: str | None,
    chosen: Sequence[Mapping[str, Value]],
    looked: int,
    remarks: Sequence[str],
) -> list[str]:
    """Write a card for each of the chosen trials, the best first; return their names.

    Those of an earlier call that are no longer there go.

    Args:
        output: the folder that a run is given.
        search: the name of the search, with which the names of cards begin.
        base: the experiment whose settings the others are; none where the command line gives them.
        chosen: the values of each trial.
        looked: how many trials have looked at validation.
        remarks: a line on each trial.

    Raises:
        ConfigError: the folder cannot be written.
    """
    names = [f"{search}_{place}" for place in range(1, len(chosen) + 1)]
    folder = output / GROUP
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{search}_*.yaml"):
            if old.stem.removeprefix(f"{search}_").isdecimal() and old.stem not in names:
                old.unlink()
        for name, values, remark in zip(names, chosen, remarks, strict=True):
            with replacing(folder / f"{name}.yaml") as hidden:
                hidden.write_text(_text(name, base, values, looked, remark), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"output={output}: cannot be written ({error.strerror})") from error
    return names


def _text(name: str, base: str | None, values: Mapping[str, Value], looked: int, remark: str) -> str:
    settings: dict[str, object] = {"name": name}
    for key, value in {**values, "report.searched": looked}.items():
        *parents, leaf = key.split(".")
        section = settings
        for parent in parents:
            section = section.setdefault(parent, {})  # type: ignore[assignment]
        section[leaf] = value
    defaults = {} if base is None else {"defaults": [base, "_self_"]}
    body = yaml.safe_dump({**defaults, **settings}, sort_keys=False, allow_unicode=True)
    return f"# @package _global_\n# {_MADE}: {remark}\n{body}"
