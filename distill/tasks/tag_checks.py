"""Checks of tags before they are learnt: one for each token, in one scheme, and spelled as IOB2."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from distill.base.terminal_text import name as called
from distill.base.terminal_text import shown
from distill.base.unusable_rows import Fault
from distill.errors import DataError
from distill.tasks import Options
from distill.tasks.labels import Sifted, judged, replaced
from distill.tasks.tagging import OUTSIDE, ends, spelled, to_iob2

if TYPE_CHECKING:
    from datasets import Dataset

TYPED = ("B-", "I-")
"""How the tags of IOB2 begin that are part of an entity."""
_NO_IOB2 = "tags that are no IOB2"
_MANY = 1000
"""Rows that are looked at to tell whether they are words."""


def in_iob2(splits: Mapping[str, "Dataset"], options: Options) -> Sifted:
    """Convert tags of entities in another scheme or spelling into IOB2, with a note that says so.

    Raises:
        DataError: tags of a row go on where nothing began, and it is not to be left out.
    """
    original = {split: [[str(tag) for tag in each] for each in rows["label"][:]] for split, rows in splits.items()}
    tags, notes = original, []
    if (other := spelled(each for sentences in original.values() for each in sentences)) is not None:
        tags = {split: [other[1](each) for each in sentences] for split, sentences in original.items()}
        notes.append(f"the tags are spelled {other[0]}; they are read as B-PER and the like")
    scheme_and_converter = to_iob2(each for sentences in tags.values() for each in sentences)
    converted = tags
    if scheme_and_converter is not None:
        scheme, convert = scheme_and_converter
        converted = {split: [convert(each) for each in sentences] for split, sentences in tags.items()}
        notes.append(f"the tags are {scheme}; they are read as IOB2, in which B- begins an entity and I- goes on")
    if not notes or options.labels.keys() & _tags(original) - _tags(converted):  # what is named is meant to stay
        return Sifted(dict(splits), (), options)
    faults: dict[str, dict[int, Fault]] = {}
    for split, sentences in converted.items() if scheme_and_converter is not None else ():
        judged_rows = (_unbegun(before, after, scheme) for before, after in zip(tags[split], sentences, strict=True))
        faults[split] = {place: wrong for place, wrong in enumerate(judged_rows) if wrong is not None}
    ready = {split: replaced(splits[split], "label", sentences) for split, sentences in converted.items()}
    sifted_rows = judged(ready, faults, options)
    return sifted_rows._replace(notes=(*notes, *sifted_rows.notes))


def refuse_single(train: "Dataset") -> None:
    """Refuse rows that are single words, of which a model would learn without their sentences."""
    tokens = train["tokens"][:_MANY]
    if len(tokens) > 1 and all(len(words) == 1 for words in tokens):
        raise DataError(
            f"every row of train has one token, such as {shown(tokens[0][0])}: a row is a sentence, with a list of its "
            "tokens and one of their tags; of tables with a word a row, a column sentence_id says which are one"
        )


def _tags(splits: Mapping[str, Sequence[Sequence[str]]]) -> set[str]:
    return {tag for sentences in splits.values() for each in sentences for tag in each}


def _unbegun(before: Sequence[str], after: Sequence[str], scheme: str) -> Fault | None:
    """A tag that goes on where nothing began, or where it ended, by the scheme that the tags are written in."""
    for new, last, old in zip(after, [OUTSIDE, *before], before, strict=False):
        if new.startswith("I-") and (last[2:] != old[2:] or ends(last)):
            reason = f"has the tag {old} after {last}, where no {old[2:]} began: the tags are {scheme}"
            return Fault(f"tags that are no {scheme}", reason)
    return None


def fault(tokens: Sequence[str], tags: Sequence[object]) -> Fault | None:
    """Return what is wrong with a sentence of which the tags are more or fewer than the tokens, else none."""
    reason = f"has {len(tokens)} tokens, but {len(tags)} tags"
    return Fault("more tokens than tags, or fewer", reason) if len(tokens) != len(tags) else None


def check(splits: Mapping[str, "Dataset"], options: Options) -> Sifted:
    """Leave out, or refuse, the rows whose tags, by their names, break IOB2 where any split uses it.

    Raises:
        DataError: there are such rows, and they are not to be left out.
    """
    named_tags: dict[str, list[tuple[list[str], list[str]]]] = {}
    for split, rows in splits.items():
        pairs = zip(rows["tokens"][:], rows["label"][:], strict=True)
        named_tags[split] = [
            (tokens, [options.labels.get(tag, tag) for tag in map(str, tags)]) for tokens, tags in pairs
        ]
    faults: dict[str, dict[int, Fault]] = {}
    if any(tag[:2] in TYPED for sentences in named_tags.values() for _, tags in sentences for tag in tags):
        for split, sentences in named_tags.items():
            judged_rows = (_not_iob2(*pair) for pair in sentences)
            faults[split] = {place: wrong for place, wrong in enumerate(judged_rows) if wrong is not None}
    return judged(splits, faults, options)


def _not_iob2(tokens: Sequence[str], tags: Sequence[str]) -> Fault | None:
    """What makes tags no IOB2."""
    for word, tag, before in zip(tokens, tags, [OUTSIDE, *tags], strict=False):
        if tag != OUTSIDE and tag[:2] not in TYPED:
            reason = f"has the tag {called(tag)} at {called(word)}: IOB2 has O, B-… and I-… only"
            return Fault(_NO_IOB2, reason)
        if tag.startswith("I-") and before[2:] != tag[2:]:
            reason = (
                f"has the tag {called(tag)} at {called(word)} after {called(before)}: "
                f"in IOB2 an entity begins with B-{called(tag[2:])}"
            )
            return Fault(_NO_IOB2, reason)
    return None
