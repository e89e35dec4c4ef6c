"""The sample for classification: sentences about films from a small grammar, each with the opinion of its writer.

A rule of the grammar keeps, turns or ignores an opinion, so that the words alone do not tell it: "not dull" praises,
in "dull , but moving" the second half counts, and what the critics said counts for nothing.
"""

import re
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from distill.data.embedded.grammar import Grammar, Row, Rule, articles, distinct, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 20
_SIZES = {"train": 6000, "validation": 800, "test": 800}
_WRONG = {"train": 0.05, "validation": 0.0, "test": 0.0}
"""Share of labels that are turned; a model is chosen and judged by true ones."""
_SHORTEST, _LONGEST = 5, 25
"""Words of a sentence."""

NEGATIVE, POSITIVE = 0, 1

# In a rule, `+name` is a part that has the opinion of the whole, `-name` the opposite one, `?name` either, by chance;
# `$name` has none. The number is how often the rule is taken, relative to its neighbours.
_RULES: dict[str, dict[str, int]] = {
    "sentence": {"+plain": 56, "+contrast": 29, "+hearsay": 15},
    "plain": {"+claim": 3, "+claim $time": 2, "$opening +claim": 3, "+claim and +claim": 2, "+claim , $reason": 2},
    # Of two opposite opinions, the one that is not granted wins, wherever it stands.
    "contrast": {
        "-claim , but +claim": 4,
        "-claim , yet +claim": 2,
        "the $part is -quality but +quality": 1,
        "although -claim , +claim": 3,
        "+claim , even though -claim": 3,
        "despite its -noun , +claim": 2,
        "+claim despite its -noun": 2,
    },
    # What others think, or of another work, is no opinion about the film.
    "hearsay": {
        "$others $found it ?quality , but +claim": 3,
        "+claim , though $others $found it ?quality": 3,
        "the $other was ?quality , but here +claim": 3,
        "+claim , while the $other was ?quality": 3,
        "i expected ?noun , and +claim": 2,
    },
    "claim": {"+straight": 6, "+turned": 1},
    "straight": {
        "the $part $is +quality": 5,
        "the $part has $amount +noun": 3,
        "the $part +acts": 2,
        "the $part +moves $people": 3,
        "this is a +adjective $film": 3,
    },
    "turned": {
        "the $part is not -adjective": 3,
        "the $part is never -adjective": 2,
        "the $part is hardly -adjective": 2,
        "the $part is far from -adjective": 2,
        "there is nothing -adjective about the $part": 2,
        "the $part never -acts": 1,
        "the $part never -moves $people": 2,
        "the $part lacks -noun": 2,
    },
    "quality": {"+adjective": 5, "$degree +adjective": 4},
}

# Words by opinion, negative and positive; `_` stands for a space.
_OPINIONS: dict[str, tuple[str, str]] = {
    "adjective": (
        "bland boring bleak careless cheap clumsy confusing contrived crude dreary dull empty flat hollow "
        "irritating lazy lifeless messy monotonous muddled pointless predictable pretentious shallow silly stale "
        "tedious ugly",
        "amusing beautiful bright brilliant captivating charming clever delightful elegant enjoyable fascinating "
        "fresh funny gorgeous graceful gripping heartfelt hilarious honest inspired lively lovely memorable moving "
        "original playful smart stunning",
    ),
    "noun": (
        "boredom chaos confusion cynicism emptiness filler kitsch laziness nonsense pretension silliness "
        "sloppiness tedium vulgarity",
        "charm depth energy grace heart humor imagination insight magic style suspense warmth wisdom wit",
    ),
    "acts": (
        "collapses disappoints drags fails flops meanders stumbles",
        "captivates delivers excels shines soars sparkles succeeds",
    ),
    "moves": (
        "alienates annoys bores exhausts frustrates insults irritates repels wearies",
        "amuses charms delights enchants entertains fascinates inspires rewards thrills",
    ),
}

