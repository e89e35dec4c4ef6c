"""Answers in forms that are not read, though it is plain what they are: they are refused with the form that is."""

import json
from collections.abc import Mapping

from distill.base.terminal_text import shown
from distill.data.answers.reading import Answer, plain
from distill.data.answers.saying import UNPARSEABLE, UnusableError, Vocabulary
from distill.data.separated import parts

_OF_TOKENS = {"token", "logprob"}
"""Keys of what OpenAI says of a token."""
_SIGNS = (",", ";", "|")


def explained(fault: UnusableError, answer: Answer, vocabulary: Vocabulary) -> UnusableError:
    """Return why an answer cannot be used, with the form in which it can where it has another one.

    Args:
        fault: what was found.
        answer: that has it.
        vocabulary: the labels that may be named.
    """
    reason = _of_tokens(answer) or _in_an_object(answer.content, vocabulary) or _in_a_text(answer.content, vocabulary)
    return fault if reason is None else UnusableError(UNPARSEABLE, reason)


def _of_tokens(answer: Answer) -> str | None:
    content = answer.content
    tokens = content.get("content") if isinstance(content, Mapping) else content
    if not answer.is_log or not isinstance(tokens, list):
        return None
    if not all(isinstance(each, Mapping) and each.keys() >= _OF_TOKENS for each in tokens):
        return None
    return (
        "has logprobs by token, as OpenAI gives them: write an object of the labels and their logarithms, such as the "
        "top_logprobs of the token that is the label"
    )


def _in_an_object(content: object, vocabulary: Vocabulary) -> str | None:
    """What is said of an object that has a label as one of its values."""
    items = content.items() if isinstance(content, Mapping) else ()
    key = next((key for key, value in items if isinstance(value, str) and _is_label(value, vocabulary)), None)
    if key is None or not isinstance(content, Mapping):
        return None
    return (
        f"answers an object with the label {shown(content[key])} under {key}: write the label alone as the answer, or "
        "an object with the probability of each label"
    )


def _in_a_text(content: object, vocabulary: Vocabulary) -> str | None:
    """What is said of a text that is several labels."""
    if not isinstance(content, str):
        return None
    for sign in _SIGNS:
        labels = parts(content.replace(sign, ","))
        if len(labels) > 1 and all(_is_label(label, vocabulary) for label in labels):
            several = json.dumps([plain(label) for label in labels], ensure_ascii=False)
            return f"answers {shown(content)}, several labels in one text: write them as a list, {several}"
    return None


def _is_label(value: object, vocabulary: Vocabulary) -> bool:
    try:
        return vocabulary.label(value) is not None
    except UnusableError:
        return False
