"""Messages of a chat, as OpenAI and ShareGPT write them."""

from collections.abc import Mapping
from typing import Any

_TALKS = (("role", "content"), ("from", "value"))
"""Who speaks, and what is said, in the messages of a chat."""
_ASIDE = frozenset({"system", "developer"})
"""Who takes no turn in a chat."""


def messages(value: Any) -> bool:  # noqa: ANN401
    """Whether it is a chat of messages, as a list or written in a cell."""
    if isinstance(value, str):
        return value.lstrip().startswith(("[{", "[ {"))
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(each, Mapping) for each in value))


def said_in(message: Any) -> tuple[str, str] | None:  # noqa: ANN401
    """The keys of who speaks and what is said, where a value is a message."""
    if not isinstance(message, Mapping):
        return None
    there = [keys for keys in _TALKS if set(keys) <= set(message)]
    return next((keys for keys in there if message[keys[0]] is not None), there[0] if there else None)


def aside(message: Any) -> bool:  # noqa: ANN401
    """Whether a message takes no turn."""
    keys = said_in(message)
    return keys is not None and str(message[keys[0]]).lower() in _ASIDE


def turn(message: Any) -> Any:  # noqa: ANN401
    """What a message says, or nothing where a part of it is no text; parts are lines.

    Raises:
        ValueError: it says what is no text.
    """
    keys = said_in(message)
    said = message if keys is None else message[keys[1]]
    if isinstance(said, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in said]
        texts = [part for part in parts if isinstance(part, str)]
        return "\n".join(texts) if len(texts) == len(parts) else None
    if keys is not None and not isinstance(said, str | None):
        raise ValueError(f"messages whose {keys[1]} is no text")
    return said
