"""The choice of a column for each role: by the name that is given, by a usual one, or by what only one can mean."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from distill.base.terminal_text import name
from distill.base.terminal_text import names as listed
from distill.data import lines_of_text, objects
from distill.data.candidates import candidates, usual
from distill.data.cells import MAX_CHARACTERS
from distill.data.formats import TABLES, placed_entities
from distill.data.guessing import filled, fits, plain
from distill.data.headers import refuse_no_header
from distill.data.label_columns import is_switch
from distill.data.literals import literal
from distill.data.pair_columns import refuse_no_pair
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

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
        endings: of the files that the rows come from; of a data set that is in none, nothing.
    """

    drop_bad: bool = False
    max_characters: int = MAX_CHARACTERS
    exact: Collection[str] = ()
    names: Mapping[str, str] = {}
    key: str = "data.columns"
    endings: Collection[str | None] = (*TABLES, ".txt")

    @property
    def headed(self) -> bool:
        """Whether the names of columns are the first line of a file, where a row may stand instead."""
        return not {*TABLES}.isdisjoint(self.endings)

    @property
    def setting(self) -> str:
        """The setting that names the columns, as a command line takes it."""
        return self.key if self.key == Rules().key else f"+{self.key}"  # which no card has


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
    together = _together(train.column_names, chosen, column_of_role, rules.exact)
    notes = []
    for role in (role for role in roles if role not in chosen):
        wanted = column_of_role[role]
        if role in rules.exact and role in named:
            raise DataError(
                f"{source} has no column {name(wanted)}, which {rules.key}.{role} names; "
                f"it has {listed(train.column_names)}{_joined(wanted, train)}"
            )
        free = [column for column in train.column_names if column not in chosen.values()]
        meant = [together[role]] if together.get(role) in free else candidates(train, free, role, wanted, roles[role])
        if len(meant) != 1:
            _refuse(train, free, role, wanted, roles[role], source, rules, unread, meant)
        refuse_no_header(train, meant if rules.headed else (), roles[role], source, f"{rules.setting}.{role}")
        chosen[role] = meant[0]
        notes.append(f"there is no column {wanted} in {source}; {meant[0]} is taken as the {role}")
    return chosen, notes


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
    rules: Rules,
    unread: Mapping[str, str],
    meant: Sequence[str],
) -> None:
    """Refuse data in which no column, or more than one, can be meant by a role.

    Raises:
        DataError: always.
    """
    for column in free if rules.headed else ():
        other = kind != "label" and fits(train, column, "label")
        setting = f"{rules.setting}.{'ROLE' if other else role}"
        refuse_no_header(train, [column], "label" if other else kind, source, setting)
    if role == "pair":
        refuse_no_pair(train, free, wanted, source)
    columns = [*train.column_names, *(path for path in objects.paths(train) if path.split(".")[0] in free)]
    why = "".join(f"; {name(column)} is not read, since {reason}" for column, reason in [*unread.items()][:_SHOWN])
    setting = f"{rules.setting}.{role}"
    there = f"{listed(columns)}{_rivals(meant, kind)}{_without_content(train, free, kind)}"
    raise DataError(
        f"{source} has no column {wanted}; it has {there}: "
        f"say which one is the {role} with {setting}=NAME{why or _hint(train, free, kind, setting, rules.endings)}"
    )


def _rivals(meant: Sequence[str], kind: str) -> str:
    """The columns of which one is called as usual and others may be meant as well, or nothing."""
    return f", of which {listed(meant)} may be meant" if len(meant) > 1 and usual(meant, kind) else ""


def _without_content(train: "Dataset", free: Sequence[str], kind: str) -> str:
    """The columns that might be a label and say nothing in any row, or nothing."""
    if kind != "label":
        return ""
    first = train[:_LOOKED_AT]
    bare = [column for column in free if not filled(first[column]) and not filled(train[column][:])]
    return f", and nothing in {listed(bare)}" if bare else ""


def _hint(train: "Dataset", free: Sequence[str], kind: str, setting: str, endings: Collection[str | None]) -> str:
    """What else may be meant, as the end of a sentence, or nothing."""
    first = train[:_LOOKED_AT]
    if len(first) == 1 and all(isinstance(value, str) for values in first.values() for value in values):
        return lines_of_text.hint(next(iter(first.values())), kind, endings)
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
