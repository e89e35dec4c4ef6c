"""The answers to a question in a cell, in the forms in which files have them."""

from collections.abc import Mapping

from distill.data.cell_values import MANY, empty, refuse
from distill.data.literals import literal


def answers(value: object) -> object:
    """Read the answers to a question as SQuAD has them: as an object, or as one that is written in a cell.

    >>> answers('{"text": ["in Rome"], "answer_start": [7]}')
    {'text': ['in Rome'], 'answer_start': [7]}
    >>> answers({"text": ["", "in Rome"], "answer_start": [0, 7]}), answers({"text": [""], "answer_start": [0]})
    ({'text': ['in Rome'], 'answer_start': [7]}, {'text': [], 'answer_start': []})
    """
    if empty(value):
        return None
    parsed = literal(value) if isinstance(value, str) else value
    fields = _answer_fields(parsed)
    texts, places = fields.values() if fields else (None, None)
    if not isinstance(texts, list) or not isinstance(places, list):
        refuse(value)
    if not all(type(each) is int and abs(each) < MANY for each in places) or not all(
        isinstance(each, str) for each in texts
    ):
        refuse(value)
    if len(texts) == len(places) and any(map(empty, texts)):  # an empty answer says that there is none
        given = [(text, place) for text, place in zip(texts, places, strict=True) if not empty(text)]
        return {"text": [text for text, _ in given], "answer_start": [place for _, place in given]}
    return value if isinstance(value, Mapping) and all(value.get(key) is fields[key] for key in fields) else fields


def _answer_fields(value: object) -> dict[str, object]:
    """The texts and places of answers, of an object of two lists, of an object of one answer, or of a list of those."""
    keys = ("text", "answer_start")
    if (
        isinstance(value, list)
        and value
        and all(isinstance(each, Mapping) and {*keys} <= each.keys() for each in value)
    ):
        return {"text": [each["text"] for each in value], keys[1]: [_whole(each[keys[1]]) for each in value]}
    if not isinstance(value, Mapping):
        return {}
    texts, places = (value.get(key) for key in keys)
    if isinstance(texts, str) and not isinstance(places, list | None):
        return {"text": [texts], keys[1]: [_whole(places)]}
    if isinstance(places, list) and not all(type(each) is int for each in places):
        places = [_whole(each) for each in places]
    return {"text": texts, keys[1]: places}


def _whole(value: object) -> object:
    """A whole number that is written with decimals or as a text; any other value as it is."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
