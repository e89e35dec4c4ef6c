"""The sample for several labels a text: short news items, each with the topics that its clauses are of.

A topic shows in a clause as a whole, as most of its words belong to several topics ("record", "cold", "flight",
"pressure", "season"). Some topics often come together, others seldom, and some items say two things of one topic.
"""

from random import Random
from typing import TYPE_CHECKING

from distill.data.embedded.grammar import Grammar, Row, Rule, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 24
_SIZES = {"train": 2000, "validation": 300, "test": 300}
_SHORTEST, _LONGEST = 8, 20
"""Words of an item."""
_TWICE = 0.4
"""The share of items of one topic that say two things of it."""

_SHARES: dict[str, int] = {
    "economy": 10,
    "health": 7,
    "science": 7,
    "sports": 10,
    "travel": 4,
    "weather": 7,
    "travel weather": 10,
    "economy travel": 7,
    "health science": 8,
    "health sports": 5,
    "sports weather": 5,
    "economy science": 4,
    "economy health": 3,
    "science weather": 2,
    "economy travel weather": 3,
    "economy health science": 2,
    "sports travel weather": 2,
    "": 4,
}
"""How often each combination is meant, in a hundred; the empty one stands for any two or three topics."""

_CLAUSES: dict[str, tuple[str, ...]] = {
    "economy": (
        "share prices $fell to a $record level",
        "the central bank $lifted interest rates",
        "exports of $goods $fell",
        "$firms cut jobs under the pressure of rising costs",
        "the market for $goods had a $good season",
        "inflation $fell $slightly",
        "investors sold shares of $firms",
        "wages of $staff $rose $slightly",
        "the $place budget showed a $record deficit",
        "$firms reported $record profits",
        "cold markets hurt $firms",
    ),
    "health": (
        "$staff $warned of high blood pressure",
        "a flu wave filled the hospitals of $place",
        "cases of measles $rose",
        "doctors treated $many patients",
        "the $season cold kept $staff in bed",
        "$many children had a vaccine",
        "patients with heart disease recovered $slightly",
        "$place hospitals lack nurses",
        "a $new diet lowered fever",
        "the clinic in $place took in $many patients",
        "surgeons healed an injured $player",
    ),
    "science": (
        "researchers tested a $new particle theory",
        "a probe took pictures of a cold planet",
        "a telescope in $place saw a $record star",
        "scientists measured the pressure inside atoms",
        "biologists in $place found a $new gene",
        "a laboratory in $place built a $new microscope",
        "physicists repeated an experiment with $goods",
        "the rocket left on its flight to the moon",
        "a study of fossils surprised researchers",
        "chemists made $goods from $new molecules",
    ),
    "sports": (
        "$place won the match under pressure",
        "the $player set a $record time in the race",
        "the striker scored a goal for $place",
        "the team from $place lost the final",
        "fans cheered the $player after the $good season",
        "the coach praised the $player",
        "the $player injured a knee in training",
        "$many runners took part in the marathon",
        "the league opened the $season season",
        "the goalkeeper of $place stopped a penalty",
    ),
    "travel": (
        "airlines added a flight to $place",
        "tourists filled the hotels of $place",
        "$many passengers missed a train",
        "the airport of $place opened a $new terminal",
        "a cruise ship brought $many visitors to $place",
        "$place had a $record season for tourists",
        "the ferry to $place was late",
        "travelers waited for luggage",
        "hotels in $place $lifted prices",
        "trains to $place were full of travelers",
        "a $new visa helped visitors",
    ),
    "weather": (
        "high air pressure brought sunshine to $place",
        "temperatures $fell to a $record level",
        "a cold front brought snow to $place",
        "heavy rain flooded the streets of $place",
        "storms moved over $place",
        "the $season brought $record heat",
        "fog covered $place",
        "thunder and hail hit $place",
        "forecasters $warned of strong winds",
        "frost came back to $place",
        "rain $fell on $many fields",
    ),
}

_RULES: dict[str, Rule] = {
    "text": {"@all": 5, "$opening , @all": 2, "@all $day": 3, "@all , $source": 2},
    "all1": ("@clause1",),
    "all2": {
        "@clause1 $while @clause2": 3,
        "@clause1 ; @clause2": 1,
        "$after @clause1 , @clause2": 2,
    },
    "all3": (
        "@clause1 , @clause2 and @clause3",
        "@clause1 ; @clause2 , and @clause3",
        "$after @clause1 , @clause2 and @clause3",
    ),
    "opening": ("in other news", "as expected", "for the first time in years", "once again", "to the surprise of many"),
    "source": ("officials said $day", "the paper reported", "a spokeswoman said", "people in $place said"),
    "day": {"$weekday": 2, "last week": 1, "this $season": 1},
    "weekday": "on_Monday on_Tuesday on_Wednesday on_Thursday on_Friday on_Saturday on_Sunday",
    "while": "while and as but",
    "after": "after when because before",
    "place": "Berlin Paris Madrid Oslo Chicago Tokyo Sydney Lima Cairo Toronto Vienna Norway Chile Kenya Portugal",
    "season": "winter spring summer autumn",
    "record": {"record": 4, "new": 1, "historic": 1},
    "good": "good poor long short strange quiet",
    "new": "new better strange cheap small powerful",
    "many": "many hundreds_of thousands_of a_few some",
    "fell": "fell rose sank climbed dropped jumped",
    "rose": "rose fell doubled climbed dropped",
    "slightly": "slightly sharply slowly again",
    "lifted": "lifted lowered raised cut",
    "warned": "warned spoke",
    "goods": "oil steel coffee salt gold copper milk plastic",
    "firms": "banks airlines hotels laboratories clinics clubs farmers carmakers",
    "staff": "nurses teachers pilots players miners drivers researchers",
    "player": "runner champion swimmer keeper boxer cyclist skier",
}


def sample() -> dict[str, "Dataset"]:
    """Return the sample for several labels: ``text`` and ``label``, a list of one to three topics in order of name.

    The same rows on every call and machine; no text stands twice, and all labels are true.
    """
    return tabled(deal(_item, ("text",), _SIZES, _SEED), {"text": "string", "label": ["string"]})


def _item(random: Random, _: str) -> Row:
    topics = _topics(random)
    while True:
        clause_topics = topics * 2 if len(topics) == 1 and random.random() < _TWICE else topics
        text = _text(random, random.sample(clause_topics, len(clause_topics)))
        if _SHORTEST <= sum(word[0].isalpha() for word in text.split()) <= _LONGEST:
            return {"text": text, "label": topics}


def _topics(random: Random) -> list[str]:
    drawn = random.choices(tuple(_SHARES), tuple(_SHARES.values()))[0]
    return drawn.split() or sorted(random.sample(tuple(_CLAUSES), random.randint(2, 3)))


def _text(random: Random, topics: list[str]) -> str:
    ways: list[str] = []
    for topic in topics:
        ways.append(random.choice([way for way in _CLAUSES[topic] if way not in ways]))
    clauses = {f"clause{at}": _GRAMMAR.say(random, way) for at, way in enumerate(ways, 1)}
    joined_clauses = _GRAMMAR.say(random, f"$all{len(ways)}", clauses)
    return sentence(_GRAMMAR.say(random, "$text", {"all": joined_clauses}) + " .")


_GRAMMAR = Grammar(_RULES)
