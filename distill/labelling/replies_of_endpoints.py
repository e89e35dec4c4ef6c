"""What the response of an endpoint means: an answer, a fault that may pass, or one that stays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

FORMATS = ("json_schema", "json_object", "none")
"""How an answer is asked for, the strictest first; what a server does not know, it refuses."""
PASSING = frozenset({408, 409, 425, 429, *range(500, 600)})
"""Statuses that may be others at the next try."""
UNSUPPORTED = frozenset({400, 415, 422, 501})
"""Statuses with which servers refuse a form of answer that they do not know."""
OF_THE_ROW = frozenset({400, 413, 422})
"""Statuses that say something of one text, where others were answered."""


@dataclass(frozen=True)
class Completion:
    """What an endpoint wrote.

    Attributes:
        content: the text.
        refused: why it wrote none, in its own words.
        cut: whether it had to stop before the end.
        tokens: how many it has read and written; 0 where it does not say.
    """

    content: str
    refused: str = ""
    cut: bool = False
    tokens: tuple[int, int] = (0, 0)


def completion(body: object) -> Completion | None:
    """Return what the body of a response holds; none where it is no completion."""
    try:
        choice = body["choices"][0]  # type: ignore[index]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        return None
    if isinstance(content, list):  # parts, as some servers have it
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    if not isinstance(content, str) and not isinstance(refusal, str):
        return None
    usage = body.get("usage") if isinstance(body, Mapping) else None
    cut = choice.get("finish_reason") == "length"
    return Completion(content or "", str(refusal or "") if not content else "", cut, _tokens(usage))


def error_message(body: object) -> str:
    """Return what a server says of an error, on one line; empty where it says nothing that is known.

    >>> error_message({"error": {"message": "no such model"}}), error_message({"detail": "no"}), error_message([])
    ('no such model', 'no', '')
    """
    if not isinstance(body, Mapping):
        return ""
    error = body.get("error", body)
    said = next((error[name] for name in ("message", "detail") if name in error), "") if _maps(error) else error
    return " ".join(said.split()) if isinstance(said, str) else ""


def seconds_to_wait(retry_after: str | None) -> float | None:
    """Return how long a server asks to wait, by its header ``Retry-After``; none where it does not say.

    >>> seconds_to_wait("7"), seconds_to_wait("soon"), seconds_to_wait("Wed, 21 Oct 2015 07:28:00 GMT")
    (7.0, None, 0.0)
    """
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after)) if float(retry_after) < 1e9 else None
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def response_format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a request that asks for an answer in a form: json_schema, json_object or none."""
    if name == "json_schema":
        return {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": schema},
            }
        }
    return {} if name == "none" else {"response_format": {"type": "json_object"}}


def _maps(value: object) -> bool:
    return isinstance(value, Mapping)


def _tokens(usage: object) -> tuple[int, int]:
    if not isinstance(usage, Mapping):
        return 0, 0
    read, written = (usage.get(name) for name in ("prompt_tokens", "completion_tokens"))
    return _count(read), _count(written)


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
