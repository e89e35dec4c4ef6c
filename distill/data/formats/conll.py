"""Files of one word a line with its tags, and a blank line after each sentence: CoNLL and its kin."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from distill.base.terminal_text import name
from distill.data.formats.foreign import refuse_json
from distill.data.formats.rows import Options, Row, Rows
from distill.data.formats.text import lines
from distill.data.formats.word_headers import Header, header
from distill.errors import DataError

_UNIVERSAL = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
"""The columns of CoNLL-U."""
_DOCUMENT = "-DOCSTART-"
_FASTTEXT = re.compile(r"(?:__label__\S+[\s,]+)+")
"""The labels with which a line of fastText begins."""
_TAG = re.compile(r"^(O|[BIESLUM]-\S+|#)$")
_PAIR = re.compile(r"^#\s*(?:[\w.]+\s*=|(?:begin|end) document\b)")
"""Comments that are told by how they begin."""
_LONGEST = 1_000_000
"""Words of a sentence."""
_LOOKED_AT = 1000
"""Lines that are looked at to tell a file's columns."""


class _Columns(NamedTuple):
    """The columns of a file of words.

    Attributes:
        names: of all, in their order.
        token: the place of the words, from 0.
        label: that of the tags.
        between: what separates them; none is white space.
        header: the line that names them, where there is one.
        tags: those of the first lines, but for lines that may be comments.
        numbered: whether lines are words only where the first column is a number.
        outer: places of columns with more tags of the same names, as those around nested ones.
    """

    names: Sequence[str]
    token: int
    label: int
    between: str | None = None
    header: Header | None = None
    tags: Collection[str] = ()
    numbered: bool = False
    outer: Sequence[int] = ()


def conll(file: Path, options: Options) -> Rows:
    """Read a CoNLL file, a row a sentence: its columns by number, the words also as ``tokens``, the last as ``label``.

    A first line that names the columns is left out.

    Raises:
        DataError: a line has more or fewer columns than the first.
    """
    columns = _columns(file)
    notes = [
        f"in files of words, column {columns.token + 1} is also called tokens, and column {columns.label + 1} label"
    ]
    notes += [
        f"column {place + 1} of {file.name} has more tags of the names that column {columns.label + 1} has: "
        f"data.columns.label={place + 1} takes it, as where the last column holds nested ones"
        for place in columns.outer
    ]
    if columns.header is not None:
        said = ", ".join(map(name, columns.header.fields))
        notes.append(f"the first line of {file.name} names the columns, {said}, and is left out")
    return Rows(_sentences(file, columns), "line", tuple(notes))


def _columns(file: Path) -> _Columns:
    """Tell the columns of a file by its first lines."""
    start = [line.rstrip("\r ") for line in islice(lines(file), _LOOKED_AT)]
    first = next((line for line in start if line.strip() and not line.startswith(("#", _DOCUMENT))), "")
    between = "\t" if "\t" in first else None
    width = len(first.split(between))
    if width < 2:
        raise DataError(f"{file} has no columns: a line holds a word and its tag, a blank line ends a sentence")
    names = [*map(str, range(1, width + 1))]
    fields = [line.split(between) for line in start]
    of_words = [words for words in fields if len(words) == width and words[0] != _DOCUMENT]
    named = header([words for words in of_words if not _PAIR.match(" ".join(words))], width)
    if named is not None:
        token, label = named.token, named.label
    else:
        token, label = (1 if width > 2 and _counts(fields) else 0), width - 1
        if width == 2 and _are_tags(fields, 0) and not _are_tags(fields, 1):
            token, label = 1, 0
    tags = {words[label] for words in of_words if not words[0].startswith("#")}
    below = of_words if named is None else [words for words in of_words if words != named.fields]
    return _Columns(names, token, label, between, named, tags, outer=_outer(below, label))


def _outer(of_words: Sequence[Sequence[str]], label: int) -> list[int]:
    """The places of columns of tags that name all that those of another do, and tag more words."""
    columns = list(zip(*(words for words in of_words if not words[0].startswith("#")), strict=True))
    tagged = [[tag[2:] for tag in tags if tag != "O"] if all(map(_TAG.match, tags)) else [] for tags in columns]
    inner = tagged[label] if tagged else []
    return [place for place, tags in enumerate(tagged) if inner and {*inner} <= {*tags} and len(inner) < len(tags)]


def universal(file: Path, options: Options) -> Rows:
    """Read a CoNLL-U file, a row a sentence, under the names of its columns.

    The forms are also called ``tokens``, and ``upos`` also ``label``.
    """
    columns = _Columns(_UNIVERSAL, _UNIVERSAL.index("form"), _UNIVERSAL.index("upos"), "\t", numbered=True)
    note = "in CoNLL-U, form is also called tokens, and upos label"
    return Rows(_sentences(file, columns), "line", (note,))


