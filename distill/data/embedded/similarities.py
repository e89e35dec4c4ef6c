"""The sample for pairs of sentences, in place of STS-B: how much of what the first says the second says, from 0 to 5.

Captions of who does what where. A thing counts whole where both mean the same, by whatever word, and half where they
mean something near: another child, or another game that is played.
"""

from random import Random
from typing import TYPE_CHECKING

from distill.data.embedded.grammar import Grammar, Row, Rule, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 22
_SIZES = {"train": 3000, "validation": 300, "test": 400}
_STEP, _HIGHEST = 0.2, 5.0

# What can be meant, the usual first: each in families of what is near, each with its words.
_MEANINGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "who": (("man guy", "woman lady"), ("boy schoolboy", "girl schoolgirl")),
    "does": (
        ("playing_football kicking_a_ball", "playing_chess moving_chess_pieces"),
        ("riding_a_horse sitting_on_a_horse", "riding_a_bicycle cycling"),
        ("eating_an_apple biting_into_an_apple", "eating_noodles having_noodles"),
    ),
    "where": (
        ("in_the_park in_a_garden", "in_the_forest among_the_trees"),
        ("on_the_beach by_the_sea", "at_the_lake by_the_lake"),
    ),
}
_WORTH = {"who": 1.4, "does": 2.2, "where": 1.4}
_USUAL = (5, 3, 2, 2, 1, 1)
"""How often the first, second, … of them is meant."""
_WAYS: dict[str, int] = {
    "a $kind{who} is $how{does} {where}": 4,
    "{where} a $kind{who} is $how{does}": 2,
    "there is a $kind{who} $how{does} {where}": 2,
    "a $kind{who} {where} is {does}": 1,
}
_WORDS: dict[str, Rule] = {
    "kind": ("", "", "", "young ", "tall ", "smiling "),
    "how": ("", "", "", "happily ", "slowly ", "again "),
}
_KEPT = (0.05, 0.3, 0.5, 0.7, 0.95)
"""How likely each thing is to stay in the second sentence; one of these holds for the whole pair."""


def sample() -> dict[str, "Dataset"]:
    """Return the sample: columns ``text``, ``pair`` and ``label``, a score from 0 to 5 in steps of 0.2."""
    return tabled(_splits(), {"text": "string", "pair": "string", "label": "float64"})


def _splits() -> dict[str, list[Row]]:
    meant = {
        f"{role}{family}{place}": words
        for role, families in _MEANINGS.items()
        for family, ways in enumerate(families)
        for place, words in enumerate(ways)
    }
    grammar = Grammar({**_WORDS, **meant})
    return deal(lambda random, _: _row(grammar, random), ("text",), _SIZES, _SEED)


def _row(grammar: Grammar, random: Random) -> Row:
    kept_share = random.choice(_KEPT)
    meaning = {role: _drawn(random, role) for role in _MEANINGS}
    other = {role: way if random.random() < kept_share else _drawn(random, role) for role, way in meaning.items()}
    text = pair = _phrased(grammar, random, meaning)
    while pair == text:
        pair = _phrased(grammar, random, other)
    score = sum(worth * _near(meaning[role], other[role]) for role, worth in _WORTH.items())
    steps = round(score / _STEP) + random.choice((-1, 0, 0, 1))  # as judges differ
    return {"text": text, "pair": pair, "label": min(max(round(steps * _STEP, 1), 0.0), _HIGHEST)}


def _drawn(random: Random, role: str) -> str:
    ways = [f"${role}{family}{place}" for family, ways in enumerate(_MEANINGS[role]) for place in range(len(ways))]
    return random.choices(ways, _USUAL[: len(ways)])[0]


def _near(one: str, other: str) -> float:
    return 1.0 if one == other else 0.5 if one[:-1] == other[:-1] else 0.0


def _phrased(grammar: Grammar, random: Random, meaning: dict[str, str]) -> str:
    way = random.choices(list(_WAYS), list(_WAYS.values()))[0]
    return sentence(grammar.say(random, way.format(**meaning)) + " .")
