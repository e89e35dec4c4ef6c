"""The sample for relations: sentences in which two nouns are marked, each with how the two are related.

The nouns of one relation are those of the others too, so that they do not tell it: it shows in the words between and
around them, and its direction in their order and voice. Some sentences go on with what befell other, unmarked nouns.
"""

import re
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from distill.data.embedded.grammar import Grammar, Row, Rule, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 22
_SIZES = {"train": 2500, "test": 400}

_SHARES: dict[str, int] = {
    "Cause-Effect(e1,e2)": 10,
    "Cause-Effect(e2,e1)": 13,
    "Component-Whole(e1,e2)": 12,
    "Component-Whole(e2,e1)": 10,
    "Entity-Destination(e1,e2)": 14,
    "Entity-Destination(e2,e1)": 6,
    "Product-Producer(e1,e2)": 11,
    "Product-Producer(e2,e1)": 9,
    "Other": 15,
}
"""How often each relation is meant, in a hundred. In ``(e1,e2)`` the cause, the part, what is moved or what is made
stands first."""

# Nouns that are to be marked have a `#`.
_WAYS: dict[str, tuple[str, ...]] = {
    "Cause-Effect(e1,e2)": (
        "$the @cause# $caused $the @effect#",
        "$the @cause# was the cause of $the @effect#",
        "$the @cause# was to blame for $the @effect#",
        "because of $the @cause# there was $the @effect#",
        "$the @cause# that $caused $the @effect# was $talked",
    ),
    "Cause-Effect(e2,e1)": (
        "$the @effect# was $effected by $the @cause#",
        "$the @effect# $resulted from $the @cause#",
        "the cause of $the @effect# was $the @cause#",
        "$the @effect# came about because of $the @cause#",
        "$the @effect# $effected by $the @cause# was $talked",
    ),
    "Component-Whole(e1,e2)": (
        "$the @part# of $the @whole# was $talked",
        "$the @part# was a part of $the @whole#",
        "$the @part# was built into $the @whole#",
        "$the @part# belonged to $the @whole# as one of its parts",
        "they $saw $the @part# of $the @whole#",
    ),
    "Component-Whole(e2,e1)": (
        "$the @whole# $contained $the @part#",
        "$the @whole# with its @part# was $talked",
        "a part of $the @whole# was $the @part#",
        "they $saw $the @whole# and its @part#",
        "$the @whole# that $contained $the @part# was $talked",
    ),
    "Entity-Destination(e1,e2)": (
        "they $put $the @entity# into $the @place#",
        "$the @entity# was $brought into $the @place#",
        "$the @entity# $went into $the @place#",
        "they were $putting $the @entity# into $the @place#",
        "$the @entity# ended up inside $the @place#",
    ),
    "Entity-Destination(e2,e1)": (
        "into $the @place# they $put $the @entity#",
        "into $the @place# $went $the @entity#",
        "$the @place# received $the @entity#",
        "$the @place# into which they $put $the @entity# was $talked",
        "$the @place# was where $the @entity# was $brought",
    ),
    "Product-Producer(e1,e2)": (
        "$the @product# was $made by $the @maker#",
        "$the @product# was the work of $the @maker#",
        "$the @product# $made by $the @maker# was $talked",
        "they $saw $the @product# that $the @maker# $built",
        "$the @product# came from the hands of $the @maker#",
    ),
    "Product-Producer(e2,e1)": (
        "$the @maker# $built $the @product#",
        "$the @maker# was busy $building $the @product#",
        "$the @maker# that $built $the @product# was $talked",
        "$the @maker# was the maker of $the @product#",
        "the maker of a @thing , $the @maker# , also $built $the @product#",
    ),
    "Other": (
        "$the @any# $stood near $the @other#",
        "$the @any# was $judged $the @other#",
        "$the @any# was found by $the @other#",
        "they $saw $the @any# and $the @other#",
        "neither $the @any# nor $the @other# was $talked",
        "$the @any# had nothing to do with $the @other#",
        "from $the @any# they could see $the @other#",
        "$the @any# $watched $the @other#",
    ),
}
"""Clauses by label."""

