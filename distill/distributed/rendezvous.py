"""Let the ranks of a run meet before they talk by collectives, and name the one that does not come.

Left to themselves, torch's ranks wait at their store for as long as for any collective, hear no signal there, and do
not say who is missing. Here they meet at the same store first, looking every now and then at the clock, at signals, and
at what rank 0, which counts them, has found.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import torch.distributed as dist

from distill.base import signals
from distill.base.early_signals import GOES_ON
from distill.base.signals import Interrupted
from distill.errors import RankError

_LOOK = 0.1
"""Seconds from one look at the store to the next."""
_ANSWERS, _CALL = 5.0, 60.0
"""Seconds in which whoever keeps the store takes a call, and answers one: on a busy machine little happens in some."""
_READ = 1.0
"""Seconds that rank 0, which keeps the store, stays for the others to read why it leaves."""
_LOST, _ALL = "lost", "all"


@dataclass(frozen=True)
class Place:
    """Where ranks meet, and how many.

    Attributes:
        address: of the machine of rank 0.
        port: of the store.
        rank: the number of this process.
        world: the number of all.
        patience: seconds for which others are waited for.
        says_why: where a rank that is missing has said why, by its number.
    """

    address: str
    port: int
    rank: int
    world: int
    patience: float
    says_why: Callable[[int], str] = lambda _: "its own output says why"


@dataclass
class Meeting:
    """Ranks that have come, and their store, which collectives begin with."""

    place: Place
    store: Any
    _said: int = field(default=0, init=False)

    def every(self, value: Any) -> list[Any]:  # noqa: ANN401 - whatever JSON can hold
        """Return the values of all ranks, in their order, on every rank; all of them have to ask.

        Raises:
            RankError: one does not answer.
        """
        self._said += 1
        names = [f"said {self._said} by {rank}" for rank in range(self.place.world)]
        self.store.set(names[self.place.rank], json.dumps(value))
        self._until(names)
        return [json.loads(self.store.get(name)) for name in names]

    def come_together(self) -> None:
        """Say that this rank is here, and wait for all.

        Raises:
            Interrupted: a signal has come.
            RankError: another one has not come in time, or has left.
        """
        here = [f"rank {rank}" for rank in range(self.place.world)]
        self.store.set(here[self.place.rank], "here")
        if self.place.rank == 0:
            self._until(here)
            self.store.set(_ALL, "here")
        else:
            self._until([_ALL])

    def _until(self, names: Sequence[str]) -> None:
        """Wait for entries of the store, each by the rank of its number; tell the others where this one gives up."""
        try:
            self._wait(names)
        except (RankError, Interrupted) as error:
            self._leave(error)
            raise

    def _wait(self, names: Sequence[str]) -> None:
        until = time.monotonic() + self.place.patience
        while not self.store.check(list(names)):
            signals.check()
            if self.store.check([_LOST]):
                raise RankError(self.store.get(_LOST).decode())
            if time.monotonic() >= until:
                missing = [rank for rank, name in enumerate(names) if not self.store.check([name])]
                raise RankError(missing_ranks(missing, self.place))
            time.sleep(_LOOK)

    def _leave(self, error: RankError | Interrupted) -> None:
        """Tell the others why this rank leaves, unless it is known; rank 0 stays until they have had time to read."""
        with suppress(dist.DistError):
            if not self.store.check([_LOST]):
                who = f"rank {self.place.rank} of {self.place.world}"
                why = f"{who} has left: {error}; {GOES_ON}" if isinstance(error, Interrupted) else str(error)
                self.store.set(_LOST, why)
        if self.place.rank == 0:
            time.sleep(_READ)


def missing_ranks(missing: Sequence[int], place: Place) -> str:
    """Return a sentence on ranks that have not come."""
    several = len(missing) > 1
    who = f"rank{'s' if several else ''} {', '.join(map(str, missing))} of {place.world} {'have' if several else 'has'}"
    longer = "where it only needs longer, give more than so many seconds by trainer.join_timeout"
    return f"{who} not come within {place.patience:.0f} s: {place.says_why(missing[0])}; {longer}; {GOES_ON}"


def meet(place: Place) -> Meeting:
    """Meet the other ranks at a store, which rank 0 or the launcher keeps.

    Raises:
        Interrupted: a signal has come.
        RankError: another rank has not come in time, or has left, or rank 0 cannot keep the store.
    """
    try:
        meeting = Meeting(place, _store(place))
        meeting.come_together()
    except dist.DistError as error:
        raise RankError(
            f"rank 0 of {place.world}, or its launcher, has ended while the ranks came together at {place.address}:"
            f"{place.port}: {place.says_why(0)}; {GOES_ON}"
        ) from error
    return meeting


def _store(place: Place) -> Any:  # noqa: ANN401 - torch does not export the type of its stores
    """Open the store, or connect with it, and take the part of it that belongs to this start of the ranks."""
    of_launcher = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    keeps = place.rank == 0 and not of_launcher
    if not keeps:
        _until_it_answers(place)
    try:
        store = dist.TCPStore(  # type: ignore[attr-defined]
            place.address,
            place.port,
            is_master=keeps,
            wait_for_workers=False,
            multi_tenant=keeps,
            timeout=timedelta(seconds=place.patience if keeps else _CALL),
        )
    except dist.DistNetworkError as error:
        if not keeps:
            raise
        why = "another process has it" if "EADDRINUSE" in str(error) else str(error).splitlines()[0]
        raise RankError(
            f"rank 0 of {place.world} cannot open {place.address}:{place.port}, where the ranks meet: {why}; give "
            "another port (torchrun --master-port=PORT, MASTER_PORT=PORT) and the address of its own machine"
        ) from error
    # torchrun's agent keeps one store for all its starts of the ranks, where those before have left what they said
    return dist.PrefixStore(f"distill {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)  # type: ignore[attr-defined]


def _until_it_answers(place: Place) -> None:
    """Wait until somebody answers at the place."""
    until = time.monotonic() + place.patience
    while True:
        signals.check()
        try:
            socket.create_connection((place.address, place.port), _ANSWERS).close()
            return
        except OSError as error:
            if time.monotonic() >= until:
                raise RankError(
                    f"{missing_ranks([0], place)} (nobody answers at {place.address}:{place.port}: {error})"
                ) from error
        time.sleep(_LOOK)
