"""Schemes of tags that mark where an entity begins and ends, and their conversion into IOB2."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from distill.base.segmentation import Words

OUTSIDE = "O"
_PLACES = {"S": "B", "U": "B", "B": "B", "I": "I", "E": "I", "L": "I", "M": "I"}
"""The first letter of a tag, and that of the same place in IOB2."""
_ENDINGS = {"BIOES": {"E", "S"}, "BILOU": {"L", "U"}, "BMES": {"M", "E", "S"}}
"""The schemes that mark ends, and letters that tell them."""
_SLIPS = 50
"""Entities of which one may begin with B- where IOB1 has I-, as in the files of CoNLL-2003."""
_SPELLINGS = (
    ("with the place last, as in PER-B", re.compile(r"(?P<type>.+)[-_:./|](?P<place>[BIESLUM])")),
    ("with an underscore, as in B_PER", re.compile(r"(?P<place>[BIESLUM])_(?P<type>.+)")),
    ("with another sign, as in B:PER", re.compile(r"(?P<place>[BIESLUM])[:./|](?P<type>.+)")),
    ("in small letters, as in b-per", re.compile(r"(?P<place>[biesulm])[-_:./|](?P<type>.+)")),
)
"""How tags are spelled otherwise than B-PER."""
Convert = Callable[[Sequence[str]], list[str]]


def to_iob2(sentences: Iterable[Sequence[str]]) -> tuple[str, Convert] | None:
    """Recognise the scheme of some tags, and return its name with a converter into IOB2.

    Returns none where it is IOB2 already, or no scheme of entities.

    It is IOB1 where entities begin with I-, and with B- only right after another of their type; where some begin so and
    some otherwise, the tags are taken for IOB2 with faults.

    >>> name, convert = to_iob2([["I-PER", "I-PER", "O", "I-LOC", "B-LOC"]])
    >>> name, convert(["I-PER", "I-PER", "O", "I-LOC", "B-LOC"])
    ('IOB1', ['B-PER', 'I-PER', 'O', 'B-LOC', 'B-LOC'])
    >>> name, convert = to_iob2([["S-LOC", "O", "B-PER", "E-PER"]])
    >>> name, convert(["S-LOC", "O", "B-PER", "E-PER"])
    ('BIOES', ['B-LOC', 'O', 'B-PER', 'I-PER'])
    """
    tag_lists = list(sentences)
    tags = {tag for sentence in tag_lists for tag in sentence} - {OUTSIDE}
    if not tags or not all(_letter(tag) in _PLACES for tag in tags):
        return None
    letters = {_letter(tag) for tag in tags}
    if letters <= {"B", "I"}:
        return ("IOB1", from_iob1) if _is_iob1(tag_lists) else None
    name = next((name for name, ends in _ENDINGS.items() if letters - {"B", "I"} <= ends), None)
    return None if name is None else (name, _from_ends)


def entities(tags: Sequence[str], words: Words) -> list[dict[str, str | int]]:
    """Return the entities that the tags of a text's words mark: the name of each, its characters, and where they are.

    >>> entities(["O", "B-PER", "I-PER", "O"], Words("Hello Ada Lovelace!"))
    [{'entity': 'PER', 'start': 6, 'end': 18, 'text': 'Ada Lovelace'}]
    """
    found: list[tuple[str, int, int]] = []
    before = OUTSIDE
    for tag, (start, end) in zip(tags, words.places, strict=True):
        if tag[:2] == "I-" and tag[2:] == before[2:]:
            found[-1] = (*found[-1][:2], end)
        elif tag != OUTSIDE:
            found.append((tag[2:] if tag[1:2] == "-" else tag, start, end))
        before = tag
    return [{"entity": name, "start": start, "end": end, "text": words.text[start:end]} for name, start, end in found]


def spelled(sentences: Iterable[Sequence[str]]) -> tuple[str, Convert] | None:
    """Recognise tags spelled otherwise than B-PER, and return how, with a function that respells them.

    Returns none where they are spelled so, or are no tags of entities.

    >>> name, convert = spelled([["PER-B", "PER-I", "O"]])
    >>> name, convert(["PER-B", "PER-I", "O"])
    ('with the place last, as in PER-B', ['B-PER', 'I-PER', 'O'])
    """
    tags = {tag for sentence in sentences for tag in sentence}
    for name, spelling in _SPELLINGS:
        inside = {tag: found for tag in tags if (found := spelling.fullmatch(tag))}
        if len(tags) - len(inside) > 1 or not tags - inside.keys() <= {OUTSIDE, OUTSIDE.lower()}:
            continue
        places = {found["place"].upper() for found in inside.values()}
        if "B" in places and ("I" in places or len({found["type"] for found in inside.values()}) > 1):
            respelled = {tag: f"{found['place'].upper()}-{found['type']}" for tag, found in inside.items()}
            return name, partial(_respelled, respelled)
    return None


def _respelled(spelling: Mapping[str, str], sentence: Sequence[str]) -> list[str]:
    return [spelling.get(tag, OUTSIDE) for tag in sentence]


def ends(tag: str) -> bool:
    """Return whether a tag marks the last token of an entity."""
    return any(_letter(tag) in letters - {"M"} for letters in _ENDINGS.values())


def from_iob1(tags: Sequence[str]) -> list[str]:
    """Return tags of IOB1 as IOB2: an ``I-`` that goes on with nothing begins an entity.

    >>> from_iob1(["I-PER", "I-PER", "B-PER", "O"])
    ['B-PER', 'I-PER', 'B-PER', 'O']
    """
    return [f"B{tag[1:]}" if _letter(tag) == "I" and before[2:] != tag[2:] else tag for before, tag in _pairs(tags)]


def from_types(tags: Sequence[str]) -> list[str]:
    """Return tags as IOB2 by their types alone: neighbours of one type are one entity.

    >>> from_types(["B-PER", "E-PER", "O", "S-LOC"])
    ['B-PER', 'I-PER', 'O', 'B-LOC']
    """
    return from_iob1([f"I{tag[1:]}" if _letter(tag) else tag for tag in tags])


def _letter(tag: str) -> str:
    """B of B-PER, and nothing of a tag without a type."""
    return tag[0] if len(tag) > 2 and tag[1] == "-" else ""


def _is_iob1(sentences: Sequence[Sequence[str]]) -> bool:
    """Whether entities begin with I-, but for a slip in many of them."""
    begun = [
        _letter(tag) for tags in sentences for before, tag in _pairs(tags) if tag != OUTSIDE and before[2:] != tag[2:]
    ]
    return "I" in begun and begun.count("B") * _SLIPS <= begun.count("I")


def _from_ends(tags: Sequence[str]) -> list[str]:
    return [tag if tag == OUTSIDE else _PLACES[_letter(tag)] + tag[1:] for tag in tags]


def _pairs(tags: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each tag in a pair with the tag before it."""
    return zip([OUTSIDE, *tags], tags, strict=False)
