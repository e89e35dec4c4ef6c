"""Messages of a chat, as OpenAI and ShareGPT write them."""

from collections.abc import Mapping

_MESSAGE_KEYS = (("role", "content"), ("from", "value"))
"""Who speaks, and what is said, in the messages of a chat."""
_WITHOUT_TURNS = frozenset({"system", "developer"})
"""Who takes no turn in a chat."""


def messages(value: object) -> bool:
    """Return whether a value is a chat of messages, as a list or written in a cell."""
    if isinstance(value, str):
        return value.lstrip().startswith(("[{", "[ {"))
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(each, Mapping) for each in value))


def message_keys(message: object) -> tuple[str, str] | None:
    """Return the keys that hold the speaker and the content of a message; none where a value is no message."""
    if not isinstance(message, Mapping):
        return None
    candidates = [keys for keys in _MESSAGE_KEYS if set(keys) <= set(message)]
    return next((keys for keys in candidates if message[keys[0]] is not None), candidates[0] if candidates else None)


def takes_no_turn(message: object) -> bool:
    """Return whether a message is an instruction of the system or the developer, which is no turn of the chat."""
    keys = message_keys(message)
    return isinstance(message, Mapping) and keys is not None and str(message[keys[0]]).lower() in _WITHOUT_TURNS


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
