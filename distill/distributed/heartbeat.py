"""Let the ranks of a launcher, or of several machines, hear of each other, and end all in a sentence when one is lost.

Every other rank is connected with rank 0, and both ends give a sign of life every second. A connection that closes says
that a process has ended, unless it has said before that it leaves. Whether one stays stopped, its own machine tells; of
a rank elsewhere, no sign for a while means that it is stopped, or that its machine or the network is gone. Rank 0 tells
the others whom it has lost. Of a signal that comes to one, as where a machine is taken away, all hear, and end by it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from distill.base import signals
from distill.distributed.lost_ranks import is_broken, leave
from distill.distributed.rank_links import LEAVES, SIGNAL, Link, linked
from distill.errors import DistillError, RankError

log = logging.getLogger(__name__)

_BEAT = 1.0
"""Seconds from one sign of life, and one look, to the next."""
_GRACE = 5.0
"""Seconds that the main thread has to end by itself, as where a library tells it of the loss."""


@dataclass
class _Heartbeat:
    """The links of this rank, the sentence on the first rank that was lost, and whether this rank is done."""

    links: list[Link]
    lost: str | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Look until this rank is done; end the process where another one is lost, and the main thread does not end."""
        looked, told = time.monotonic(), False
        while not self.over.wait(_BEAT):
            if not told and (number := signals.pending()) is not None:
                told = True
                self._tell(SIGNAL % number)
            now = time.monotonic()
            passed, looked = min(now - looked, 2 * _BEAT), now  # while this process was stopped it heard nothing
            self.lost = next(filter(None, [link.look(passed) for link in self.links]), None)
            if self.lost is not None:
                self._tell(f"{self.lost}\n".encode())
                if not self.over.wait(_GRACE):
                    for link in self.links:
                        link.end_stopped()
                    leave(self.lost)
                return

    def found(self) -> str | None:
        """Return the sentence on a rank that was lost, waited for where it only just was."""
        until = time.monotonic() + _GRACE
        while self.lost is None and time.monotonic() < until:
            time.sleep(_BEAT / 10)
        return self.lost

    def end(self, *, orderly: bool) -> None:
        """Hear and say no more, and where this rank ends in good order, say so before."""
        self.over.set()
        if orderly:
            self._tell(LEAVES)
        for link in self.links:
            link.end.close()

    def _tell(self, what: bytes) -> None:
        for link in self.links:
            link.say(what)


@contextmanager
def beating(rank: int, every: Callable[[Any], list[Any]], address: str) -> Iterator[None]:
    """Watch the other ranks while the block runs, in which all of them wait for each other.

    Args:
        rank: the number of this one.
        every: gives to every rank the values of all, which JSON can hold, in their order.
        address: of the machine of rank 0.

    Raises:
        RankError: one of them has ended, which the block has heard of as an error of its library.
    """
    heartbeat = _Heartbeat(linked(rank, every, address))
    threading.Thread(target=heartbeat.watch, daemon=True, name="heartbeat").start()
    orderly = True
    try:
        yield
    except DistillError:  # which all ranks have agreed on
        raise
    except Exception as error:
        orderly = False
        if not is_broken(error) or (sentence := heartbeat.found()) is None:
            raise
        if signals.pending() is not None:  # by which the run ends: a launcher ends all when one is gone
            log.warning("%s", sentence)
        raise RankError(sentence) from error
    finally:
        heartbeat.end(orderly=orderly)
