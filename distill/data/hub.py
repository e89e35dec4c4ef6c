"""Whether the Hugging Face hub answers, decided before its libraries wait half a minute for it."""

import os
import socket
import sys
from threading import Thread
from urllib.parse import urlsplit

_ENDPOINT = "https://huggingface.co"


def reachable(seconds: float = 3.0) -> bool:
    """Whether the hub may be asked; where it may not, its libraries are told to look into their caches only.

    A connection is tried in a thread, since the look-up of a name cannot be told to give up.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    url = urlsplit(os.environ.get("HF_ENDPOINT", _ENDPOINT))
    opened: list[bool] = []

    def connect() -> None:
        try:
            socket.create_connection((url.hostname or "", url.port or 443), seconds).close()
            opened.append(True)
        except OSError:
            opened.clear()

    thread = Thread(target=connect, daemon=True)
    thread.start()
    thread.join(seconds)
    if not opened:
        _stay_offline()
    return bool(opened)


def _stay_offline() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    if (hub := sys.modules.get("huggingface_hub.constants")) is not None:
        hub.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
    if (datasets := sys.modules.get("datasets.config")) is not None:
        datasets.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
