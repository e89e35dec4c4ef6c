"""Cards of the user's own, looked at before Hydra reads them: what it would end on with a traceback, or never end."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

import yaml

from distill.base.terminal_text import name
from distill.config.schema import Config
from distill.config.truth_values import allowed_truth
from distill.errors import ConfigError

_FLAGS = ("--config-dir", "-cd")
GROUPS = ("teacher", "student", "labeller", "experiment", "search")
_MOST_BYTES = 1 << 20
_MOST_NODES = 100_000
"""Values that a card may stand for once its aliases are written out."""
_PLAIN_TAG = "tag:yaml.org,2002:"
_RESOLVER = re.compile(r"\$\{\s*([A-Za-z_][\w.]*)\s*:")
_MADE_RESOLVER = re.compile(r"\$\{[\s\w.]*\$\{[^{}]*\}[\s\w.]*:")
"""A resolver whose name is itself made of settings."""
_RESOLVERS = ("file_name", "hydra", "now", "oc.select", "run_name", "swept")
"""Functions in the values of a card that read settings, and neither the environment nor files."""
_CODE_KEYS = ("_target_", "()")
"""Keys whose value Hydra, or the logging that it sets up, calls."""
_OF_HYDRA = ("job", "mode", "run", "sweep", "sweeper", "verbose")
"""Sections of Hydra's own settings that name no code."""
GLOBAL = "# @package _global_"
"""How a card begins that sets more than its own group, in the words of Hydra."""


def inspect_cards(arguments: Sequence[str], schema: type[Config] = Config) -> None:
    """Return silently, or name the first card in the folders of a command line that cannot be one.

    Args:
        arguments: of the command line, of which ``--config-dir FOLDER`` is read.
        schema: the settings that the command has.

    Raises:
        ConfigError: a card is no UTF-8, no YAML, no mapping, too large, grows beyond all bounds by its aliases, or
            names code to be run, something to be read that is no setting, or a number where true or false belongs.
    """
    for folder in _folders(arguments):
        for group in GROUPS:
            for card in sorted((folder / group).glob("*.yaml")):
                if card.is_file():
                    _inspect_card(card, group, schema)
        for card in sorted(folder.rglob("*.yaml")):  # a card may take in any of them
            if card.is_file():
                _refuse_code(card)


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


def _inspect_card(card: Path, group: str, schema: type[Config]) -> None:
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
    path = _package(text) or (() if GLOBAL in _heading(text) else (group,))
    if node is not None and (fault := next(_no_truth_values(node, path, schema), None)) is not None:
        raise ConfigError(f"{card}: {fault}")


def _no_truth_values(node: yaml.Node, path: tuple[str, ...], schema: type[Config]) -> Iterator[str]:
    """Yield each number of a card that stands where true or false belongs."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _no_truth_values(value, (*path, str(key.value)), schema)
    elif isinstance(node, yaml.ScalarNode) and (words := allowed_truth(schema, ".".join(path), node.value)):
        yield f"line {node.start_mark.line + 1}: {'.'.join(path)}={node.value}: allowed is {words}"


def _refuse_code(card: Path) -> None:
    """Return silently, or name what of a file would have Hydra run code, or read what is no setting.

    A file that cannot be read as YAML is none that Hydra takes anything from.
    """
    try:
        text = _text(card)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        path = _package(text)
        found = None if node is None else next(_code(node, set(), path), None)
    except (ConfigError, yaml.YAMLError, RecursionError):
        return
    if found is not None:
        what, line = found
        raise ConfigError(f"line {line} of {card}: {what}")


def _package(text: str) -> tuple[str, ...]:
    """Return the section that a card says it sets, by its heading; empty for that of its group, or all."""
    packages = [line.partition("@package")[2].strip() for line in _heading(text) if "@package" in line]
    return () if not packages or packages[0].startswith("_") else tuple(packages[0].split("."))


def _code(node: yaml.Node, seen: set[int], path: tuple[str, ...] = ()) -> Iterator[tuple[str, int]]:
    """Yield what a card may not hold, each with its line."""
    if id(node) in seen:
        return
    seen.add(id(node))
    line = node.start_mark.line + 1
    if node.tag.removeprefix(_PLAIN_TAG).startswith("python") or not node.tag.startswith(_PLAIN_TAG):
        yield f"the tag {name(node.tag)} stands for no plain value; a card holds no objects", line
    elif isinstance(node, yaml.ScalarNode):
        yield from ((what, line) for what in called_resolvers(node.value))
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _code(each, seen, path)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            words = (*path, *str(key.value).split("."))
            yield from ((what, key.start_mark.line + 1) for what in keys_of_code(words))
            yield from _code(key, seen, path)
            yield from _code(value, seen, words)


def called_resolvers(value: str) -> Iterator[str]:
    """Yield what is wrong with the resolvers that a value calls."""
    if _MADE_RESOLVER.search(value):
        yield "the name of what is called in ${...:...} is made of settings; a card names it"
    for resolver in _RESOLVER.findall(value):
        if resolver not in _RESOLVERS:
            yield f"${{{name(resolver)}:...}} reads what is no setting; there are {', '.join(_RESOLVERS)}"


def keys_of_code(words: tuple[str, ...], more: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield what is wrong with a key, as the path of words that leads to it; ``more`` of Hydra's sections are good."""
    if words[-1] in _CODE_KEYS:
        yield f"{words[-1]} names code to be run, and a card has settings alone"
    allowed = (*_OF_HYDRA, *more)
    if words[0] == "hydra" and words[1:2] and words[1] not in allowed:
        who = "the command line" if more else "a card"
        yield f"hydra.{name(words[1])} can name code to be run; of hydra {who} may have {', '.join(allowed)}"


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
