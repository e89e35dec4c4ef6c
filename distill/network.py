"""Whether a host answers."""

import socket
from threading import Thread


def answers(host: str, port: int, seconds: float = 3.0) -> bool:
    """Whether a connection opens; tried in a thread, since the look-up of a name cannot be told to give up."""
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
