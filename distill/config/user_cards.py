"""Cards of the user's own, looked at before Hydra reads them: what it would end on with a traceback, or never end."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

import yaml

from distill.errors import ConfigError

_FLAGS = ("--config-dir", "-cd")
_GROUPS = ("teacher", "student", "labeller", "experiment")
_MOST_BYTES = 1 << 20
_MOST_NODES = 100_000
"""Values that a card may stand for once its aliases are written out."""
GLOBAL = "# @package _global_"
"""How a card begins that sets more than its own group, in the words of Hydra."""


def inspect_cards(arguments: Sequence[str]) -> None:
    """Return silently, or name the first card in the folders of a command line that cannot be one.

    Args:
        arguments: of the command line, of which ``--config-dir FOLDER`` is read.

    Raises:
        ConfigError: a card is no UTF-8, no YAML, no mapping, too large, or grows beyond all bounds by its aliases.
    """
    for folder in _folders(arguments):
        for group in _GROUPS:
            for card in sorted((folder / group).glob("*.yaml")):
                if card.is_file():
                    _inspect_card(card, group)


def _folders(arguments: Sequence[str]) -> Iterator[Path]:
    """Yield the folders of cards that a command line gives."""
    for number, argument in enumerate(arguments):
        flag, sign, value = argument.partition("=")
        if flag not in _FLAGS:
            continue
        if sign:
            yield Path(value)
        elif number + 1 < len(arguments):
            yield Path(arguments[number + 1])


def _inspect_card(card: Path, group: str) -> None:
    """Return silently, or say why a file cannot be a card of a group."""
    text = _text(card)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        count = 0 if node is None else _nodes(node, {})
    except RecursionError as error:
        raise ConfigError(f"{card}: its values are nested too deep, or hold themselves by an alias") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{card} is no YAML: {' '.join(str(error).split())}") from error
    if count > _MOST_NODES:
        raise ConfigError(f"{card}: its aliases stand for more than {_MOST_NODES:,} values, and no card has as many")
    if node is not None and not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{card}: a card is a mapping of settings, such as seed: 1")
    if group == "experiment" and GLOBAL not in _heading(text):
        raise ConfigError(f"{card}: the card of an experiment begins with the line {GLOBAL}")


def _heading(text: str) -> list[str]:
    """Return the comments with which a card begins, of which Hydra reads one."""
    return [line.rstrip() for line in takewhile(lambda line: line.startswith("#"), text.splitlines())]


def _text(card: Path) -> str:
    """Read a card whose size and encoding are as they must be."""
    try:
        content = card.read_bytes()
        if len(content) > _MOST_BYTES:
            raise ConfigError(f"{card}: has {len(content):,} bytes; a card has at most {_MOST_BYTES:,}")
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise ConfigError(
            f"{card} is no UTF-8: byte 0x{byte:02x} at position {error.start}; save it as UTF-8"
        ) from error
    except OSError as error:
        raise ConfigError(f"{card} cannot be read: {error.strerror}") from error


def _nodes(node: yaml.Node, counts: dict[int, int]) -> int:
    """Count a node and the values below it, with aliases written out; ``counts`` remembers nodes that are shared."""
    if id(node) not in counts:
        inside: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            inside = [each for pair in node.value for each in pair]
        elif isinstance(node, yaml.SequenceNode):
            inside = node.value
        counts[id(node)] = 1 + sum(_nodes(each, counts) for each in inside)
    return counts[id(node)]
