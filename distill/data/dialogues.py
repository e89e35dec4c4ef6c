"""Turns of a dialogue in a cell: a list of texts, or messages of a chat, and which are learnt as replies."""

from collections.abc import Mapping
from typing import TypeGuard

from distill.data import chats
from distill.data.cell_values import refuse, texts
from distill.data.chats import message_keys, messages
from distill.data.literals import NO_LIST, written_list


def turns(value: object) -> object:
    """Read the turns of a dialogue: texts or messages, as a list, in a cell or as a text; another is a single turn.

    A message is an object of ``role`` and ``content``, or of ``from`` and ``value``; those of the system and
    of tools are no turns.

    >>> turns('["Hello.", "Who is there?"]'), turns("Who is there?")
    (['Hello.', 'Who is there?'], ['Who is there?'])
    >>> turns([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello."}])
    ['Hello.']
    """
    value = _opened(value)
    if not _is_chat(value):
        return texts(value)
    if not all(isinstance(each, str) or each is None or message_keys(each) for each in value):
        refuse(value)
    return [chats.turn(each) for each in chats.taking_turns(value)]


def replies(value: object) -> list[int] | None:
    """Return the places of the turns that are learnt, of a chat that ``turns`` reads; none of a list of texts.

    >>> replies([{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}]), replies(["Hi.", "Ho."])
    ([1], None)
    """
    entries = _opened(value)
    return chats.replies(entries) if _is_chat(entries) else None


def _is_chat(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list) and any(isinstance(each, Mapping) for each in value)


def _opened(value: object) -> object:
    """The turns of a dialogue as a list of texts or messages, out of a cell or of lists by the keys of messages."""
    if isinstance(value, str) and value.strip():
        entries = written_list(value)
        if entries is None and messages(value) and value.rstrip().endswith("}]"):
            raise ValueError(NO_LIST)
        return chats.transcript(value) or [value] if entries is None else entries
    keys = message_keys(value)
    if not isinstance(value, Mapping) or keys is None or not all(isinstance(value[key], list) for key in keys):
        return value
    count = min(len(value[key]) for key in keys)
    columns = {key: entries for key, entries in value.items() if isinstance(entries, list) and len(entries) >= count}
    return [{key: entries[place] for key, entries in columns.items()} for place in range(count)]