_NEUTRAL: dict[str, str] = {
    "part": (
        "film movie picture story plot script dialogue acting direction photography editing music score pacing "
        "opening ending finale romance mystery premise cast lead villain hero narration comedy drama satire tone set "
        "staging soundtrack camerawork screenplay performance production"
    ),
    "film": "film movie picture comedy drama thriller western musical documentary romance tragedy adventure",
    "is": "is is is feels looks seems",
    "degree": "very really truly deeply extremely utterly quite somewhat rather slightly fairly a_little",
    "amount": "much real plenty_of a_lot_of some a_little enough",
    "people": "me us everyone the_audience the_viewer the_crowd families children adults the_whole_room",
    "others": (
        "critics reviewers my_friends my_parents my_sister my_brother our_neighbours the_newspapers the_jury the_fans "
        "my_teacher most_people"
    ),
    "found": "found called considered thought",
    "other": "trailer book novel sequel prequel original_series remake stage_play poster comic radio_version",
    "opening": (
        "in_my_view_, for_me_, to_my_mind_, all_in_all_, in_the_end_, on_the_whole_, i_think_that i_must_say_that "
        "after_two_hours_, looking_back_, once_again_, on_second_viewing_, in_short_, it_turns_out_that"
    ),
    "time": (
        "from_start_to_finish in_the_first_half in_the_second_half for_most_of_its_length to_the_last_minute "
        "from_the_first_scene in_every_frame this_time again on_the_big_screen at_home until_the_credits_roll"
    ),
    "reason": (
        "and_i_saw_it_twice as_i_told_my_family whatever_its_budget for_all_its_length and_it_runs_two_hours "
        "and_that_is_all and_it_was_late so_i_wrote_this_down and_the_theater_was_full as_the_night_went_on"
    ),
}


def sample() -> dict[str, "Dataset"]:
    """Return the sample for two-class sentiment: columns ``text`` and ``label`` (0 negative, 1 positive).

    The same rows on every call and machine; no sentence stands twice, and about one in twenty labels of train (of no
    other split) is wrong.
    """
    return tabled(_splits(), {"text": "string", "label": "int64"})


def _splits() -> dict[str, list[Row]]:
    random, seen, grammar = Random(_SEED), set[str](), Grammar(_rules())  # noqa: S311 (a sample, not a secret)
    return {
        split: list(islice(_examples(grammar, random, _WRONG[split], seen), size)) for split, size in _SIZES.items()
    }


def _examples(grammar: Grammar, random: Random, wrong: float, seen: set[str]) -> Iterator[Row]:
    """New sentences without end; ``seen`` grows by each."""
    for row in distinct(lambda: _sentence(grammar, random), ("text",), seen):
        yield {**row, "label": 1 - row["truth"] if random.random() < wrong else row["truth"]}


def _sentence(grammar: Grammar, random: Random) -> Row:
    while True:
        truth = random.choice((NEGATIVE, POSITIVE))
        text = articles(grammar.say(random, f"$sentence{truth}"))
        if _SHORTEST <= sum(map(str.isalpha, text.split())) <= _LONGEST:
            return {"text": text, "truth": truth}


def _rules() -> dict[str, Rule]:
    """Plain rules: each that has an opinion once for either (``claim0``, ``claim1``), and for both (``claimx``)."""
    rules: dict[str, Rule] = {f"{name}x": f"${name}0 ${name}1" for name in (*_RULES, *_OPINIONS)}
    for opinion in (NEGATIVE, POSITIVE):
        rules |= {f"{name}{opinion}": words[opinion] for name, words in _OPINIONS.items()}
        for name, ways in _RULES.items():
            rules[f"{name}{opinion}"] = {_signed(way, opinion): weight for way, weight in ways.items()}
    return {**rules, **_NEUTRAL}


def _signed(way: str, opinion: int) -> str:
    suffix = {"+": opinion, "-": 1 - opinion, "?": "x"}
    return re.sub(r"([+?-])(\w+)", lambda part: f"${part[2]}{suffix[part[1]]}", way)
