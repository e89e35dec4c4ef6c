"""The sample for named entities: sentences as in the news, cut into tokens, with a tag for each.

The same names stand for people, places, companies, clubs and cups, so that a name does not tell its kind: the words
around it do ("Jordan scored", "in Jordan", "Jordan Motors"). Validation and test have names that train lacks. A few
sentences are long lists of results, such as do not fit a short window.
"""

import re
from random import Random
from typing import TYPE_CHECKING

from distill.data.embedded.grammar import Grammar, Row, Rule, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 23
_SIZES = {"train": 2000, "validation": 300, "test": 300}
_LISTS = 0.03
"""The share of lists of results."""
_LIST_TOKENS = 60, 85
"""How long a list is at least, from and to; it ends with the first result that makes it so."""

# An entity stands in brackets, behind its type.
_RULES: dict[str, Rule] = {
    "text": {"$story .": 12, "$story , $source .": 4, "$source that $story .": 2, "$day $story .": 1, "$plain .": 1},
    "story": {"$sport": 7, "$business": 6, "$politics": 7},
    "sport": (
        "@club beat @club2 $goals-$goals in $loc",
        "$per scored $count goals for $club",
        "@club lost to @club2 $when",
        "$per won the $event after beating $nation champion $per",
        "$per will miss the $event with a knee injury",
        "$club signed $nation striker $per from $club",
        "$per of $club was injured in the match in $loc",
        "the $event will be held in $loc in $month",
        "$club coach $per praised the $nation fans",
        "$per ran the fastest time in $loc",
        "@per defeated @per2 6-$goals 6-$goals in the final",
    ),
    "business": (
        "shares in $firm fell $count percent $when",
        "$firm said it would buy $firm for $count million dollars",
        "$firm will close its plant in $loc",
        "$per was named chief executive of $firm",
        "@firm and @firm2 agreed to build a factory near $loc",
        "$nation exports to $loc rose $count percent",
        "profits at $firm beat forecasts , analyst $per said",
        "$body left interest rates unchanged $when",
        "$firm opened $count shops in $loc and $loc",
        "$per , who founded $firm , sold his stake to $firm",
        "$nation bank $firm cut $count jobs in $loc",
    ),
    "politics": (
        "$nation president $per arrived in $loc for talks",
        "$per met $nation ministers in $loc $when",
        "$body called for new elections in $loc",
        "troops from @loc crossed into @loc2 $when",
        "$per of $body resigned $when",
        "$body rejected the $treaty",
        "thousands marched through $loc against $per",
        "@loc and @loc2 signed the $treaty",
        "police in $loc arrested $count $nation citizens",
        "$per told $body that the vote in $loc was fair",
        "the trial of $per opened in $loc $when",
        "$nation minister $per travelled from @loc to @loc2",
    ),
    "plain": (
        "no one was hurt , officials said $when",
        "talks broke down $when after $count hours",
        "$day was a holiday",
        "police said $count people were injured $when",
        "prices rose $count percent $when , traders said",
    ),
    "source": ("$per said", "$body said", "$firm reported", "a spokesman for $firm said", "officials in $loc said"),
    "when": {"on $day": 3, "last week": 1, "late on $day": 1, "in $month": 1},
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "month": "January March May July August October December",
    "count": "two three four five 6 8 10 12 15 20 30",
    "goals": "0 1 2 3 4",
    "list": {"results of the $event in $loc on $day :": 2, "$day 's results from the $event :": 1},
    "match": "@club_$goals_@club2_$goals",
    "finisher": "$per_(_$loc_)_$goals:5$goals",
    "per": {"[PER $first $last]": 6, "[PER $last]": 3, "[PER $first $letter. $last]": 1, "[PER $first van $last]": 1},
    "loc": {"[LOC $place]": 12, "[LOC $side $place]": 2, "[LOC Lake $name]": 1, "[LOC Port of $place]": 1},
    "club": {"[ORG $place]": 4, "[ORG $place $team]": 3, "[ORG $name $team]": 2, "[ORG Real $place]": 1},
    "firm": {
        "[ORG $name $trade]": 5,
        "[ORG $name]": 3,
        "[ORG $place $trade]": 2,
        "[ORG $letter$letter$letter]": 1,
        "[ORG $last and $last]": 1,
        "[ORG Bank of $place]": 1,
    },
    "body": {
        "[ORG $party Party]": 3,
        "[ORG United Nations]": 1,
        "[ORG European Commission]": 1,
        "[ORG NATO]": 1,
        "[ORG Bank of $place]": 1,
        "[ORG University of $place]": 1,
        "[ORG $place Council]": 1,
    },
    "nation": {
        "[MISC German]": 1,
        "[MISC French]": 1,
        "[MISC Italian]": 1,
        "[MISC Spanish]": 1,
        "[MISC Dutch]": 1,
        "[MISC Brazilian]": 1,
        "[MISC Russian]": 1,
        "[MISC Japanese]": 1,
        "[MISC Kenyan]": 1,
        "[MISC South African]": 1,
    },
    "event": {"[MISC $place Open]": 3, "[MISC $name Cup]": 3, "[MISC World Cup]": 1, "[MISC $place Grand Prix]": 1},
    "treaty": {"[MISC Treaty of $place]": 2, "[MISC $place Accord]": 2, "[MISC $name Plan]": 1},
    "first": {"$given": 8, "$either": 2},
    "last": {"$family": 6, "$either": 2, "$coined": 2},
    "place": {"$town": 6, "$either": 3, "$coined": 2},
    "name": {"$family": 3, "$either": 3, "$coined": 2},
    "given": "Anna Peter John Maria David Laura Michael Elena Thomas Ivan Carlos Ruth Pierre Hans Yuki Omar",
    "family": (
        "Smith Miller Rossi Novak Garcia Meyer Dubois Petrov Jansen Tanaka Walker Fischer Silva Larsen Bennett Moreau "
        "Ford Hughes Weber Costa Lindberg Kovacs"
    ),
    "either": "Jordan Austin Paris Sydney Milan Florence Georgia Washington Lincoln Charlotte Chester Israel Chad Kent",
    "town": (
        "London Berlin Rome Madrid Moscow Tokyo Boston Vienna Leeds Lyon Oslo Prague Kenya Brazil Japan Peru Egypt "
        "Norway Poland Chile"
    ),
    "coined": "$start$end",
    "start": "Bar Kel Mor Tan Vel Dor Hal Per Sol Win Gar Lun",
    "end": "ton ley man ova berg ina field more dale es",
    "team": "United City Rangers Athletic Wanderers",
    "trade": "Motors Bank Group Airlines Steel Holdings Foods Telecom",
    "party": "Labour Green National Liberal Socialist Farmers",
    "side": "North South West New",
    "letter": "A B C D F G K L M P R S T",
}

