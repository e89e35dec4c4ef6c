"""The grammar that writes the samples: random texts by rules, each once, dealt out to the splits."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, islice
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from datasets import Dataset

Rule: TypeAlias = str | Sequence[str] | Mapping[str, int]
"""Ways to say a thing: words (``_`` stands for a space), or whole texts, or texts with how often each is taken."""
Row: TypeAlias = dict[str, Any]
"""Column to value."""
ColumnType: TypeAlias = "str | Sequence[ColumnType] | Mapping[str, ColumnType]"
"""The type of a column: the name of a scalar such as ``int64``, a list of one type, or an object of types by key."""

_SLOT = re.compile(r"([$@])(\w+)")


class Grammar:
    """A grammar of named rules that writes random texts.

    In a text, ``$name`` is said anew each time, ``@name`` once; ``@name2`` differs from ``@name``.

    >>> pets = Grammar({"pet": "cat guinea_pig", "praise": ("my @pet is a good @pet , no @pet2",)})
    >>> known = {"pet": "cat"}
    >>> pets.say(Random(0), "$praise", known), known["pet2"]
    ('my cat is a good cat , no guinea pig', 'guinea pig')
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        """Prepare the alternatives and weights of each rule."""
        self._ways = {name: _ways(rule) for name, rule in rules.items()}

    def say(self, random: Random, text: str, known: dict[str, str] | None = None) -> str:
        """Return ``text`` with every slot filled by the rules.

        ``known`` holds what ``@name`` stands for, and learns what was drawn.
        """
        known = {} if known is None else known

        def fill(slot: re.Match[str]) -> str:
            kind, name = slot.groups()
            return self.say(random, self._draw(random, name), known) if kind == "$" else self._same(random, name, known)

        return _SLOT.sub(fill, text)

    def _draw(self, random: Random, name: str) -> str:
        ways, weights = self._ways[name]
        return random.choices(ways, cum_weights=weights)[0] if weights else random.choice(ways)

    def _same(self, random: Random, name: str, known: dict[str, str]) -> str:
        rule = name.rstrip("0123456789")
        while name not in known:
            words = self.say(random, f"${rule}", known)
            if all(words != other for key, other in known.items() if key.rstrip("0123456789") == rule):
                known[name] = words
        return known[name]


def _ways(rule: Rule) -> tuple[Sequence[str], Sequence[int]]:
    if isinstance(rule, str):
        return tuple(word.replace("_", " ") for word in rule.split()), ()
    return tuple(rule), tuple(accumulate(rule.values())) if isinstance(rule, Mapping) else ()


def articles(text: str) -> str:
    """Return a text in which each ``a`` before a vowel is ``an``.

    >>> articles("a owl and a cat")
    'an owl and a cat'
    """
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def sentence(text: str) -> str:
    """Return a text as a sentence: with articles that fit, and a capital letter first.

    >>> sentence("a owl sleeps.")
    'An owl sleeps.'
    """
    text = articles(text)
    return text[:1].upper() + text[1:]


def distinct(make: Callable[[], Row], texts: Sequence[str], seen: set[str]) -> Iterator[Row]:
    """Yield rows without end, no two of which have the same values in the columns ``texts``.

    ``seen`` holds the values of earlier rows, and grows by those of each row.
    """
    while True:
        row = make()
        text = repr([row[column] for column in texts])
        if text not in seen:
            seen.add(text)
            yield row


def deal(
    make: Callable[[Random, str], Row], texts: Sequence[str], sizes: Mapping[str, int], seed: int
) -> dict[str, list[Row]]:
    """Make splits of the given ``sizes`` with the same distinct rows on every call and machine.

    ``make`` gets the random number generator and the name of the split, and returns a row.
    """
    random, seen = Random(seed), set[str]()  # noqa: S311 (a sample, not a secret)
    return {
        split: list(islice(distinct(partial(make, random, split), texts, seen), size)) for split, size in sizes.items()
    }


def tabled(splits: Mapping[str, Sequence[Row]], columns: Mapping[str, ColumnType]) -> dict[str, "Dataset"]:
    """Turn the rows of each split into a data set whose columns have the given types."""
    from datasets import Dataset, Features

    features = Features({name: _feature(kind) for name, kind in columns.items()})
    return {
        split: Dataset.from_dict({name: [row[name] for row in rows] for name in columns}, features=features)
        for split, rows in splits.items()
    }


def _feature(kind: ColumnType) -> object:
    from datasets import List, Value

    if isinstance(kind, str):
        return Value(kind)
    if isinstance(kind, Mapping):
        return {name: _feature(inner) for name, inner in kind.items()}
    return List(_feature(kind[0]))
