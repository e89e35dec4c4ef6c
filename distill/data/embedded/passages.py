"""The sample for finding the answer in a text, in place of SQuAD.

Short lives of invented people, in the order of time. Each holds several years, places and persons: what happened, and
to whom, tells which of them is asked for.
"""

import re
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from distill.data.embedded.grammar import Grammar, Row, Rule, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 23
_SIZES = {"train": 2500, "validation": 300, "test": 300}
_TOLD = (2, 3, 3)
"""How many things a context tells of its hero; a second person and a remark may come to them."""
_SECOND = 0.3
"""Share of contexts in which another person has done one of these things too."""
_PRONOUN = 0.3
"""Share of names that are left out where it is clear who is meant."""
_REMARK = 0.2


class _Event(NamedTuple):
    """Ways to tell it, and the questions that each thing in it answers."""

    ways: tuple[str, ...]
    questions: dict[str, tuple[str, ...]]


_EVENTS = {
    "birth": _Event(
        ("@name was born in @place in @born.", "@name came into the world in @place in @born."),
        {
            "place": ("Where was @name born?", "In which town was @name born?"),
            "born": ("When was @name born?", "In what year was @name born?"),
        },
    ),
    "lessons": _Event(
        ("@name was taught by @person.", "@name took lessons from @person."),
        {"person": ("Who taught @name?", "Who gave lessons to @name?")},
    ),
    "move": _Event(
        ("@name moved to @place in @moved.", "@name settled in @place in @moved."),
        {
            "place": ("Where did @name move?", "In which town did @name settle?"),
            "moved": ("When did @name move to @place?", "In what year did @name settle in @place?"),
        },
    ),
    "shop": _Event(
        ("@name opened @shop in @opened.", "In @opened, @name opened @shop with a loan from @person."),
        {
            "shop": ("What did @name open?", "What kind of business did @name run?"),
            "opened": ("When did @name open the business?", "In what year did @name open @shop?"),
        },
    ),
    "wedding": _Event(
        ("@name married @person in @wed.", "@name and @person married in @wed."),
        {
            "person": ("Who married @name?", "Whom did @name marry?"),
            "wed": ("When did @name marry?", "In what year did @name marry @person?"),
        },
    ),
    "book": _Event(
        ("@name wrote @title in @place.", "While in @place, @name wrote @title."),
        {
            "title": ("Which book did @name write?", "What did @name write?"),
            "place": ("Where did @name write @title?", "In which town did @name write the book?"),
        },
    ),
}
"""In the order of a life."""
_WORDS: dict[str, Rule] = {
    "she": "Mara Edda Runa Greta Selma Ilse Nora Tilda",
    "he": "Jonas Tilo Viktor Oskar Bruno Kasper Leif Matti",
    "place": "Torvik Melby Asunda Karlow Brenning Osterby Valdara Linmouth Harlund Quent Selmark Rovigne",
    "born": "1871 1874 1878 1882 1885",
    "moved": "1889 1893 1897 1901 1906",
    "opened": "1901 1906 1910 1913 1917",
    "wed": "1906 1910 1913 1917 1920",
    "person": ("$first $last",),
    "first": "Clara Hugo Agathe Benno Paula Emil",
    "last": "Falk Orlow Quist Reim Sander",
    "shop": "a_bakery a_pharmacy a_bookshop a_tannery a_pottery a_dairy a_brewery a_forge",
    "title": ("The $kind $thing",),
    "kind": "Silver Quiet Hidden Last",
    "thing": "Gate Garden Harbour Letter",
    "remark": (
        "The winters there were long.",
        "Nobody in the family was surprised.",
        "The house is a museum today.",
        "Little is known about those days.",
        "Letters from that time have survived.",
    ),
}


def sample() -> dict[str, "Dataset"]:
    """Return the sample: ``context``, ``question`` and ``answers`` (``text``, and ``answer_start`` in characters).

    Of several words, validation and test accept all but the first as well.
    """
    answers = {"text": ["string"], "answer_start": ["int32"]}
    return tabled(_splits(), {"context": "string", "question": "string", "answers": answers})


def _splits() -> dict[str, list[Row]]:
    grammar = Grammar(_WORDS)
    return deal(lambda random, split: _row(grammar, random, judged=split != "train"), ("context",), _SIZES, _SEED)


def _row(grammar: Grammar, random: Random, *, judged: bool) -> Row:
    pronoun, known = random.choice(("she", "he")), dict[str, str]()
    told, asked_place = _plot(
        random, grammar.say(random, f"@{pronoun}", known), grammar.say(random, f"@{pronoun}2", known)
    )
    sentences: list[str] = []
    for place, (name, event) in enumerate(told):
        clear = place > 0 and told[place - 1][0] == name
        known[f"name{place}"] = pronoun if clear and random.random() < _PRONOUN else name
        sentences.append(sentence(grammar.say(random, _numbered(random.choice(_EVENTS[event].ways), place), known)))
        known[f"name{place}"] = name
    if len(sentences) < 3 or random.random() < _REMARK:
        sentences.append(grammar.say(random, "$remark"))
    thing, ways = random.choice(list(_EVENTS[told[asked_place][1]].questions.items()))
    question = grammar.say(random, _numbered(random.choice(ways), asked_place), known)
    answer = known[f"{thing}{asked_place}"]
    start = len(" ".join([*sentences[:asked_place], ""])) + sentences[asked_place].index(answer)
    return {"context": " ".join(sentences), "question": question, "answers": _answers(answer, start, judged=judged)}


def _plot(random: Random, hero: str, second: str) -> tuple[list[tuple[str, str]], int]:
    """Who did what, in the order it is told, and which of it is asked for."""
    chosen = random.sample(list(_EVENTS), random.choice(_TOLD))
    told = [(hero, event) for event in sorted(chosen, key=list(_EVENTS).index)]
    asked_event = hero, chosen[0]
    if random.random() < _SECOND:
        told.insert(random.choice((0, len(told))), (second, chosen[0]))
        asked_event = random.choice((hero, hero, second)), chosen[0]
    return told, told.index(asked_event)


def _numbered(text: str, place: int) -> str:
    """With slots of its own for each sentence, so that no two speak of the same town."""
    return re.sub(r"@(\w+)", rf"@\g<1>{place}", text)


def _answers(answer: str, start: int, *, judged: bool) -> dict[str, list[str] | list[int]]:
    first, space, rest = answer.partition(" ")
    if not (judged and space):
        return {"text": [answer], "answer_start": [start]}
    return {"text": [answer, rest], "answer_start": [start, start + len(first) + 1]}
