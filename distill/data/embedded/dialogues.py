"""The sample for dialogue: short talks of two people, in which a reply takes up what was asked.

They book, shop, ask the way and make small talk; what one names (a day, a colour, a place) is what the other means.
"""

from random import Random
from typing import TYPE_CHECKING

from distill.data.embedded.grammar import Grammar, Row, Rule, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 23
_SIZES = {"train": 600, "validation": 40, "test": 60}
_FEWEST, _MOST = 3, 7
"""Turns of a dialogue."""

# `|` stands between turns.
_RULES: dict[str, Rule] = {
    "dialogue": {"$table": 3, "$ticket": 2, "$shop": 4, "$way": 4, "$hobby": 4, "$plan": 3},
    "table": (
        "$greeting, I would like a table for @number. | For which day? | For @day, please. $when | "
        "Good, a table for @number on @day at @hour. $end",
        "Do you have a table for @number on @day? | Yes, on @day we do. At what time? | At @hour, please. | "
        "Good, so at @hour on @day. $end",
        "$greeting, I booked a table for @number on @day. Can we come on @day2? | On @day2? Yes, for @number. | "
        "$thanks!",
    ),
    "when": {"| At what time? | At @hour.": 3, "Is @hour possible? | Yes, @hour is fine. | Very good.": 1},
    "ticket": (
        "$greeting, a ticket to the @place, please. | For today or for @day? | For @day. | "
        "Here is your ticket for @day, it is @price euros. $end",
        "When does the @vehicle to the @place leave? | It leaves at @hour. | And how much is a ticket? | "
        "A ticket to the @place is @price euros. $end",
        "Does this @vehicle go to the @place? | No, but the @vehicle2 does. | When does the @vehicle2 leave? | "
        "The @vehicle2 leaves at @hour. $end",
    ),
    "shop": (
        "$greeting, how much is the @colour @garment? | The @colour one is @price euros. | $choice $end",
        "$greeting, I am looking for a @garment. | We have a @colour @garment and a @colour2 one. | "
        "How much is the @colour one? | The @colour @garment is @price euros. | $choice $end",
    ),
    "choice": (
        "Good, I take the @colour one. | That is @price euros, please.",
        "Only @price euros? Then I take it. | Here is your @colour @garment.",
        "Do you have it in @colour3? | Yes, here is a @colour3 @garment.",
    ),
    "way": (
        "$excuse, where is the @place? | The @place is $side the @place2. | $far $end",
        "$excuse, how do I get to the @place? | Turn @turn at the @place2. | @turn at the @place2? | "
        "Yes, then you see the @place. $end",
        "$excuse, is there a @place near here? | Yes, the @place is $side the @place2. | And where is the @place2? | "
        "Turn @turn, then you see the @place2. $end",
    ),
    "far": (
        "Is it far to the @place? | No, only @number minutes on foot.",
        "Can I take the @vehicle? | Yes, the @vehicle stops at the @place2.",
    ),
    "hobby": (
        "What do you do on @day? | On @day I go @sport. | $with",
        "Hello @name, do you like @sport? | Yes, I go @sport on @day. | $with",
        "Hi @name, how was your @day? | Good, I went @sport with my @kin. | Does your @kin like @sport? | "
        "Yes, my @kin loves it.",
    ),
    "with": (
        "Do you go @sport alone? | No, I go with my @kin.",
        "I like @sport too. | Then come with me on @day! | $gladly, see you on @day!",
    ),
    "plan": (
        "Hello @name, shall we meet on @day? | On @day I visit my @kin. What about @day2? | "
        "Good, @day2 is fine. $where",
        "Hi @name, are you free on @day? | Yes, on @day I am free. | Shall we go @sport? | "
        "$gladly, I like @sport. $where",
    ),
    "where": {
        "": 1,
        "| Shall we meet at the @place? | Yes, at the @place at @hour.": 2,
        "| When shall we meet? | At @hour, if @hour is good for you.": 1,
    },
    "end": {"": 1, "| $thanks!": 1, "| $thanks! | $welcome.": 1},
    "greeting": "Hello Good_morning Good_evening",
    "excuse": "Excuse_me Sorry",
    "thanks": "Thank_you Thanks_a_lot",
    "welcome": "You_are_welcome Have_a_nice_day",
    "gladly": "Gladly With_pleasure",
    "name": "Anna Ben Clara David Emma Paul",
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "number": "two three four five six",
    "hour": "six seven eight nine noon",
    "price": "ten twelve fifteen twenty thirty",
    "colour": "red blue green black white yellow",
    "garment": "coat jacket scarf hat shirt sweater",
    "place": "station museum library market theatre park hotel bakery",
    "turn": "left right",
    "side": "next_to behind opposite",
    "vehicle": "bus train tram",
    "sport": "swimming hiking cycling dancing sailing skating",
    "kin": "brother sister mother father cousin",
}


def sample() -> dict[str, "Dataset"]:
    """Return the sample for dialogue: column ``turns``, what two people say by turns.

    The same rows on every call and machine; no dialogue stands twice.
    """
    return tabled(_splits(), {"turns": ["string"]})


def _splits() -> dict[str, list[Row]]:
    grammar = Grammar(_RULES)
    return deal(lambda random, _: _talk(grammar, random), ("turns",), _SIZES, _SEED)


def _talk(grammar: Grammar, random: Random) -> Row:
    while True:
        turns = [sentence(turn.strip()) for turn in grammar.say(random, "$dialogue", {}).split("|")]
        if _FEWEST <= len(turns) <= _MOST:
            return {"turns": turns}
