"""Messages of a chat, as OpenAI and ShareGPT write them, and as one text in which each begins with who speaks."""

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest

_MESSAGE_KEYS = (("role", "content"), ("from", "value"))
"""Who speaks, and what is said, in the messages of a chat."""
_WITHOUT_TURNS = frozenset({"system", "developer"})
"""Who takes no turn in a chat."""
_RESULTS = frozenset({
    "tool", "tools", "function", "ipython", "observation", "function_response", "tool_response", "tool_result",
})  # fmt: skip
"""Whose messages are what a tool gives back."""
_CALL = "tool_call"
_TOOLS = _RESULTS | {"function_call", "tool_calls", _CALL}
"""Whose messages are that, or a call of a tool."""
_CALLERS = frozenset({"assistant", "gpt", "chatgpt", "model", "bot"})
"""Names of an assistant, who calls a tool where a message of theirs stands right before what it gives back."""
_ASKERS = frozenset({"user", "human", "prompter"})
"""Names of who asks an assistant, whatever that one is called."""
_WEIGHT = "weight"
_WEIGHTS = (_WEIGHT, "loss_weight", "train", "training", "loss")
"""Keys of a message by which trainers of chats say that it is history alone, and not learnt: 0, or false."""
_CALLS = ("tool_calls", "function_call")
"""Keys of a message under which calls of tools stand."""
_PARTS_OF_TOOLS = frozenset({"tool_use", "tool_call", "tool_result"})
"""Types of parts of a message that are such."""

_IN_A_TEXT = (
    re.compile(r"(?:\A\s*|\n\n)(Human|Assistant): ?"),
    re.compile(r"(?:\A\s*|\s*)### ?(Human|Assistant): ?"),
)
"""How messages begin in a text that is a chat: in Anthropic's, and in those of OpenAssistant as a text."""


def messages(value: object) -> bool:
    """Return whether a value is a chat of messages, as a list or written in a cell."""
    if isinstance(value, str):
        return value.lstrip().startswith(("[{", "[ {")) or transcript(value) is not None
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(each, Mapping) for each in value))


def transcript(text: str) -> list[dict[str, str]] | None:
    r"""Return the messages of a chat that is one text, with a human and an assistant; none of any other text.

    >>> transcript("\n\nHuman: Who?\n\nAssistant: Me.\n\nNobody else.")
    [{'role': 'human', 'content': 'Who?'}, {'role': 'assistant', 'content': 'Me.\n\nNobody else.'}]
    >>> transcript("### Human: Who?### Assistant: Me.") == transcript("Human: Who?\n\nAssistant: Me.")
    True
    >>> transcript("Human: Who?"), transcript("So Human: Who?\n\nAssistant: Me.")
    (None, None)
    """
    for begins in _IN_A_TEXT:
        before, *parts = begins.split(text) if begins.match(text) else [text]
        speakers = [speaker.lower() for speaker in parts[::2]]
        if not before and len(set(speakers)) > 1:
            return [
                {"role": speaker, "content": content.strip()}
                for speaker, content in zip(speakers, parts[1::2], strict=True)
            ]
    return None


def message_keys(message: object) -> tuple[str, str] | None:
    """Return the keys that hold the speaker and the content of a message; none where a value is no message."""
    if not isinstance(message, Mapping):
        return None
    candidates = [keys for keys in _MESSAGE_KEYS if set(keys) <= set(message)]
    return next((keys for keys in candidates if message[keys[0]] is not None), candidates[0] if candidates else None)


def taking_turns(chat: Sequence[object]) -> list[object]:
    """Return the messages of a chat that are its turns: none of the system or the developer, and none of tools.

    What an assistant says right before a tool's result is a call, however it is written.
    """
    return [
        message
        for message, after in zip_longest(chat, chat[1:])
        if _speaker(message) not in _WITHOUT_TURNS
        and not is_of_tools(message)
        and not (_speaker(message) in _CALLERS and _is_result(after))
    ]


