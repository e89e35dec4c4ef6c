"""Columns that may be meant by a role: by its name, by one that is usual, or by what they hold."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from distill.data import bookkeeping
from distill.data.guessing import SAMPLE, filled, fits, has_numbers, plain

if TYPE_CHECKING:
    from datasets import Dataset

_USUAL: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "texts", "sentence", "sentences"),
    "marked": ("text", "sentence"),
    "label": ("label", "labels", "goldlabel", "class", "target", "y", "isduplicate", "entailmentlabel", "relation"),
    "labels": ("label", "labels", "categories", "classes", "topics", "genres", "tags", "cats"),
    "score": ("score", "label", "similarity", "similarityscore", "relatednessscore", "relatedness", "goldscore"),
    "texts": ("tokens", "words", "token", "word", "tokenizedtext"),
    "tags": ("tags", "nertags", "ner", "nerlabels", "wordlabels", "tag", "labels", "label"),
    "turns": ("turns", "messages", "conversations", "conversation", "dialog", "dialogue", "utterances"),
    "answers": ("answers", "answer"),
}  # fmt: skip
"""Names that columns of a kind of content usually have, in small letters and without signs."""
_OF_TEXT: Mapping[str, tuple[str, ...]] = {
    "texts": ("text", "sentence", "content", "document", "sourcetext"),
    "tags": ("entities", "spans", "annotations", "privacymask"),
}
"""Names that columns of words and tags have where the words were split from a text; its content has to fit, too."""
_OF_ANY_LABEL = frozenset({"label", "labels"})
"""Names of columns of labels of whichever kind."""
_VAGUE = frozenset({"class", "target", "y", "relation"})
"""Usual names of a label that are those of a topic, a coordinate, or another text as well."""
_TELLING = frozenset({"sentiment", "sentiments", "stance", "polarity", "emotion", "emotions", "mood", "intent"})
"""Words with which names of columns end that tell a label better than the vague names do."""
_AFTER = frozenset({"label", "labels", "class", "category"})
"""Words that may stand after such a word."""
_CLASSES = 3
"""Whole numbers of which so few are classes rather than scores, where a score stands beside them."""
_SEVERAL = 10
"""Rows from which on values that nearly all differ are no classes."""
_MOST = 0.9
"""Share of rows from which on nearly all differ."""


def candidates(train: "Dataset", free: Sequence[str], role: str, wanted: str, kind: str) -> list[str]:
    """Return the columns that may be meant by a role: one where it is sure, several where they have to be told apart.

    Args:
        train: the split by which they are chosen.
        free: its columns that have no role yet.
        role: of the task.
        wanted: the name that is looked for, which is none of theirs.
        kind: of the content that the role needs.
    """
    column = _by_name(train, free, role, wanted, kind)
    if column is None:
        return _by_content(train, free, kind)
    if kind == "label" and plain(column) not in (plain(role), plain(wanted)):
        return _called_so(train, free, column)
    if kind != "label" and plain(column) in _OF_ANY_LABEL:
        return _beside_any_label(train, free, column, kind)
    return [column]


def usual(columns: Sequence[str], kind: str) -> list[str]:
    """Return those of the columns that have a usual name of a kind of content."""
    return [column for column in columns if plain(column) in _USUAL.get(kind, ())]


def _by_name(train: "Dataset", free: Sequence[str], role: str, wanted: str, kind: str) -> str | None:
    """The one column that has the name of the role, the wanted one in another spelling, or one that is usual."""
    if role in free:
        return role
    for names in ({plain(wanted)}, {plain(role)}, _USUAL.get(kind, ())):
        by_name = [column for column in free if plain(column) in names]
        fitting = by_name if len(by_name) < 2 else [column for column in by_name if fits(train, column, kind)]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _by_content(train: "Dataset", free: Sequence[str], kind: str) -> list[str]:
    """The columns that hold what a role needs; beside a label in words none that always says the same."""
    fitting = [column for column in free if fits(train, column, kind)]
    if kind in bookkeeping.KINDS:
        fitting = [column for column in fitting if not bookkeeping.is_bookkeeping(train, column, free)]
    if kind == "label" and len(fitting) > 1:
        telling = [column for column in fitting if not _says_one_thing(train, column)]
        fitting = telling if len(telling) == 1 and not has_numbers(train, telling[0]) else fitting
    of_text = [column for column in fitting if plain(column) in _OF_TEXT.get(kind, ())]
    return of_text if len(of_text) == 1 else fitting


def _called_so(train: "Dataset", free: Sequence[str], column: str) -> list[str]:
    """A column that has a usual name of labels, and beside a vague one those that say another thing and tell more.

    One of nearly as many values as rows is no label by its name alone, nor is one that always says the same.
    """
    if _says_one_thing(train, column) or _names_rows(train, column):
        return _by_content(train, free, "label")
    telling = [other for other in free if plain(column) in _VAGUE and other != column and _tells(other)]
    labels = [other for other in telling if fits(train, other, "label") and not _says_one_thing(train, other)]
    return [column, *(other for other in labels if not _say_the_same(train, column, other))]


def _beside_any_label(train: "Dataset", free: Sequence[str], column: str, kind: str) -> list[str]:
    """A column of labels of whichever kind, or those of a kind's own names, where the first cannot hold it."""
    others = [other for other in usual(free, kind) if plain(other) not in _OF_ANY_LABEL]
    if kind == "score":
        return _scores(train, free, column, others)
    if kind == "labels" or fits(train, column, kind):  # of several labels a text may hold one
        return [column]
    return [other for other in others if fits(train, other, kind)] or [column]


def _scores(train: "Dataset", free: Sequence[str], column: str, others: Sequence[str]) -> list[str]:
    """A column of labels of whichever kind, or those that are called a score, where a class may stand in the first."""
    numbers = [other for other in others if has_numbers(train, other)]
    if not has_numbers(train, column):
        return numbers or _by_content(train, free, "score") or [column]
    scores = [other for other in numbers if fits(train, other, "score")]
    if fits(train, column, "score"):
        return [column, *scores]
    classes = len({*map(str, filled(train[column][:SAMPLE]))}) <= _CLASSES
    return scores if scores and classes else [column, *numbers]


def _says_one_thing(train: "Dataset", column: str) -> bool:
    """Whether all rows that say something say the same."""
    rows = train[column]
    if len(rows) < 2 or len({str(value).strip() for value in filled(rows[:SAMPLE])}) > 1:
        return False
    return len({str(value).strip() for value in filled(rows[:])}) < 2  # the first rows of sorted ones say the same


def _names_rows(train: "Dataset", column: str) -> bool:
    """Whether nearly all rows say something of their own."""
    values = filled(train[column][:SAMPLE])
    simple = all(isinstance(value, str | int | float) for value in values)
    return simple and len(values) >= _SEVERAL and len({*map(str, values)}) > _MOST * len(values)


def _say_the_same(train: "Dataset", one: str, other: str) -> bool:
    """Whether each value of one column stands beside one of the other, as names do beside the numbers of classes."""
    pairs = {*zip(map(str, train[one][:SAMPLE]), map(str, train[other][:SAMPLE]), strict=True)}
    return len({first for first, _ in pairs}) == len({second for _, second in pairs}) == len(pairs)


def _tells(column: str) -> bool:
    """Whether a name ends with a telling word, as ``airline_sentiment`` and ``sentimentLabel`` do."""
    words = [word.casefold() for word in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", column)]
    return next((word for word in reversed(words) if word not in _AFTER), "") in _TELLING
