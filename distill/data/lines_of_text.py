"""Files of one text a line, which may be tables, or in a format of their own, under a name that ends in .txt."""

from collections.abc import Collection, Sequence

from distill.data.formats import TABLES

_SIGNS = {"\t": ("a tab", ".tsv"), ";": (";", ".csv"), "|": ("|", ".csv")}
"""What stands between the fields of tables and seldom in texts: how it is called, and how the file should end."""
_TURN = "__eou__"
"""The end of an utterance in DailyDialog."""
_ENTITY = "<e1>"
_OF_TABLES = (
    "; the first line of the table names this column alone: leave out a title above the names of columns, or say what "
    "stands between fields with data.delimiter, where it is no comma, semicolon, bar or tab"
)
_LABELS = ("label", "labels", "score", "tags")
_UNLABELLED = "; texts without labels are given as data.unlabelled.path, beside others that have some"
_MOST = 0.9
"""Share of lines from which on what they have in common is no chance."""


def hint(texts: Sequence[str], kind: str, endings: Collection[str | None]) -> str:
    """Return what the only column of a file may be instead of texts, as the end of a sentence.

    >>> hint(["good;pos", "bad;neg"], "label", {".txt"})
    '; each of its lines has ; in it, as in a table: call it .csv, with a first line that names the columns'

    Args:
        texts: its first values.
        kind: of the content that is missing.
        endings: of the files that they are of.
    """
    if kind == "turns":
        way = f"; turns that end in {_TURN} are a list each: write JSON lines of a key turns"
        return way if _share(texts, _TURN) > _MOST else ""
    if kind == "texts":
        return ""
    if ".txt" in endings:
        return _of_lines(texts)
    if not {*TABLES}.isdisjoint(endings):
        return _OF_TABLES
    return _UNLABELLED if kind in _LABELS else ""


def _of_lines(texts: Sequence[str]) -> str:
    """What the lines of a .txt may be instead of texts."""
    if _share(texts, _ENTITY) > 0 and any(text.startswith("Comment:") for text in texts):
        return (
            "; it looks like a file of SemEval-2010, with an example in several lines: write a table of text and label "
            "with a row each"
        )
    for sign, (called, ending) in _SIGNS.items():
        if _share(texts, sign) > _MOST:
            return (
                f"; each of its lines has {called} in it, as in a table: call it {ending}, with a first line that "
                "names the columns"
            )
    return (
        "; of a .txt each line is a text and nothing else: a table is called .csv or .tsv, with a first line that "
        "names the columns"
    )


def _share(texts: Sequence[str], sign: str) -> float:
    """The share of texts that have a sign in them."""
    return sum(sign in text for text in texts) / max(1, len(texts))
