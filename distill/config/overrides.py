"""Overrides, looked at before Hydra reads them: what it would end on with a traceback, or never end."""

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import islice

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, RangeSweep
from hydra.errors import HydraException

from distill.base.terminal_text import shown
from distill.config.schema import Config
from distill.config.truth_values import allowed_truth
from distill.config.user_cards import GROUPS, called_resolvers, keys_of_code
from distill.errors import ConfigError

_LONGEST = 10_000
"""Characters of an override: Hydra's grammar takes seconds for as many."""
_DEEPEST = 30
"""Brackets within brackets."""
_CONTROLS = re.compile("[\0\ud800-\udfff]")
_OF_HYDRA = ("launcher", "output_subdir", "searchpath")
"""Sections of Hydra's own settings that the command line may set beside those that a card may."""
_CHOSEN = ("hydra/job_logging", "hydra/hydra_logging")
"""Sections of which the command line may choose a card, and set nothing: other ranks choose one of their own."""
_FOLDERS = ("hydra.run.dir", "hydra.sweep.dir")


def inspect_overrides(arguments: Sequence[str], schema: type[Config] = Config) -> None:
    """Return silently, or name the first override of a command line that cannot be one.

    Args:
        arguments: of the command line; flags are left out.
        schema: the settings that the command has.

    Raises:
        ConfigError: an override is too long, nested too deep, holds what no setting has, chooses no card, names code to
            be run, something to be read that is no setting, or a number where true or false belongs.
    """
    for argument in arguments:
        if not argument.startswith("-") and (fault := next(_faults(argument, schema), None)) is not None:
            raise ConfigError(f"{shown(argument) if len(argument) > 200 else argument}: {fault}")


def _faults(argument: str, schema: type[Config]) -> Iterator[str]:
    key, sign, value = argument.partition("=")
    if len(argument) > _LONGEST:
        yield f"has {len(argument):,} characters; one has at most {_LONGEST:,}, and a card may have more"
    if _CONTROLS.search(argument):
        yield _unreadable_letters(argument)
    if sign and not key.strip("+~@"):
        yield "there is no name before the =; give it as NAME=VALUE"
    if _depth(argument) > _DEEPEST:
        yield f"has more than {_DEEPEST} brackets within each other"
    yield from called_resolvers(value)
    path = key.strip("+~").partition("@")[0]
    if not argument.startswith("~") and (path in GROUPS or "/" in path):
        yield from _no_cards(argument, path)
    if sign and not value and path in _FOLDERS:
        yield f"names no folder; give one, as in {path}=FOLDER, or leave it out"
    if path not in _CHOSEN:
        yield from keys_of_code(tuple(re.split(r"[./]", path)), _OF_HYDRA)
    for inner in re.findall(r"[{,]\s*(\w*_target_|\(\))\s*:", value):
        yield from keys_of_code((inner,))
    if re.search(r"\d", value):
        yield from _no_truth_values(argument, schema)


def _no_truth_values(argument: str, schema: type[Config]) -> Iterator[str]:
    """Yield what each setting of an override takes that is true or false, and is given another number."""
    whole = argument.lstrip("+").partition("=")[0]
    for key, value in assigned(argument):
        if (words := allowed_truth(schema, key, value)) is not None:
            yield f"allowed is {words}" if key == whole else f"{key} takes {words}"


def _unreadable_letters(argument: str) -> str:
    """Say why a setting holds what is no letter: itself, or a locale that knows none beyond ASCII."""
    encoding = sys.getfilesystemencoding()
    if encoding == "utf-8" or "\0" in argument:
        return "holds a NUL or half a character, which no setting has"
    return f"holds letters that the locale, {encoding}, does not know; put PYTHONUTF8=1 before the command"


def _no_cards(argument: str, group: str) -> Iterator[str]:
    """Yield what is wrong with the values that choose the cards of a group: Hydra fails on all but names."""
    for value in _values(argument):
        if value is None:
            way = "" if "/" in group else f", or take away what another card chooses with ~{group}"
            yield f"null is no card; leave it out{way}"
        elif isinstance(value, (bool, int, float)):
            yield f"a card is chosen by its name; quotes within quotes make one of {value}, as in \"{group}='{value}'\""


def assigned(argument: str) -> Iterator[tuple[str, object]]:
    """Yield the dotted key and the value of each setting that an override gives, within braces and in a sweep, too.

    >>> list(assigned("+data={on_bad: drop, limit: {test: 9}}")), list(assigned("data.drop_bad=true,0"))
    ([('data.on_bad', 'drop'), ('data.limit.test', 9)], [('data.drop_bad', True), ('data.drop_bad', 0)])
    """
    key = argument.lstrip("+").partition("=")[0]
    for value in _values(argument):
        yield from _inner(key, value)


def _inner(key: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _inner(f"{key}.{name}", each)
    else:
        yield key, value


def _values(argument: str) -> Iterator[object]:
    """Yield the values of an override, of which a sweep has several; none where the grammar does not take it.

    Of a range the first three stand for all.
    """
    try:
        override = OverridesParser.create().parse_override(argument)
    except HydraException:  # which has its own sentence
        return
    value = override.value()
    if isinstance(value, ChoiceSweep):
        yield from value.list
    elif isinstance(value, RangeSweep):
        yield from islice(value.range(), 3)
    else:
        yield value


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