def _are_tags(words: Sequence[Sequence[str]], place: int) -> bool:
    """Whether a column holds nothing but tags of entities, some of which begin one."""
    tags = {fields[place] for fields in words if len(fields) == 2 and not fields[0].startswith(_DOCUMENT)}
    return all(map(_TAG.match, tags)) and any(tag != "O" for tag in tags)


def _counts(words: Sequence[Sequence[str]]) -> bool:
    """Whether the first column numbers the words of each sentence."""
    before: str | None = None
    for fields in words:
        number = fields[0] if fields and fields[0].strip() and not fields[0].startswith(("#", _DOCUMENT)) else None
        if number is not None and (number not in ("0", "1") if before is None else number != str(int(before) + 1)):
            return False
        before = number
    return True


def looks_so(file: Path) -> bool:
    """Return whether lines are words with blank lines between sentences, rather than rows under a header."""
    start = [line.rstrip("\r") for line in islice(lines(file), _LOOKED_AT)]
    while start and not start[-1].strip():
        start.pop()
    between = "\t" if any("\t" in line for line in start) else None
    words = [line.split(between) for line in start if line.strip() and not line.startswith(("#", _DOCUMENT))]
    alike = len({len(fields) for fields in words}) == 1 and len(words[0]) > 1 and "," not in words[0][0][:-1]
    return alike and any(not line.strip() for line in start) and not any(" " in cell for row in words for cell in row)


def texts(file: Path, options: Options) -> Rows:
    """Read a file of one text a line; empty lines are rows only where rows that cannot be used are kept."""
    start = [line for line in islice(lines(file), _LOOKED_AT) if line.strip()]
    if start and start[0].startswith("{"):
        refuse_json(start[0], file)
    if start and all(map(_FASTTEXT.match, start)):
        several = any(match[0].count("__label__") > 1 for match in map(_FASTTEXT.match, start) if match)
        return Rows(
            _labelled(file, several=several),
            notes=("lines begin with __label__: what follows is the label, as in fastText",),
        )
    numbered = ((number, line) for number, line in enumerate(lines(file), 1) if options.keep_bad or line.strip())
    return Rows(((number, {"text": line.removesuffix("\r")}) for number, line in numbered), text=True)


def _labelled(file: Path, *, several: bool) -> Iterator[tuple[int, Row]]:
    """Lines of fastText, of which each begins with one label or more."""
    for number, line in enumerate(lines(file), 1):
        if line.strip() and (begins := _FASTTEXT.match(line)) is not None:
            found = [label.removeprefix("__label__") for label in re.split(r"[\s,]+", begins[0].strip(" \t,"))]
            yield (
                number,
                {"label": found if several or len(found) > 1 else found[0], "text": line[begins.end() :].strip()},
            )
        elif line.strip():
            yield number, {"label": None, "text": line.strip()}


def _sentences(file: Path, columns: _Columns) -> Iterator[tuple[int, Row]]:
    words: list[list[str]] = []
    began, width = 1, len(columns.names)
    left_out = False
    for number, line in _with_an_end(file):
        fields = line.split(columns.between)
        if not line.strip() or line.startswith(_DOCUMENT):
            if words:
                yield began, _sentence(words, columns)
            words, began = [], number + 1
        elif columns.header is not None and fields == columns.header.fields:
            if left_out:
                raise DataError(f"line {number} of {file} is the header once more: leave it out")
            left_out, began = True, number + 1
        elif _is_comment(line, fields, columns, not words):
            continue
        elif len(fields) != width:
            raise DataError(f"line {number} of {file} has {len(fields)} columns, but the first has {width}")
        elif len(words) == _LONGEST:
            raise DataError(
                f"line {number} of {file} is in a sentence of more than {_LONGEST:,} words: a blank line ends one"
            )
        elif not columns.numbered or fields[0].isdecimal():  # others are ranges of words, and words left unsaid
            words.append(fields)


def _with_an_end(file: Path) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, and an empty one after the last."""
    number = 0
    for number, line in enumerate(lines(file), 1):
        yield number, line.rstrip("\r\n ")
    yield number + 1, ""


def _sentence(words: Sequence[Sequence[str]], columns: _Columns) -> Row:
    values = {name: [word[place] for word in words] for place, name in enumerate(columns.names)}
    more = {"tokens": columns.token, "label": columns.label}
    return {name: values[columns.names[place]] for name, place in more.items()} | values


def _is_comment(line: str, fields: Sequence[str], columns: _Columns, opens: bool) -> bool:
    """Whether a line that begins with # is no word of the sentence.

    It is a word with the columns of the others: with tabs between them, glued to more than the #, or where its tag is
    one. A number is the tag of no #word unless others have it.
    """
    if not line.startswith("#"):
        return False
    if len(fields) != len(columns.names) or _PAIR.match(line):
        return True
    if not opens or columns.between is not None:
        return False
    word, tag = fields[columns.token], fields[columns.label]
    is_tag = bool(_TAG.match(tag)) or tag in columns.tags
    return not is_tag and (tag.isdecimal() or not any(map(str.isalnum, word)))
