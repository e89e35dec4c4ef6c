"""Find out whether a host answers, and whether a name may be one on the hub, without a long wait."""

import socket
from threading import Thread


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


def may_be_on_the_hub(model: str) -> bool:
    """Return whether a name that is no folder can be a model on the Hugging Face hub, ``name`` or ``owner/name``.

    >>> [may_be_on_the_hub(name) for name in ("name", "owner/name", "./owner/name", "a/folder/deep", "~/m")]
    [True, True, False, False, False]
    """
    return bool(model) and not model.startswith((".", "/", "~")) and model.count("/") <= 1
