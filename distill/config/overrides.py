"""Overrides, looked at before Hydra reads them: what it would end on with a traceback, or never end."""

import re
from collections.abc import Iterator, Sequence

from distill.base.terminal_text import shown
from distill.config.user_cards import called_resolvers, keys_of_code
from distill.errors import ConfigError

_LONGEST = 10_000
"""Characters of an override: Hydra's grammar takes seconds for as many."""
_DEEPEST = 30
"""Brackets within brackets."""
_CONTROLS = re.compile("[\0\ud800-\udfff]")
_OF_HYDRA = ("launcher", "output_subdir", "searchpath")
"""Sections of Hydra's own settings that the command line may set beside those that a card may."""


def inspect_overrides(arguments: Sequence[str]) -> None:
    """Return silently, or name the first override of a command line that cannot be one.

    Args:
        arguments: of the command line; flags are left out.

    Raises:
        ConfigError: an override is too long, nested too deep, holds what no setting has, names code to be run, or
            something to be read that is no setting.
    """
    for argument in arguments:
        if not argument.startswith("-") and (fault := next(_faults(argument), None)) is not None:
            raise ConfigError(f"{shown(argument) if len(argument) > 200 else argument}: {fault}")


def _faults(argument: str) -> Iterator[str]:
    key, sign, value = argument.partition("=")
    if len(argument) > _LONGEST:
        yield f"has {len(argument):,} characters; one has at most {_LONGEST:,}, and a card may have more"
    if _CONTROLS.search(argument):
        yield "holds a NUL or half a character, which no setting has"
    if sign and not key.strip("+~@"):
        yield "there is no name before the =; give it as NAME=VALUE"
    if _depth(argument) > _DEEPEST:
        yield f"has more than {_DEEPEST} brackets within each other"
    yield from called_resolvers(value)
    words = tuple(re.split(r"[./]", key.strip("+~").partition("@")[0]))
    yield from keys_of_code(words, _OF_HYDRA)
    for inner in re.findall(r"[{,]\s*(\w*_target_|\(\))\s*:", value):
        yield from keys_of_code((inner,))


def _depth(text: str) -> int:
    """Return how many brackets are open at most.

    >>> _depth("a={b: [1, 2], c: ${d}}")
    2
    """
    depth = deepest = 0
    for letter in text:
        if letter in "[{(":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]})":
            depth -= 1
    return deepest
