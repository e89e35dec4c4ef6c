"""Find out whether a host answers, and whether a name may be one on the hub, without a long wait."""

import re
import socket
from threading import Thread

_ID = re.compile(r"(\w[\w.-]*/)?\w[\w.-]*", re.ASCII)


def is_reachable(host: str, port: int, seconds: float = 3.0) -> bool:
    """Return whether a connection opens; tried in a thread, since a name look-up cannot be told to give up."""
    opened: list[bool] = []

    def connect() -> None:
        try:
            socket.create_connection((host, port), seconds).close()
            opened.append(True)
        except OSError:
            opened.clear()

    thread = Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(opened)


def may_be_on_the_hub(name: str) -> bool:
    """Return whether a name can be that of a model or data set on the Hugging Face hub, ``name`` or ``owner/name``.

    >>> [may_be_on_the_hub(name) for name in ("name", "owner/name", "./owner/name", "a/folder/deep", "~/m", "a: b")]
    [True, True, False, False, False, False]
    """
    return _ID.fullmatch(name) is not None
