"""A request that gets no answer but a reason, as every part of the server raises it."""

import json
from collections.abc import Mapping


class Refused(Exception):  # noqa: N818 - it ends a request, and not the program
    """Raised for a request that cannot be answered.

    Attributes:
        status: of the reply over HTTP.
        reason: a sentence that says why.
        headers: of that reply.
    """

    def __init__(self, status: int, reason: str, retry_after: int | None = None) -> None:
        """Keep what the client is told, and after how many seconds it may come again."""
        super().__init__(reason)
        self.status = int(status)
        self.reason = reason
        self.headers: Mapping[str, str] = {} if retry_after is None else {"retry-after": str(retry_after)}

    @property
    def body(self) -> bytes:
        """Return the reply's content, which is JSON."""
        return json.dumps({"error": self.reason}, ensure_ascii=False).encode(errors="replace")
