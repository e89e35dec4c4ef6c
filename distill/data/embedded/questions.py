"""The sample for classification in few classes and many: questions, each with what it asks for, coarse and fine.

The same people, places and things are asked about in every class, and "what" begins questions of all of them: what is
asked for follows from the question word together with the noun after it, for some nouns only with the verb too ("what
capital lies on the Nile ?" asks for a city, "what capital did it take ..." for money). What is asked about may be
described by such a noun as well, which then counts for nothing ("who invented the radio in the city where ...").
"""

from random import Random
from typing import TYPE_CHECKING

from distill.data.embedded.grammar import Grammar, Row, Rule, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 21
_SIZES = {"train": 2500, "test": 400}
_SHORTEST, _LONGEST = 5, 14
"""Words of a question."""

_SHARES: dict[str, int] = {
    "ABBR:abb": 12, "ABBR:exp": 18, "DESC:def": 90, "DESC:manner": 70, "DESC:reason": 50, "ENTY:animal": 80,
    "ENTY:food": 70, "ENTY:product": 50, "HUM:gr": 50, "HUM:ind": 160, "LOC:city": 50, "LOC:country": 60,
    "LOC:other": 50, "NUM:count": 80, "NUM:date": 80, "NUM:money": 30,
}  # fmt: skip
"""How often each fine class is asked for, in a thousand."""

_WAYS: dict[str, tuple[str, ...]] = {
    "ABBR:abb": (
        "what is the $short for $long", "what is $long called for short", "how is $long written in short form",
        "which letters stand for $long", "how do you abbreviate $long",
    ),
    "ABBR:exp": (
        "what does $letters stand for", "what does the $short $letters mean", "what is the full form of $letters",
        "what do the letters $letters stand for", "which words does $letters stand for",
    ),
    "DESC:def": (
        "what does the word $term mean", "what is meant by $term in $field", "what is the meaning of $term in $field",
        "how would you define $term in $field", "what is a $animal $like", "what is a $thing $like",
        "who can say what $term means",
    ),
    "DESC:manner": (
        "how does a $thing work", "how do you $task in $place", "how did $person $fate", "how do $animals $live",
        "what is the $best way to $task", "in what way did $person $fate", "how is $dish made in $place",
    ),
    "DESC:reason": (
        "why do $animals $live", "why did $person $fate", "what made $person $fate", "why is $dish eaten in $place",
        "what is the reason that $animals $live", "what caused the $event in $place",
        "for what reason did $person $fate", "how come $person did not $fate",
    ),
    "ENTY:animal": (
        "$what $beast lives in $place", "$what $beast did $person keep in $city", "what is the $most $beast in $place",
        "$what $beast eats $animals", "name a $beast that lives in $place", "what kind of $beast is the $animal",
        "what fish swims in the $river", "who or what eats $animals in $place",
    ),
    "ENTY:food": (
        "$what $food is served at the $event", "$what $food did $person eat in $city",
        "what is the $most $food in $place", "$what $food is made with a $thing", "name a $food that comes from $place",
        "what kind of $food is $dish", "what fish is served with $dish", "what do people in $place eat with $dish",
    ),
    "ENTY:product": (
        "what did $person invent in $city", "$what $device was invented by $person",
        "$what $device is made by $company", "what kind of $device is the $thing",
        "what is the $most $device made in $place", "name a $device that is used to $task",
        "$what $device do you need to $task",
    ),
    "HUM:gr": (
        "$what $group makes the $most $thing", "$what $group won the $event in $place",
        "who are the rivals of $company", "what is the $most $group in $place", "name the $group that $person founded",
        "$what $group did $person join", "$what $group feeds the $animals of $city",
    ),
    "HUM:ind": (
        "who invented the $thing in $place", "who was the first $office of $place", "$what $job was born in $city",
        "$what $job invented the $thing", "what is the name of the $office of $place", "who won the $event in $place",
        "name the $job who invented the $thing", "who is the $most $job in $place", "who taught $person to $task",
        "what figure led $country during the $event", "what was the name of the $job who kept $animals",
    ),
    "LOC:city": (
        "$what $town lies on the $river", "$what $town saw the $event", "in what $town was $person born",
        "what is the $most $town in $country", "name the $town where $person died", "what capital lies on the $river",
        "in which $town is $company based", "what is the capital of $country called",
    ),
    "LOC:country": (
        "$what $nation is home to the $animal", "$what $nation saw the $event", "in what $nation was $person born",
        "what is the $most $nation on the $river", "name the $nation that borders $country",
        "where does $dish come from", "from which $nation does $dish come", "$what $nation makes the $most $thing",
    ),
    "LOC:other": (
        "where do $animals $live", "$what $site lies near $city", "what is the $most $site in $country",
        "where in $country is the $river", "name the $site where $person died", "on what $site do $animals $live",
        "where can you $task in $place",
    ),
    "NUM:count": (
        "how many people live in $place", "how many $animals live in $place", "what is the population of $place",
        "what number of people died in the $event in $place", "what figure is given for the $animals in $place",
        "how many cities in $country held the $event", "how many times did $person $fate",
        "$what number of $animals did $person keep",
    ),
    "NUM:date": (
        "when was $person born in $city", "$what $time did $person $fate", "in what $time was the $thing invented",
        "what is the date of the $event in $place", "when did $person $fate", "when was the $event held in $place",
        "$what $time did $company make the first $thing",
    ),
    "NUM:money": (
        "how much does a $thing cost in $place", "what is the $price of $dish in $place",
        "what was the $price of the first $thing", "how much did $person pay for the $thing",
        "what does a $thing cost in $place", "what capital did it take to found $company",
        "$what sum did $person pay for $dish",
    ),
}  # fmt: skip
"""Questions by fine class, without their mark."""

