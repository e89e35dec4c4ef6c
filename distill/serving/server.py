"""The life of a server: it listens, loads the model, answers, and stops when what it accepted is answered."""

import errno
import logging
import math
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from distill.base import signals
from distill.errors import ConfigError
from distill.serving.app import application
from distill.serving.limits import Limits
from distill.serving.protocol import protocol
from distill.serving.service import Service

_BACKLOG = 2048
"""Connections that the kernel keeps for the server, which accepts them as it can."""
_UNREAD = "other"
"""The path of a request that was refused before it was read, in the metrics."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: a name or address of this machine.
        port: 0 takes any that is free.

    Raises:
        ConfigError: the address cannot be listened at.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(_reason(host, port, error)) from error


def address(host: str, port: int) -> str:
    """Return the address of a server as a browser takes it.

    >>> address("127.0.0.1", 8000), address("::1", 8000), address("fe80::1%eth0", 8000)
    ('http://127.0.0.1:8000', 'http://[::1]:8000', 'http://[fe80::1%25eth0]:8000')
    """
    if ":" not in host:
        return f"http://{host}:{port}"
    return f"http://[{host.replace('%', '%25')}]:{port}"


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port={port}: in use on {host}; allowed is one that is free, or 0 for any that is"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port={port}: this user may not listen there; allowed is a number from 1024 up, or 0"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"host={host}: no address of this machine; allowed is one, such as 127.0.0.1 or 0.0.0.0"
    return f"host={host} port={port}: {error.strerror}"


class Server(uvicorn.Server):
    """A server that leaves signals to the command, which has its own words and exit codes for them."""

    def stop(self, number: int = 0) -> None:
        """Take no further connections, answer what was accepted, and end; ``number`` is that of a signal."""
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing about signals."""
        yield


def server(service: Service, limits: Limits) -> Server:
    """Return a server of a model, which loads it when it is run, and stops where that fails."""

    def count(status: int) -> None:
        service.metrics.requests.labels(_UNREAD, status).inc()

    config = uvicorn.Config(
        application(service),
        http=protocol(limits, count),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(limits.read_timeout + limits.request_timeout),
    )
    made = Server(config)
    service.on_failure = made.stop
    return made


def run(
    service: Service, limits: Limits, listening: socket.socket, announce: Callable[[], None] = lambda: None
) -> None:
    """Answer requests until a signal comes, and then what was accepted until then.

    Args:
        service: the model.
        limits: for its clients.
        listening: where they come.
        announce: is called when the model is loaded, unless the server is to stop by then.

    Raises:
        Interrupted: a signal has come, and the server has stopped.
        DistillError: the model could not be loaded.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # else every malformed request is a line of the log
    made = server(service, limits)
    service.on_ready = lambda: None if made.should_exit else announce()
    with signals.deferred(), signals.telling(made.stop, lambda: None):
        made.run(sockets=[listening])
    if service.failure is not None:
        raise service.failure
