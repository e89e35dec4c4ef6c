"""The choice of a column for each role: by the name that is given, by a usual one, or by what only one can mean."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from distill.base.terminal_text import name
from distill.base.terminal_text import names as listed
from distill.data import bookkeeping, lines_of_text, objects
from distill.data.cells import MAX_CHARACTERS
from distill.data.formats import placed_entities
from distill.data.guessing import fits, plain
from distill.data.headers import refuse_no_header
from distill.data.label_columns import is_switch
from distill.data.literals import literal
from distill.data.pair_columns import refuse_no_pair
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_USUAL: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "texts", "sentence", "sentences"),
    "marked": ("text", "sentence"),
    "label": ("label", "labels", "goldlabel", "class", "target", "y", "isduplicate", "entailmentlabel", "relation"),
    "labels": ("label", "labels", "categories", "classes", "topics", "genres", "tags", "cats"),
    "score": ("score", "label", "similarity", "similarityscore", "relatednessscore", "goldscore"),
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
_TOGETHER: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("text", "pair"): (
        ("sentence1", "sentence2"), ("sentence0", "sentence1"), ("sentencea", "sentenceb"), ("text1", "text2"),
        ("texta", "textb"), ("premise", "hypothesis"), ("question1", "question2"), ("query", "passage"),
        ("question", "sentence"), ("1string", "2string"), ("s1", "s2"),
    ),
    ("source", "target"): (
        ("article", "highlights"), ("article", "summary"), ("article", "abstract"), ("document", "summary"),
        ("dialogue", "summary"), ("text", "summary"), ("content", "summary"), ("src", "tgt"), ("input", "output"),
    ),
    ("context", "question"): (("passage", "question"), ("paragraph", "question"), ("context", "query")),
}  # fmt: skip
"""Names that the columns of two roles usually have together."""
_IN_TWO: Mapping[str, str] = {
    "turns": "where one column holds the reply and another what it answers, both are",
    "answers": "where one column holds the answer and another the place of its first character, both are",
}
"""Kinds of content that may stand in two columns, and how a message says so."""
_SHOWN = 3
"""Columns that cannot be used of which a message says so."""
_LOOKED_AT = 1000
"""Rows that are looked at to tell what a column holds."""


class Rules(NamedTuple):
    """How strictly the columns of the files are matched with roles and read.

    Attributes:
        drop_bad: leave rows out that cannot be used, instead of refusing them.
        max_characters: a text may have.
        exact: roles whose column has to have the name that is given.
        names: label to the name that the settings give it.
        key: the setting that names the columns, for messages.
    """

    drop_bad: bool = False
    max_characters: int = MAX_CHARACTERS
    exact: Collection[str] = ()
    names: Mapping[str, str] = {}
    key: str = "data.columns"


def choose(
    train: "Dataset",
    roles: Mapping[str, str],
    named: Mapping[str, str],
    source: str,
    rules: Rules,
    unread: Mapping[str, str] = {},
) -> tuple[dict[str, str], list[str]]:
    """Return the column of each role, and a sentence for each that has another name than was looked for.

    Args:
        train: the split by which they are chosen.
        roles: role of the task to the kind of its content.
        named: role to the name of its column; a role that is not named has a column of its own name.
        source: where the data came from, for messages.
        rules: which names are exact, and the setting that gives them.
        unread: column of the file that is none of train, to why it cannot be used.

    Raises:
        DataError: a column is absent and no other can be meant.
    """
    column_of_role = {role: named.get(role, role) for role in roles}
    chosen = {role: column for role, column in column_of_role.items() if column in train.column_names}
    if doubled := [role for role, column in chosen.items() if list(chosen.values()).count(column) > 1]:
        raise DataError(f"{rules.key} gives the column {chosen[doubled[0]]} to {' and '.join(doubled)}")
    usual = _together(train.column_names, chosen, column_of_role, rules.exact)
    notes = []
    for role in (role for role in roles if role not in chosen):
        wanted = column_of_role[role]
        if role in rules.exact and role in named:
            raise DataError(
                f"{source} has no column {name(wanted)}, which {rules.key}.{role} names; "
                f"it has {listed(train.column_names)}{_joined(wanted, train)}"
            )
        free = [column for column in train.column_names if column not in chosen.values()]
        candidates = [usual[role]] if usual.get(role) in free else _candidates(train, free, role, wanted, roles[role])
        if len(candidates) != 1:
            _refuse(train, free, role, wanted, roles[role], source, rules.key, unread)
        refuse_no_header(train, candidates[0], roles[role], source)
        chosen[role] = candidates[0]
        notes.append(f"there is no column {wanted} in {source}; {candidates[0]} is taken as the {role}")
    return chosen, notes


def _candidates(train: "Dataset", free: Sequence[str], role: str, wanted: str, kind: str) -> list[str]:
    """The columns that may be meant by a role: by its name, by one that is usual, or by what they hold."""
    if role in free:
        return [role]
    for names in ({plain(wanted)}, {plain(role)}, _USUAL.get(kind, ())):
        by_name = [column for column in free if plain(column) in names]
        fitting = by_name if len(by_name) < 2 else [column for column in by_name if fits(train, column, kind)]
        if len(fitting) == 1:
            return fitting
    fitting = [column for column in free if fits(train, column, kind)]
    if kind in bookkeeping.KINDS:
        fitting = [column for column in fitting if not bookkeeping.is_bookkeeping(train, column, free)]
    of_text = [column for column in fitting if plain(column) in _OF_TEXT.get(kind, ())]
    return of_text if len(of_text) == 1 else fitting


def _together(
    columns: Sequence[str], chosen: Mapping[str, str], wanted: Mapping[str, str], exact: Collection[str]
) -> dict[str, str]:
    """The columns of two roles that have usual names together, where neither role has a column yet."""
    by_plain_name = {plain(column): column for column in columns}
    for roles, ways in _TOGETHER.items():
        if not set(roles) <= wanted.keys() or {*chosen, *exact} & {*roles}:
            continue
        found = [way for way in ways if set(way) <= by_plain_name.keys()]
        if len(found) == 1:
            return {role: by_plain_name[each] for role, each in zip(roles, found[0], strict=True)}
    return {}


def _refuse(
    train: "Dataset",
    free: Sequence[str],
    role: str,
    wanted: str,
    kind: str,
    source: str,
    key: str,
    unread: Mapping[str, str],
) -> None:
    """Refuse data in which no column, or more than one, can be meant by a role.

    Raises:
        DataError: always.
    """
    for column in train.column_names:
        refuse_no_header(train, column, "label" if fits(train, column, "label") else kind, source)
    if role == "pair":
        refuse_no_pair(train, free, wanted, source)
    way = key if key == Rules().key else f"+{key}"  # which no card has
    columns = [*train.column_names, *(path for path in objects.paths(train) if path.split(".")[0] in free)]
    why = "".join(f"; {name(column)} is not read, since {reason}" for column, reason in [*unread.items()][:_SHOWN])
    raise DataError(
        f"{source} has no column {wanted}; it has {listed(columns)}: "
        f"say which one is the {role} with {way}.{role}=NAME{why or _hint(train, free, kind, f'{way}.{role}')}"
    )


def _hint(train: "Dataset", free: Sequence[str], kind: str, setting: str) -> str:
    """What else may be meant, as the end of a sentence, or nothing."""
    first = train[:_LOOKED_AT]
    if len(first) == 1 and all(isinstance(value, str) for values in first.values() for value in values):
        return lines_of_text.hint(next(iter(first.values())), kind)
    switches = [column for column in free if all(map(is_switch, first[column])) and any(map(_said, first[column]))]
    if kind in _IN_TWO and len(free) > 1 and not any(fits(train, column, kind) for column in free):
        return f"; {_IN_TWO[kind]} {setting}=ONE+OTHER"
    if kind == "marked" and placed_entities.names_places(train.column_names):
        return (
            "; its entities are told by their places, which are read from JSON and Parquet: save each split with "
            "to_json or to_parquet"
        )
    if kind == "labels" and len(switches) > 1:
        return f"; several columns of 0 and 1 are {setting}={'+'.join(switches)}"
    spans = [column for column in train.column_names if any(map(_is_span, first[column]))]
    if kind in ("tags", "texts") and spans:
        return (
            f"; {name(spans[0])} holds spans of characters, which are read from JSON and Parquet, each with a start, "
            "an end and one label, beside a column text: write them so, or split each text into words with a tag for "
            "each, by spacy.training.offsets_to_biluo_tags"
        )
    written = [column for column in train.column_names if any(map(_is_written_span, first[column]))]
    if kind in ("tags", "texts") and written:
        return (
            f"; {name(written[0])} holds spans of characters in the cells of a table: they are read from JSON, "
            "which the tool that wrote them exports, too"
        )
    return ""


def _said(value: object) -> bool:
    return value is not None and value != ""


def _is_span(value: object) -> bool:
    """Whether a value is a list of objects that say where in a text something begins and ends."""
    objects_of_list = value if isinstance(value, list) else []
    return any(
        isinstance(each, Mapping) and ({"start", "end"} <= each.keys() or {"start_offset", "end_offset"} <= each.keys())
        for each in objects_of_list
    )


def _is_written_span(value: object) -> bool:
    """Whether a cell of a table holds such a list as a text."""
    return isinstance(value, str) and value.lstrip()[:1] == "[" and _is_span(literal(value))


def _joined(wanted: str, train: "Dataset") -> str:
    """That labels in several columns are those of another task, as the end of a sentence, or nothing."""
    if "+" in wanted and set(wanted.split("+")) <= set(train.column_names):
        return "; columns are joined by + for labels of multilabel_classification"
    return ""
