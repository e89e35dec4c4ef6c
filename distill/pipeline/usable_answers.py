"""Tell the answers of a labeller that can be used from those that cannot, and refuse these in one sentence."""

import re
from collections.abc import Mapping, Sequence

from distill.data.answers.matching import Matched
from distill.data.answers.other_forms import explained
from distill.data.answers.reading import Answer
from distill.data.answers.saying import OUTSIDE, SAYS, UNPARSEABLE, Said, UnusableError, Vocabulary
from distill.errors import DataError

Faults = dict[int, UnusableError]
"""Why answers cannot be used, by their identity in memory."""
_IN_A_KEY = re.compile(r"[\w-]+", re.ASCII)
_IN_A_DICTIONARY = re.compile(r"[\w-][\w .?/+-]*", re.ASCII)
"""Labels that Hydra reads within a key of the command line, and within braces."""
_LONGEST = 80
"""Characters of a label that anybody would write there."""


def read_answers(
    answers: Sequence[Answer], vocabulary: Vocabulary, kind: str, key: str, *, drop: bool
) -> tuple[dict[int, Said | None], Faults]:
    """Return what each answer says, and why the others cannot be used.

    Args:
        answers: of a file.
        vocabulary: the labels that they may name.
        kind: of the task's label.
        key: the section of the labeller's settings, for messages.
        drop: whether answers that cannot be used are left out, and not refused.

    Raises:
        DataError: some cannot, and are not to be left out.
    """
    say, said, faults = SAYS[kind], dict[int, Said | None](), Faults()
    for answer in answers:
        if answer.unparseable:
            continue
        try:
            said[id(answer)] = None if answer.content is None else say(answer, vocabulary)
        except UnusableError as fault:
            faults[id(answer)] = explained(fault, answer, vocabulary)
    _refuse(answers, faults, vocabulary, key, drop=drop)
    return said, faults


def without_other_lengths(
    answers: Sequence[Answer],
    said: dict[int, Said | None],
    matched: Matched,
    words: Mapping[str, Sequence[int]],
    *,
    drop: bool,
) -> Faults:
    """Take those out of what is said that give another number of tags than their row has words, and return them.

    Args:
        answers: of a file.
        said: what each says, by its identity in memory.
        matched: the answers to the rows of each split.
        words: how many words each of those rows has.
        drop: as of ``read_answers``.

    Raises:
        DataError: there are some, and they are not to be left out.
    """
    faults = Faults()
    for split, of_split in matched.answers.items():
        for answer, count in zip(of_split, words[split], strict=True):
            found = None if answer is None else said.get(id(answer))
            if found is not None and len(found.rows) != count:
                reason = f"answers {len(found.rows)} tags to a row of {count} words"
                faults[id(answer)] = UnusableError(UNPARSEABLE, reason)
    _refuse(answers, faults, Vocabulary((), {}, {}), "", drop=drop)
    for answered in faults:
        del said[answered]
    return faults


def _refuse(answers: Sequence[Answer], faults: Faults, vocabulary: Vocabulary, key: str, *, drop: bool) -> None:
    """Refuse answers that cannot be used, by the first of them.

    Raises:
        DataError: there are some, and they are not to be left out.
    """
    if drop or not faults:
        return
    first = next(answer for answer in answers if id(answer) in faults)
    fault, others = faults[id(first)], len(faults) - 1
    known = f" ({vocabulary.called})" if fault.kind == OUTSIDE else ""
    way = f"; {_mapping(key, fault.label)} says which is meant" if fault.kind == OUTSIDE else ""
    more = f", and {others:,} more of {len(answers):,} answers cannot be used" if others else ""
    raise DataError(f"{first.called} {fault}{known}{more}{way}; data.on_bad=drop leaves such answers out")


def _mapping(key: str, label: str) -> str:
    """Return the override that says what a labeller means by a label, as Hydra reads it.

    >>> _mapping("teacher", "refnud"), _mapping("teacher", "Refund request."), _mapping("teacher", "it's 'x'")
    ('+teacher.label_map.refnud=LABEL', "'teacher.label_map={Refund request.: LABEL}'", 'teacher.label_map in a card')
    """
    if len(label) > _LONGEST:
        return f"{key}.label_map in a card"
    if _IN_A_KEY.fullmatch(label):
        return f"+{key}.label_map.{label}=LABEL"
    if _IN_A_DICTIONARY.fullmatch(label):
        return f"'{key}.label_map={{{label}: LABEL}}'"
    return f"{key}.label_map in a card"
