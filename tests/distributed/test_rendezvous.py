"""Ranks meet in time, or the one that does not come is named by all others, whoever has started them."""

import signal
import socket
import threading
from dataclasses import replace

import pytest
from torch.distributed import TCPStore

from distill.base import signals
from distill.distributed.rendezvous import Place, meet
from distill.errors import RankError

GOES_ON = "the same command goes on from the last checkpoint"
LONGER = f"where it only needs longer, give more than so many seconds by trainer.join_timeout; {GOES_ON}"


@pytest.fixture
def place(monkeypatch, free_port):
    for name in ("TORCHELASTIC_USE_AGENT_STORE", "TORCHELASTIC_RESTART_COUNT"):
        monkeypatch.delenv(name, raising=False)
    return Place("127.0.0.1", int(free_port), 0, 3, 20.0)


def at_once(*works):
    """What each of some ranks, a thread each, has returned or raised."""
    found = [None] * len(works)

    def run(number):
        try:
            found[number] = works[number]()
        except (Exception, signals.Interrupted) as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,), name=f"rank {number}") for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def rank(place, number, then=lambda meeting: meeting, **others):
    return lambda: then(meet(replace(place, rank=number, **others)))


def test_ranks_that_have_met_learn_what_each_of_them_says(place):
    def says(meeting):
        number = meeting.place.rank
        return meeting.every(number) + meeting.every([number, "x"])[:1], meeting

    found = at_once(*[rank(place, number, says) for number in (2, 0, 1)])
    assert [values for values, _ in found] == [[0, 1, 2, [0, "x"]]] * 3


def test_a_rank_that_does_not_come_is_named_by_all_that_have(place):
    short = replace(place, patience=1.0)
    found = at_once(rank(short, 0), rank(place, 2))
    said = f"rank 1 of 3 has not come within 1 s: its own output says why; {LONGER}"
    assert [type(error) for error in found] == [RankError, RankError]
    assert [str(error) for error in found] == [said, said]


def test_where_several_do_not_come_all_are_named_and_where_the_first_ones_output_is(place):
    where = replace(place, patience=0.5, says_why=lambda missing: f"see rank-{missing}.log")
    (error,) = at_once(rank(where, 0))
    assert str(error) == f"ranks 1, 2 of 3 have not come within 0 s: see rank-1.log; {LONGER}"


def test_a_first_rank_that_does_not_come_is_named_with_where_it_should_be(place):
    (error,) = at_once(rank(place, 1, patience=1.0))
    at = f"(nobody answers at 127.0.0.1:{place.port}: [Errno 111] Connection refused)"
    assert str(error) == f"rank 0 of 3 has not come within 1 s: its own output says why; {LONGER} {at}"


def test_a_signal_ends_a_rank_that_waits(place):
    threading.Timer(1, signal.raise_signal, [signal.SIGTERM]).start()
    with pytest.raises(signals.Interrupted), signals.heeded(), signals.deferred():
        meet(place)


@pytest.mark.parametrize("ended", [0, 1])
def test_a_rank_that_a_signal_ends_is_named_by_the_others(place, monkeypatch, ended):
    """All are threads of one process here, which would hear the same signals."""
    came = threading.Event()
    name = f"rank {ended}"

    def check():
        if threading.current_thread().name == name and came.is_set():
            raise signals.Interrupted(signal.SIGTERM)

    monkeypatch.setattr(signals, "check", check)
    threading.Timer(0.5, came.set).start()
    found = at_once(rank(place, 0), rank(place, 1))
    assert isinstance(found[ended], signals.Interrupted)
    assert str(found[1 - ended]) == f"rank {ended} of 3 has left: ended by SIGTERM; {GOES_ON}"


def test_a_port_that_another_process_has_is_said(place):
    with socket.create_server(("", place.port)):
        (error,) = at_once(rank(place, 0))
    assert str(error) == (
        f"rank 0 of 3 cannot open 127.0.0.1:{place.port}, where the ranks meet: another process has it; give another "
        "port (torchrun --master-port=PORT, MASTER_PORT=PORT) and the address of its own machine"
    )


def test_ranks_that_a_launcher_starts_again_find_nothing_of_those_before(place, monkeypatch):
    """The launcher's store outlives its ranks."""
    store = TCPStore(place.address, place.port, is_master=True, wait_for_workers=False)
    monkeypatch.setenv("TORCHELASTIC_USE_AGENT_STORE", "True")
    two = replace(place, world=2)
    assert all(at_once(rank(two, 0), rank(two, 1)))
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    (error,) = at_once(rank(two, 0, patience=0.5))
    assert str(error).startswith("rank 1 of 2 has not come within 0 s")
    del store
