"""Which columns the user named, on the command line or in cards of their own: these are never guessed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

_KEY = ("data", "columns")


def named_roles(overrides: Sequence[str], folders: Sequence[str], choices: Mapping[str, object]) -> list[str]:
    """Return the roles of the task whose column the user named.

    Args:
        overrides: of the command line.
        folders: of the user's own cards.
        choices: group of cards to the card that was chosen.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    roles = [role for override in parsed for role in _roles(_nested(override.key_or_group, override.value()))]
    for folder in map(Path, folders):
        for group, card in choices.items():
            if isinstance(card, str):
                roles += _in_card(folder, folder / group / f"{card}.yaml", set())
    return list(dict.fromkeys(roles))


def _nested(key: str, value: object) -> object:
    """Return what an override sets, as a card would: ``data.columns.text=x`` is ``{data: {columns: {text: x}}}``."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def _roles(settings: object) -> list[str]:
    """Return the roles whose column some settings name."""
    for part in _KEY:
        settings = settings.get(part) if isinstance(settings, dict) else None
    return [str(role) for role in settings] if isinstance(settings, dict) else []


def _in_card(folder: Path, card: Path, seen: set[Path]) -> Iterator[str]:
    """Yield the roles that a card of the user's names, itself or by the user's cards that it builds on."""
    if card in seen or not card.is_file():
        return
    seen.add(card)
    loaded = OmegaConf.load(card)
    settings = OmegaConf.to_container(loaded) if isinstance(loaded, DictConfig) else {}
    yield from _roles(settings)
    for base in settings.get("defaults") or [] if isinstance(settings, dict) else []:
        groups = base.items() if isinstance(base, dict) else [("", base)]
        for group, name in groups:
            parts = (str(group).removeprefix("override "), str(name))
            path = "/".join(part.split("@")[0].strip("/") for part in parts if part)
            for place in (card.parent / path, folder / path):
                yield from _in_card(folder, place.with_name(f"{place.name}.yaml"), seen)