def replies(chat: Sequence[object]) -> list[int]:
    """Return the places, among the turns of a chat, of those that are learnt: the assistant's, without any of weight 0.

    Where nobody is called an assistant, they are the turns of all who are not called a user; the first turn never is.

    >>> replies([{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me.", "weight": 0}])
    []
    >>> replies([{"from": who, "value": "Well."} for who in ("human", "gpt", "human")])
    [1]
    >>> replies([{"from": who, "value": "Well."} for who in ("Anna", "Ben", "Anna")])
    [1, 2]
    """
    turns_taken = taking_turns(chat)
    speakers = list(map(_speaker, turns_taken))
    named = not _CALLERS.isdisjoint(speakers)
    return [
        place
        for place, (message, speaker) in enumerate(zip(turns_taken, speakers, strict=True))
        if place and (speaker in _CALLERS if named else speaker not in _ASKERS) and not is_held_back(message)
    ]


def is_held_back(message: object) -> bool:
    """Return whether a message says of itself that it is not to be learnt."""
    weights = [message.get(key) for key in _WEIGHTS] if isinstance(message, Mapping) else []
    return any(isinstance(weight, int | float) and weight == 0 for weight in weights)


def _speaker(message: object) -> str | None:
    """Who speaks, in small letters; none where a value is no message."""
    keys = message_keys(message)
    return str(message[keys[0]]).lower() if isinstance(message, Mapping) and keys is not None else None


def _is_result(message: object) -> bool:
    """Whether a message is what a tool gives back."""
    return _speaker(message) in _RESULTS or "tool_result" in _types_of_parts(message)


def _types_of_parts(message: object) -> list[object]:
    keys = message_keys(message)
    content = message[keys[1]] if isinstance(message, Mapping) and keys is not None else None
    return [part.get("type") for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []


def is_of_tools(message: object) -> bool:
    """Return whether a message is what a tool gives back or a call of one, which nobody says to the other.

    >>> is_of_tools({"role": "tool", "content": "42"}), is_of_tools({"role": "user", "content": "Tools?"})
    (True, False)
    >>> is_of_tools({"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]})
    True
    """
    if not isinstance(message, Mapping) or message_keys(message) is None:
        return False
    return (
        _speaker(message) in _TOOLS
        or any(_is_call(message.get(key)) for key in _CALLS)
        or not _PARTS_OF_TOOLS.isdisjoint(_types_of_parts(message))
    )


def _is_call(value: object) -> bool:
    """Whether a value says something: Arrow fills objects that a row lacks with nothing."""
    return any(map(_is_call, value.values())) if isinstance(value, Mapping) else value not in (None, [], "")


def has_tools(value: object) -> bool:
    """Return whether a chat, as a list or by the keys of its messages, has messages of tools."""
    if isinstance(value, Mapping) and (keys := message_keys(value)) and isinstance(value[keys[0]], list):
        return any(is_of_tools(dict.fromkeys(keys, speaker)) for speaker in value[keys[0]])
    return isinstance(value, list) and any(map(is_of_tools, value))


def plain(value: object) -> object:
    """Return a chat whose messages hold who speaks, a text, and at most that they are not learnt: all have one type.

    Content in parts is their texts as lines, or nothing where a part is no text. Anything else stays as it is.

    >>> plain([{"role": "user", "content": [{"type": "text", "text": "Who?"}], "name": "Anna"}])
    [{'role': 'user', 'content': 'Who?'}]
    """
    if not isinstance(value, list) or not all(message_keys(each) for each in value):
        return value
    try:
        return [_plain(each) for each in value]
    except ValueError:
        return value


def _plain(message: Mapping[str, object]) -> dict[str, object]:
    """A message without anything but who speaks and what, and that it is not learnt where it says so.

    Raises:
        ValueError: it says what is no text.
    """
    keys = message_keys(message) or _MESSAGE_KEYS[0]
    if is_of_tools(message):
        return {keys[0]: "tool" if _is_result(message) else _CALL, keys[1]: None}
    held_back = {_WEIGHT: 0} if is_held_back(message) else {}
    return {keys[0]: message[keys[0]], keys[1]: turn(message), **held_back}


def turn(message: object) -> object:
    """Return the content of a message, its parts as lines; none where a part of it is no text.

    Raises:
        ValueError: it says what is no text.
    """
    keys = message_keys(message)
    content = message[keys[1]] if isinstance(message, Mapping) and keys is not None else message
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        return "\n".join(texts) if len(texts) == len(parts) else None
    if keys is not None and not isinstance(content, str | None):
        raise ValueError(f"messages whose {keys[1]} is no text")
    return content
