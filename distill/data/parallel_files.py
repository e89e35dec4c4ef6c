"""Two files that belong together line by line: a text and its translation, or texts and their labels."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from distill.data import formats
from distill.data.file_names import SPLITS, WORDS, files_in, stem_of
from distill.data.formats import foreign

_SIDE = re.compile(r"(?P<stem>.+)\.(?P<side>[a-z]{2,3}([-_][a-z]+)?|source|target|src|tgt|trg)", re.IGNORECASE)
"""How one of two files is named that hold a text and its translation."""
_NO_LANGUAGE = re.compile("bat|bin|bpe|cfg|cmd|css|err|ids|ini|js|log|md|out|pdf|py|rst|sh|so|vec|yml")
"""Endings of names that have as few letters as a language's."""
_LANGUAGES = re.compile(r"(?:.*[-_.])?(?P<first>[a-z]{2,3})[-_](?P<second>[a-z]{2,3})", re.IGNORECASE)
"""How the common part of two names ends that says their languages."""
_TEXTS = re.compile(r"(?P<stem>.+)[-_.](texts?|sentences?|data|inputs?|x)(\.txt)?", re.IGNORECASE)
_LABELS = re.compile(r"(?P<stem>.+)[-_.](labels?|class(es)?|targets?|y)(\.txt)?", re.IGNORECASE)
"""How the two files are named that hold texts and their labels."""
_MOST = 4
"""Pairs of files for which a message shows how they are written as tables."""
_OF_TED = "train.tags."
"""How names of files of IWSLT begin in which lines of both sides alike are about a talk, within tags."""


class Pair(NamedTuple):
    """Two files of as many lines.

    Attributes:
        stem: what their names have in common.
        first: the name of one, such as that of the texts.
        second: the name of the other.
        what: they look like, for messages.
        header: of a table of both.
    """

    stem: str
    first: str
    second: str
    what: str
    header: str

    @property
    def table(self) -> str:
        """The name of the table of both, without its ending: it begins with what the pair's does."""
        return self.stem.split(".")[0]

    @property
    def of_split(self) -> bool:
        """Whether a word in the names says a split."""
        return not WORDS.isdisjoint(re.findall("[a-z]+", self.table.lower()))

    def written(self, table: str) -> str:
        """Return the command that writes them as a table."""
        read = (f"<(gzip -dc {name})" if name.endswith(".gz") else name for name in (self.first, self.second))
        without_tags = " | grep -v '^<'" if self.first.startswith(_OF_TED) else ""
        return f"(printf '{self.header}\\n'; paste {' '.join(read)}{without_tags}) > {table}.tsv"


def told(folder: Path) -> str:
    """Return how files of a folder without a train file that belong together are written as tables, or nothing.

    It is the end of a sentence.
    """
    found = pairs(folder)
    of_train = next((pair for pair in found if pair.table.lower() in SPLITS["train"]), None)
    first = of_train or (found[0] if len(found) == 1 else None)
    if first is None:
        return ""
    others = {pair.table: pair for pair in reversed(found) if pair.of_split and pair.table != first.table}
    tables = {"train": first} | dict(sorted(others.items()))
    return f"; {first.first} and {first.second} look like {first.what}, a line each: write {_written(tables)}"


def unread(folder: Path, read: Mapping[str, Sequence[Path]]) -> list[str]:
    """Return a sentence on files of splits in a folder that belong together and are in no table, or nothing.

    Args:
        folder: in which they are.
        read: split to the files of it that are read.
    """
    tables = {stem_of(file) for file in files_in(folder)}
    names = {file.name for files in read.values() for file in files}
    left = {
        pair.table: pair
        for pair in reversed(pairs(folder))
        if pair.of_split and pair.table.lower() not in tables and names.isdisjoint((pair.first, pair.second))
    }
    said = ", ".join(f"{pair.first}, {pair.second}" for _, pair in [*sorted(left.items())][:_MOST])
    return [f"of {folder} {said} are not read: write {_written(dict(sorted(left.items())))}"] if left else []


def pairs(folder: Path) -> list[Pair]:
    """Return the files of a folder that belong together line by line."""
    files = files_in(folder)
    sides: dict[str, dict[str, str]] = {}
    for file in files:
        match = _SIDE.fullmatch(file.name.removesuffix(".gz"))
        if match and formats.ending(file) is None and not foreign.ending(file):
            sides.setdefault(match["stem"], {})[match["side"].lower()] = file.name
    texts, labels = (
        {match["stem"]: file.name for file in files if (match := pattern.fullmatch(file.name))}
        for pattern in (_TEXTS, _LABELS)
    )
    translations = [
        Pair(stem, names[0], names[1], "two sides of a translation", "source\\ttarget")
        for stem, each in sorted(sides.items())
        if len(names := _of_languages(stem, each)) == 2
    ]
    labelled = [
        Pair(stem, texts[stem], labels[stem], "texts and their labels", "text\\tlabel")
        for stem in texts
        if stem in labels
    ]
    return [*translations, *labelled]


def _of_languages(stem: str, sides: Mapping[str, str]) -> list[str]:
    """The names of the sides of a translation, in the order of the languages that their common part names."""
    of_language = {side: name for side, name in sides.items() if not _NO_LANGUAGE.fullmatch(side)}
    languages = _LANGUAGES.fullmatch(stem)
    pair = [languages["first"].lower(), languages["second"].lower()] if languages else []
    return [of_language[side] for side in (pair if pair and {*pair} <= of_language.keys() else of_language)]


def _written(pair_of_table: Mapping[str, Pair]) -> str:
    """What to write pairs as, and how."""
    commands = [pair.written(table) for table, pair in pair_of_table.items()][:_MOST]
    what = "them as one table" if len(pair_of_table) == 1 else "each two as one table"
    return f"{what}, for example by: {' && '.join(commands)}"
