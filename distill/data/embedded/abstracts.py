"""The sample for summaries: abstracts of papers nobody wrote, each with one sentence that says what was done and found.

The problem, the method and the finding stand in different sentences, in which the summary has to find them: earlier
work, about other methods and problems in the same words, is a trap, as are thanks and good news about the field.
"""

from random import Random
from typing import TYPE_CHECKING

from distill.data.embedded.grammar import Grammar, Row, Rule, deal, sentence, tabled

if TYPE_CHECKING:
    from datasets import Dataset

_SEED = 22
_SIZES = {"train": 1200, "validation": 60, "test": 100}
_SHORTEST, _LONGEST = 40, 80
"""Words of an abstract."""

_DOING = {
    "rank": "ranking",
    "label": "labelling",
    "translate": "translating",
    "compress": "compressing",
    "sort": "sorting",
    "search": "searching",
}
"""What an abstract sets out to do, and how its summary says it."""

_RULES: dict[str, Rule] = {
    "abstract": {
        "$problem $claim $finding $thanks": 2,
        "$problem $earlier $claim $finding": 3,
        "$earlier $problem $claim $finding": 2,
        "$field $problem $claim $finding": 2,
        "$field $problem $earlier $claim $finding": 2,
        "$problem $earlier $claim $finding $thanks": 2,
        "$problem $claim $finding $earlier": 2,
    },
    "field": (
        "Learning from text has made great progress in recent years.",
        "Large collections of text are now easy to come by.",
        "Neural networks have become a common tool in many fields.",
    ),
    "problem": (
        "We study how to @do @things , a problem that is hard because $reason.",
        "To @do @things is still a hard problem because $reason.",
        "In practice one often has to @do @things , although $reason.",
    ),
    "reason": (
        "labels are rare",
        "the inputs are long and noisy",
        "small errors add up quickly",
        "most words are seen only once",
        "memory is short on small devices",
    ),
    "earlier": (
        "Earlier work tried to @do2 @things2 with @method2 , which @result2.",
        "Others use @method2 to @do2 @things2 and report that it @result2.",
    ),
    # How the summary begins depends on how the claim does.
    "claim": ("We @verb @method that $detail.", "This paper @tells @method that $detail."),
    "verb": "propose present introduce",
    "tells": "describes examines",
    "detail": (
        "reads each input only once",
        "shares its weights across layers",
        "learns from easy examples first",
        "looks at whole and broken words",
        "stores what it has seen before",
    ),
    "finding": (
        "In experiments on $data it @result.",
        "Our tests on $data show that this approach @result.",
        "On $data we find that it clearly @result.",
    ),
    "data": ("three public collections", "two large collections", "five small tasks", "both old and new data"),
    "thanks": ("We thank our readers for many helpful remarks.", "All code and data are free to use."),
    "do": " ".join(_DOING),
    "things": "short_messages legal_documents news_stories medical_records old_letters film_reviews",
    "method": ("a $trait $model",),
    "trait": "sparse deep compact recurrent shared layered",
    "model": "network encoder tree memory filter parser",
    "result": (
        "halves the training time",
        "needs far fewer labels",
        "improves recall on rare words",
        "saves half of the memory",
        "makes fewer errors",
        "runs faster on long inputs",
        "works well without tuning",
        "beats much larger models",
    ),
}


def sample() -> dict[str, "Dataset"]:
    """Return the sample for summaries: columns ``source`` (an abstract) and ``target`` (its summary, one sentence).

    The same rows on every call and machine; no abstract stands twice, and each determines its summary.
    """
    return tabled(_splits(), {"source": "string", "target": "string"})


def _splits() -> dict[str, list[Row]]:
    grammar = Grammar(_RULES)
    return deal(lambda random, _: _paper(grammar, random), ("source",), _SIZES, _SEED)


def _paper(grammar: Grammar, random: Random) -> Row:
    while True:
        known: dict[str, str] = {}
        source = _written(grammar.say(random, "$abstract", known))
        if _SHORTEST <= len(source.split()) <= _LONGEST:
            return {"source": source, "target": _written(grammar.say(random, _summary(known), known))}


def _summary(known: dict[str, str]) -> str:
    doing = f"{_DOING[known['do']]} @things"
    return f"We @verb @method for {doing} that @result." if "verb" in known else f"@method for {doing} @result."


def _written(text: str) -> str:
    return sentence(text.replace(" ,", ","))