_HELD_OUT: dict[str, Rule] = {
    "given": f"{_RULES['given']} Greta Simon Nadia Victor Aisha Felix Ingrid Pablo Helen Marco",
    "family": f"{_RULES['family']} Carter Schulz Romano Ivanov Suzuki Olsen Mendes Keller Fontaine Baker Horvat Nagy",
    "town": f"{_RULES['town']} Lisbon Dublin Hamburg Turin Seoul Cairo Denver Mexico Finland Cuba Ghana Nepal",
    "start": "Cas Fen Jar Nol Rud Stan Thor Wex Zal Bren",
}
"""Names as they are in validation and test."""


def sample() -> dict[str, "Dataset"]:
    """Return the sample for named entities: columns ``tokens`` and ``label``, lists of one length; tags are IOB2.

    The same rows on every call and machine; no sentence stands twice, and all tags are true.
    """
    return tabled(deal(_sentence, ("tokens",), _SIZES, _SEED), {"tokens": ["string"], "label": ["string"]})


def _sentence(random: Random, split: str) -> Row:
    grammar = _SEEN if split == "train" else _UNSEEN
    return _tagged(sentence(_list(random, grammar) if random.random() < _LISTS else grammar.say(random, "$text")))


def _list(random: Random, grammar: Grammar) -> str:
    fewest_tokens, kind = random.randint(*_LIST_TOKENS), random.choice(("$match", "$finisher"))
    text = f"{grammar.say(random, '$list')} {grammar.say(random, kind)}"
    while len(_tagged(f"{text} .")["tokens"]) < fewest_tokens:
        text += f" ; {grammar.say(random, kind)}"
    return f"{text} ."


def _tagged(text: str) -> Row:
    """Tokens of a text with brackets, and their tags.

    >>> _tagged("[PER Ann Lee] left [LOC Rome] .")
    {'tokens': ['Ann', 'Lee', 'left', 'Rome', '.'], 'label': ['B-PER', 'I-PER', 'O', 'B-LOC', 'O']}
    """
    tokens: list[str] = []
    tags: list[str] = []
    for kind, name, word in re.findall(r"\[(\w+) ([^\]]+)\]|(\S+)", text):
        words = name.split() or [word]
        tokens += words
        tags += [f"B-{kind}", *[f"I-{kind}"] * (len(words) - 1)] if kind else ["O"]
    return {"tokens": tokens, "label": tags}


_SEEN, _UNSEEN = Grammar(_RULES), Grammar({**_RULES, **_HELD_OUT})