_RULES: dict[str, Rule] = {
    "text": {
        "@clause": 8,
        "$opening , @clause": 4,
        "@clause $time": 6,
        "$opening , @clause $time": 2,
        "@clause , $aside": 3,
    },
    "opening": ("in the end", "as we know", "last winter", "in the report", "back then", "it is said", "years later"),
    "time": (
        "last week",
        "in the morning",
        "before the war",
        "again",
        "once more",
        "in the north",
        "for the first time",
        "after all",
        "that night",
        "as expected",
        "without delay",
        "in spring",
    ),
    # Of other nouns, so that a telling verb counts only where it stands by the marks.
    "aside": (
        "and the $thing went into the $place",
        "and the $thing was made by hand",
        "but the $human caused no trouble",
        "while the $human wrote a letter",
        "and the $place had no roof",
        "so the $human said",
        "but no $human came",
    ),
    "the": {"the": 12, "a": 6, "this": 2, "the $kind": 6, "a $kind": 3},
    "kind": "old new small large heavy strange local broken simple famous",
    "talked": ("talked about", "forgotten", "in the news", "described in detail", "of great interest", "well known"),
    "saw": "saw liked remembered described photographed admired discussed",
    "caused": ("caused", "led to", "triggered", "brought about", "resulted in", "provoked"),
    "effected": "caused triggered provoked brought_about",
    "resulted": "resulted arose stemmed",
    "contained": "had contained included comprised",
    "put": "put moved carried pushed placed dropped",
    "putting": "putting moving carrying pushing dropping",
    "brought": "put moved carried brought sent pushed",
    "went": "went moved fell slipped disappeared",
    "made": "made built produced created designed manufactured",
    "built": "made built produced created designed",
    "building": "making building producing creating designing",
    "stood": "stood lay stayed waited was_seen",
    "judged": ("larger than", "older than", "compared with", "mistaken for", "as good as", "less known than"),
    "watched": "watched passed resembled needed followed",
    "cause": {"$thing": 4, "$happening": 5, "$house": 3, "$human": 2},
    "effect": {"$happening": 1},
    "part": {"$thing": 5, "$happening": 1, "$human": 1},
    "whole": {"$thing": 3, "$house": 5},
    "entity": {"$thing": 5, "$happening": 2, "$human": 2},
    "place": {"$thing": 2, "$house": 6},
    "product": {"$thing": 6, "$house": 2, "$piece": 1},
    "maker": {"$human": 6, "$house": 3},
    "any": {"$thing": 4, "$happening": 2, "$human": 3, "$house": 3},
    "other": {"$thing": 4, "$happening": 2, "$human": 3, "$house": 3},
    "thing": (
        "engine wheel screen pump door clock bottle letter book film song lamp motor cable machine car ship truck "
        "robot bell box cabinet camera piano oven barrel"
    ),
    "happening": "noise fire storm smell alarm panic explosion crowd game light flood leak shadow quarrel rumor",
    "piece": "game light rumor",
    "house": "factory workshop bakery house school studio hospital laboratory theater museum mill shipyard farm",
    "human": (
        "engineer writer baker student smith farmer artist carpenter director chemist doctor singer tailor builder "
        "painter mechanic"
    ),
}


def sample() -> dict[str, "Dataset"]:
    """Return the sample for relations: columns ``text``, with ``<e1>…</e1>`` before ``<e2>…</e2>``, and ``label``.

    The same rows on every call and machine, in train and test only; no text stands twice, and all labels are true.
    """
    return tabled(deal(_sentence, ("text",), _SIZES, _SEED), {"text": "string", "label": "string"})


def _sentence(random: Random, _: str) -> Row:
    label = random.choices(tuple(_SHARES), tuple(_SHARES.values()))[0]
    while True:
        nouns: dict[str, str] = {}
        clause = _GRAMMAR.say(random, random.choice(_WAYS[label]), nouns)
        if len(set(nouns.values())) == len(nouns):
            text = _GRAMMAR.say(random, "$text", {"clause": clause})
            return {"text": _marked(sentence(f"{text} .")), "label": label}


def _marked(text: str) -> str:
    """With the nouns that have a ``#`` put between marks, which are numbered from the left.

    >>> _marked("The fire# caused the smell# .")
    'The <e1>fire</e1> caused the <e2>smell</e2> .'
    """
    number = count(1)
    return re.sub(r"(\w+)#", lambda noun: f"<e{(at := next(number))}>{noun[1]}</e{at}>", text)


_GRAMMAR = Grammar(_RULES)
