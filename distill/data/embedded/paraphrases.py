"""The sample for pairs of sentences, in place of MRPC: whether the second says what the first says.

News of invented companies, said twice: with other words, in another order, or as what was done to whom. Two sentences
that do not say the same differ in one or two things, such as how many or when; all other words may agree. As in the
press, some things happen more often than others.
"""

from functools import partial, reduce
from random import Random
from typing import TYPE_CHECKING

from distill.data.embedded.grammar import Grammar, Row, Rule, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 21
_SIZES = {"train": 3000, "validation": 300, "test": 400}
_SAME = 0.66
"""Share of pairs that say the same."""

# Each kind of news: ways to tell it, and how often two that are not the same differ in what.
_NEWS: tuple[tuple[dict[str, int], dict[str, int]], ...] = (
    (
        {
            "shares of {company} {moved} {number} percent {day}": 3,
            "{company} {moved} {number} percent {day}": 2,
            "{day} shares of {company} {moved} by {number} percent": 2,
        },
        {"moved": 5, "number": 5, "day": 5, "held": 2},
    ),
    (
        {
            "{company} {ran} {number} shops {day}": 3,
            "{number} shops were {ran} by {company} {day}": 3,
            "{day} {company} {ran} {number} of its shops": 2,
        },
        {"ran": 5, "number": 5, "day": 5, "held": 2},
    ),
    (
        {
            "{company} {hired} {number} hundred people {day}": 3,
            "{number} hundred people were {hired} by {company} {day}": 3,
            "{day} {company} {hired} {number} hundred people": 2,
        },
        {"hired": 5, "number": 5, "day": 5, "held": 2},
    ),
    (
        {
            "{company} $bought {other} {day}": 3,
            "{other} was $bought by {company} {day}": 3,
            "{day} {company} $bought its rival {other}": 1,
        },
        {"roles": 2, "day": 6, "held": 3},
    ),
)
# What can be meant, the usual first, and the words of each.
_MEANINGS: dict[str, tuple[Rule, ...]] = {
    "moved": ({"rose": 3, "climbed": 2, "gained": 1}, {"fell": 3, "dropped": 2, "lost": 1}),
    "ran": ({"opened": 2, "launched": 1}, {"closed": 2, "shut": 1}),
    "hired": ({"hired": 2, "recruited": 1}, {"dismissed": 2, "laid off": 1}),
    "number": ("two", "four", "six"),
    "day": ("on_Monday", "on_Wednesday", "on_Friday"),
    "held": ({"{}": 16, "$source said that {}": 2, "{} , $source said": 1}, {"$source denied that {}": 1}),
}
_USUAL = (4, 2, 1)
"""How often the first, second, … of them is meant."""
_WORDS: dict[str, Rule] = {
    "bought": {"bought": 3, "acquired": 2, "took over": 1},
    "source": "the_paper the_bank analysts officials",
    "company": (
        "Altora Brenwick Corvane Delmark Elvora Farrow Gellert Hollis Ivelto Jorvik Kestrel Lumera Marlow Nortane "
        "Orsano Pellham Quorra Ridley Sandmere Tarvos Ulmont Verrano Wexley Zellwood"
    ),
}


def sample() -> dict[str, "Dataset"]:
    """Return the sample: columns ``text``, ``pair`` and ``label`` (``1`` where both say the same, else ``0``)."""
    return tabled(_splits(), {"text": "string", "pair": "string", "label": "string"})


def _splits() -> dict[str, list[Row]]:
    meant = {f"{role}{place}": way for role, ways in _MEANINGS.items() for place, way in enumerate(ways)}
    grammar = Grammar({**_WORDS, **meant})
    return deal(lambda random, _: _row(grammar, random), ("text",), _SIZES, _SEED)


def _row(grammar: Grammar, random: Random) -> Row:
    ways, changes = random.choice(_NEWS)
    meaning = {role: _drawn(random, role) for role in _MEANINGS}
    grammar.say(random, "@company @company2", meaning)
    same = random.random() < _SAME
    changed = () if same else random.choices(list(changes), list(changes.values()), k=random.choice((1, 2)))
    other = reduce(partial(_changed, random), dict.fromkeys(changed), meaning)
    text = pair = _phrased(grammar, random, ways, meaning)
    while pair == text:
        pair = _phrased(grammar, random, ways, other)
    return {"text": text, "pair": pair, "label": str(int(same)), "changed": " ".join(dict.fromkeys(changed))}


def _drawn(random: Random, role: str, *others: str) -> str:
    ways = {f"${role}{place}": often for place, (_, often) in enumerate(zip(_MEANINGS[role], _USUAL, strict=False))}
    left = {way: often for way, often in ways.items() if way not in others}
    return random.choices(list(left), list(left.values()))[0]


def _changed(random: Random, meaning: dict[str, str], change: str) -> dict[str, str]:
    if change == "roles":
        return {**meaning, "company": meaning["company2"], "company2": meaning["company"]}
    return {**meaning, change: _drawn(random, change, meaning[change])}


def _phrased(grammar: Grammar, random: Random, ways: dict[str, int], meaning: dict[str, str]) -> str:
    way = random.choices(list(ways), list(ways.values()))[0]
    framed = grammar.say(random, meaning["held"]).format(way)
    return sentence(grammar.say(random, framed.format(**meaning, other=meaning["company2"])) + " .")
