"""The formats of files that are read: how each is recognised, and which function reads it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from distill.data.formats import conll, foreign, json_files, tables
from distill.data.formats.rows import Options, Row, Rows, Unreadable
from distill.errors import DataError

__all__ = [
    "ENDINGS",
    "FORMATS",
    "PARQUET",
    "TABLES",
    "Format",
    "Options",
    "Row",
    "Rows",
    "Unreadable",
    "ending",
    "of",
    "rows",
]


@dataclass(frozen=True)
class Format:
    """A kind of file, by the endings of its name, and the function that reads it.

    Attributes:
        endings: of the names of such files, in lower case; text may also be gzipped.
        read: its rows.
    """

    endings: tuple[str, ...]
    read: Callable[[Path, Options], Rows]


FORMATS = (
    Format((".tsv",), tables.tsv_rows),
    Format((".csv",), tables.csv_rows),
    Format((".jsonl", ".json", ".ndjson"), json_files.read),
    Format((".conll", ".iob", ".iob2", ".bio", ".bioes"), conll.conll),
    Format((".conllu",), conll.universal),
    Format((".txt",), conll.texts),
)
TABLES = (".csv", ".tsv")
"""Those whose fields a delimiter separates."""
PARQUET = ".parquet"
"""The one kind that is read by columns."""
ENDINGS = (*(ending for each in FORMATS for ending in each.endings), PARQUET)


def ending(file: Path) -> str | None:
    """Return the ending that tells the kind of a file, without ``.gz``; none where the kind is not known.

    >>> ending(Path("TRAIN.CSV")), ending(Path("test.jsonl.gz")), ending(Path("notes.md"))
    ('.csv', '.jsonl', None)
    """
    name = file.name.lower().removesuffix(".gz")
    return next((each for each in ENDINGS if name.endswith(each)), None)


def of(file: Path, options: Options, kind: str | None = None) -> Format:
    """Return the format of a file of text, by its name and by how its lines look.

    Args:
        file: to read.
        options: how.
        kind: the ending that its name should have, where it has another; none goes by the name.

    Raises:
        DataError: its name says none, or it is of another kind than it says.
    """
    file_ending = kind or ending(file)
    foreign.refuse(file, "" if file_ending is None else "text")
    sure = file_ending == ".txt" and options.labelled
    words = options.words and (sure or (file_ending in (None, ".tsv", ".csv", ".txt") and conll.looks_so(file)))
    if file_ending is None and not words:
        raise DataError(
            f"{file}: unknown kind of file; known are {', '.join(ENDINGS)}, text also as .gz: give its name one of them"
        )
    return next(each for each in FORMATS if (".conll" if words else file_ending) in each.endings)


def rows(file: Path, options: Options | None = None, kind: str | None = None) -> Rows:
    """Read the rows of a file of text.

    Args:
        file: to read.
        options: how.
        kind: the ending that its name should have, where it has another; none goes by the name.

    Raises:
        DataError: it is of another kind, or cannot be read; a line is named where there is one.
    """
    options = replace(options or Options(), kind=kind)
    return of(file, options, kind).read(file, options)