_RULES: dict[str, Rule] = {
    "what": {"what": 3, "which": 1},
    "place": {"$city": 1, "$country": 1},
    "short": "abbreviation acronym short_form",
    "long": (
        "kilometers per hour", "compact disc", "the European Union", "the United Nations", "the World Bank", "gigabyte",
        "Member of Parliament", "central processing unit", "the Red Cross", "doctor of medicine", "New York",
        "the Labor Party", "chief executive officer", "Los Angeles", "the stock exchange", "ante meridiem",
    ),
    "letters": (
        "NATO UNESCO NASA FIFA OPEC UNICEF HTML RADAR LASER DNA BBC FBI CIA IBM AIDS SCUBA RAM ROM DVD GPS PDF USB VAT "
        "CEO MRI"
    ),
    "term": (
        "inertia osmosis irony metaphor entropy sonata inflation amnesia erosion parody gravity syntax plasma fugue "
        "tariff monsoon caldera isotope hubris catharsis arbitrage photosynthesis"
    ),
    "field": "physics music law medicine poetry biology chess chemistry economics art geology sailing",
    "like": ("exactly", "in simple words", "to a child", "as children learn it"),
    "best": "best fastest cheapest easiest safest usual",
    "most": "oldest largest smallest most_famous best_known most_expensive most_popular first",
    "task": (
        "cook rice", "catch a trout", "repair a clock", "grow tomatoes", "learn Latin", "tune a piano", "build a kite",
        "clean a carpet", "bake bread", "draw a map", "find gold", "tie a knot", "train a dog", "store cheese",
    ),
    "fate": (
        "become famous", "leave $city", "die", "move to $country", "travel to $country", "win the $event",
        "learn Latin", "sell the $thing", "meet $person", "found $company", "lose the $event", "stop eating $dish",
    ),
    "live": ("sleep", "swim", "fight", "hide in winter", "build nests", "gather in spring", "sing at night"),
    "someone": (
        "Mozart Darwin Napoleon Cleopatra Shakespeare Galileo Newton Edison Gandhi Columbus Picasso Einstein Beethoven "
        "Lincoln Caesar Churchill Tolstoy Goethe Dante Vermeer Handel Marconi Curie Nobel Pasteur Tesla Rembrandt Kafka"
    ),
    "job": (
        "poet painter inventor scientist actor singer explorer general author composer lawyer person man woman "
        "sculptor philosopher dancer architect astronomer"
    ),
    "office": "president king queen prime_minister governor emperor leader bishop mayor",
    # Descriptions in place of a name.
    "person": {"$someone": 3, "the $job from $town_name": 1, "the $job who invented the $thing": 1},
    "city": {"$town_name": 3, "the $town on the $river": 1, "the $town where $someone was born": 1},
    "country": {"$nation_name": 3, "the $nation that makes the $thing": 1, "the $nation where $animals live": 1},
    "company": {"$firm": 3, "the $group that makes the $thing": 1, "the $group of $someone": 1},
    "town_name": (
        "Paris London Rome Vienna Cairo Lima Boston Chicago Tokyo Madrid Lisbon Moscow Delhi Prague Dublin Oslo Athens "
        "Berlin Havana Quebec Nairobi Sydney"
    ),
    "town": "city city city town port village suburb metropolis",
    "nation_name": (
        "Peru Egypt Spain India China Brazil Kenya Norway Turkey Chile Canada Mexico Greece Poland Japan Austria Cuba "
        "Ireland Portugal Vietnam Iceland Morocco"
    ),
    "nation": "country country country nation state kingdom republic monarchy",
    "river": "Nile Danube Amazon Rhine Volga Thames Ganges Mekong Mississippi Seine Congo Tiber",
    "site": "mountain river lake island desert valley volcano sea coast canyon peninsula waterfall forest bay",
    "animal": (
        "heron badger otter camel walrus lizard beaver penguin turtle moose owl jackal falcon salmon crane ibis seal "
        "lemur gecko weasel"
    ),
    "animals": (
        "herons badgers otters camels lizards beavers penguins turtles owls jackals falcons salmon cranes seals lemurs "
        "geckos weasels wolves"
    ),
    "beast": "animal animal animal bird insect reptile mammal snake predator rodent creature spider frog whale",
    "dish": "goulash couscous paella sushi risotto borscht curry polenta tofu hummus kimchi pasta marzipan porridge",
    "food": "food food food dish fruit drink soup cheese dessert vegetable sauce spice snack salad",
    "thing": (
        "telephone telescope typewriter radio zipper bicycle microscope steam_engine light_bulb thermometer piano "
        "camera compass tractor parachute submarine toaster calculator barometer elevator"
    ),
    "device": "product product device machine tool instrument invention gadget appliance utensil",
    "firm": "Siemens Kodak Nestle Fiat Sony Philips Ford Boeing Nokia Volvo Xerox Lego Toyota Bayer",
    "group": "company company team band club organization party tribe firm union society orchestra",
    "event": (
        "Olympic_Games World_Cup gold_rush civil_war great_fire world_fair chess_championship summer_festival flood "
        "first_marathon elections famine boat_race"
    ),
    "time": "year year year century month decade season",
    "price": "price price cost",
}  # fmt: skip


def sample() -> dict[str, "Dataset"]:
    """Return the sample of questions: ``text``, ``label`` (such as ``LOC``) and ``fine_label`` (``LOC:city``).

    The same rows on every call and machine, in train and test only; no question stands twice, and all labels are true.
    """
    rows = deal(_question, ("text",), _SIZES, _SEED)
    return tabled(rows, {"text": "string", "label": "string", "fine_label": "string"})


def _question(random: Random, _: str) -> Row:
    fine = random.choices(tuple(_SHARES), tuple(_SHARES.values()))[0]
    while True:
        text = _GRAMMAR.say(random, random.choice(_WAYS[fine]))
        if _SHORTEST <= len(text.split()) <= _LONGEST:
            mark = "." if text.startswith("name ") else "?"
            return {"text": f"{sentence(text)} {mark}", "label": fine.partition(":")[0], "fine_label": fine}


_GRAMMAR = Grammar(_RULES)
