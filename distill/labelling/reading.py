"""Read what a language model wrote as an answer: an object of JSON, alone, in a fence, or in a sentence around it."""

import json
from collections.abc import Mapping, Sequence

_LONGEST_LABEL = 200
"""Characters of a label; what is longer is a text."""
_AROUND = " \t\r\n`*\"'.,:;!"
"""What may stand around a label that is said without any JSON."""
ABSTAIN = "abstain"
"""The word by which a labeller says that it cannot tell."""


class UnreadableError(Exception):
    """What was said is no answer; the message says why."""


def field_of(content: str, name: str) -> object:
    r"""Return a field of the first JSON object in a text, or the text itself where there is no object in it.

    Raises:
        UnreadableError: the object is cut, or has no such field.

    >>> field_of('Sure!\n```json\n{"label": "spam"}\n```', "label"), field_of(" spam\n", "label")
    ('spam', 'spam')
    """
    text = content.strip()
    start = text.find("{")
    if start < 0:
        return text
    try:
        read, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("no JSON") from error
    if not isinstance(read, Mapping) or name not in read:
        raise UnreadableError(f"JSON without {name}")
    return read[name]


def label_of(value: object, labels: Sequence[str]) -> str | None:
    """Return which label a value means, whatever its case and what stands around it; none where it abstains.

    A label that is none of these comes back as it is: whoever reads the answers counts it.

    Raises:
        UnreadableError: it is no label at all.

    >>> label_of("**Spam**.", ["spam", "ham"]), label_of(1, ["0", "1"]), label_of("abstain", ["spam"])
    ('spam', '1', None)
    """
    if value is None:
        return None
    if isinstance(value, bool | Mapping | list):
        raise UnreadableError("no label")
    said = str(value)
    if said in labels:
        return said
    bare = said.strip(_AROUND)
    same = [label for label in labels if label.strip(_AROUND).casefold() == bare.casefold()]
    if len(same) == 1:
        return same[0]
    if bare.casefold() == ABSTAIN:
        return None
    if not bare or len(bare) > _LONGEST_LABEL or "\n" in bare:
        raise UnreadableError("no label")
    return bare


def number_of(value: object, allowed: tuple[float, float] | None) -> float | None:
    """Return a value as a finite number within what is allowed; none where it abstains.

    Raises:
        UnreadableError: it is none.
    """
    if value is None or (isinstance(value, str) and value.strip(_AROUND).casefold() == ABSTAIN):
        return None
    try:
        number = float("nan") if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise UnreadableError("no number") from error
    low, high = allowed or (-1e308, 1e308)
    if not low <= number <= high:
        raise UnreadableError("no number" if allowed is None else f"no number from {low:g} to {high:g}")
    return number


def joined(answers: Sequence[object]) -> object:
    """Return the answers of several askings as one: a list of votes; none where all abstain.

    >>> joined(["spam"]), joined(["spam", None]), joined([["a"], None, []]), joined([None, None])
    ('spam', ['spam', None], [['a'], []], None)
    """
    if len(answers) == 1:
        return answers[0]
    said = [answer for answer in answers if answer is not None]
    of_labels = all(isinstance(answer, str) for answer in said)
    return (list(answers) if of_labels else said) if said else None
