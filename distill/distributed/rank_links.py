"""Connect the ranks of a run with rank 0, and say of one of them whether it is lost."""

import logging
import os
import re
import secrets
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from distill.base import signals
from distill.base.early_signals import GOES_ON
from distill.base.process_state import StopWatch, is_stopped

log = logging.getLogger(__name__)

LEAVES = b"."
"""What a rank says that leaves in good order."""
SIGNAL = b"signal %d\n"
"""What a rank says to which a signal has come."""
_SIGN = b"\n"
_SIGNAL = re.compile(rb"signal (\d+)\n")
_SILENT = 20.0
"""Seconds without a sign after which a rank of another machine counts as lost."""
_LEFT = 600.0
"""Seconds for which a rank may go on when another one has left in good order, as for its trackers."""
_MEET = 60.0
"""Seconds within which all connect: they have just met."""
_CALL = 5.0
"""Seconds within which one who has called shows the token."""
_TOKEN = 16
"""Bytes of what a rank shows to be one of this run."""


@dataclass(frozen=True)
class _Peer:
    """A rank and its process; ``machine`` is the same for those that see each other's numbers of processes."""

    rank: int
    pid: int
    host: str
    machine: str


def _this(rank: int) -> _Peer:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        machine = f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # without /proc none sees the state of another
        machine = f"rank {rank}"
    return _Peer(rank, os.getpid(), socket.gethostname(), machine)


@dataclass
class Link:
    """The connection with another rank.

    Attributes:
        end: this end of it.
        who: the rank, in words.
        stopped: watches the process, where it is one of this machine.
        silent: seconds without a sign of life.
        left: whether it has said that it leaves.
    """

    end: socket.socket
    who: str
    stopped: StopWatch | None
    silent: float = 0.0
    left: bool = False

    def look(self, passed: float) -> str | None:
        """Give a sign and look for one, ``passed`` seconds after the last look; return a sentence where one is lost."""
        self.say(_SIGN)
        heard, closed = self._heard()
        self.silent = 0.0 if heard else self.silent + passed
        for number in _SIGNAL.findall(heard):
            signals.hear(int(number))
        said = _SIGNAL.sub(b"", heard).strip()
        self.left |= said.startswith(LEAVES)
        if not self.left and said:  # rank 0 says whom it has lost
            return said.decode(errors="replace")
        if self.silent >= _LEFT if self.left else closed:
            return f"{self.who} has ended: its own output says why; {GOES_ON}"
        if self.left:
            return None
        if self.stopped is not None:  # one that works may give no sign for long
            lost = f"{self.who} is stopped, as by SIGSTOP, so that the others waited for nothing; {GOES_ON}"
            return lost if self.stopped.is_lost() else None
        how = f"has given no sign of life for {_SILENT:.0f} s: it is stopped, or its machine or the network is gone"
        return f"{self.who} {how}; {GOES_ON}" if self.silent >= _SILENT else None

    def end_stopped(self) -> None:
        """End the process where it is stopped: a launcher, which asks it to end, would wait for it half a minute."""
        with suppress(OSError):
            if self.stopped is not None and is_stopped(self.stopped.pid):
                os.kill(self.stopped.pid, signal.SIGKILL)

    def say(self, what: bytes) -> None:
        """Send something to the other end, if it is there."""
        with suppress(OSError):
            self.end.send(what)

    def _heard(self) -> tuple[bytes, bool]:
        """Return what has come, and whether nothing more will."""
        heard = b""
        try:
            while said := self.end.recv(1 << 16):
                heard += said
        except BlockingIOError:
            return heard, False
        except OSError:
            pass
        return heard, True


def linked(rank: int, every: Callable[[Any], list[Any]], address: str) -> list[Link]:
    """Connect rank 0 with every other one; return this rank's links, none where one of them could not be reached."""
    server = socket.create_server(("", 0)) if rank == 0 else None
    said = every([asdict(_this(rank)), server.getsockname()[1] if server else 0, secrets.token_hex(_TOKEN)])
    peers = [_Peer(**peer) for peer, *_ in said]
    port, token = int(said[0][1]), bytes.fromhex(said[0][2])
    ends, failure = dict[int, socket.socket](), ""
    try:
        if server is None:
            ends[0] = _called(address, port, token, rank)
        else:
            ends = _accepted(server, token, len(peers))
    except OSError as error:
        failure = f"rank {rank} on {peers[rank].host}: {error}"
    finally:
        if server is not None:
            server.close()
    if failures := [each for each in every(failure) if each]:
        for end in ends.values():
            end.close()
        if rank == 0:
            log.warning("a rank that is lost will not be noticed at once: no connection (%s)", failures[0])
        return []
    return [_link(end, peers[other], peers[rank], len(peers)) for other, end in ends.items()]


def _link(end: socket.socket, peer: _Peer, this: _Peer, world: int) -> Link:
    end.setblocking(False)
    stopped = StopWatch(peer.pid) if peer.machine == this.machine else None
    return Link(end, f"rank {peer.rank} of {world} (process {peer.pid} on {peer.host})", stopped)


def _called(address: str, port: int, token: bytes, rank: int) -> socket.socket:
    """Connect with rank 0, where all have met."""
    end = socket.create_connection((address, port), _MEET)
    end.sendall(token + rank.to_bytes(4, "big"))
    return end


def _accepted(server: socket.socket, token: bytes, world: int) -> dict[int, socket.socket]:
    """Wait for the calls of all other ranks, which show the token."""
    ends: dict[int, socket.socket] = {}
    until = time.monotonic() + _MEET
    while len(ends) < world - 1:
        server.settimeout(max(until - time.monotonic(), 0.1))
        end, _ = server.accept()
        end.settimeout(_CALL)
        with suppress(OSError):
            said = end.recv(_TOKEN + 4, socket.MSG_WAITALL)
            if secrets.compare_digest(said[:_TOKEN], token):
                ends[int.from_bytes(said[_TOKEN:], "big")] = end
                continue
        end.close()
    return ends
