"""Ranks hear of each other, and of one that is lost, by name and in time."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from functools import partial

import pytest

from distill.base.process_state import StopWatch
from distill.distributed import heartbeat, rank_links
from distill.distributed.heartbeat import beating
from distill.errors import RankError, StoreError

CLOSED = "[gloo/transport/tcp/pair.cc:534] Connection closed by peer"


class Together:
    """As many ranks as there are functions, each a thread that has its own heartbeat with the others."""

    def __init__(self, monkeypatch, beat=0.05):
        monkeypatch.setattr(heartbeat, "_BEAT", beat)
        monkeypatch.setattr(heartbeat, "_GRACE", 2.0)
        self.left = []
        monkeypatch.setattr(heartbeat, "leave", self.left.append)

    def __call__(self, *works):
        """What each rank returned, or raised."""
        world, found = len(works), [None] * len(works)
        barrier, values = threading.Barrier(world, timeout=30), {}

        def every(rank, value):
            values[rank] = value
            barrier.wait()
            said = [values[each] for each in range(world)]
            barrier.wait()
            return said

        def run(rank):
            try:
                with beating(rank, partial(every, rank), "127.0.0.1"):
                    found[rank] = works[rank]()
            except Exception as error:
                found[rank] = error

        threads = [threading.Thread(target=run, args=(rank,)) for rank in range(world)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return found


@pytest.fixture
def together(monkeypatch):
    return Together(monkeypatch)


def fail(error, before=None):
    if before is not None:
        before.wait(30)
    raise error


def said(rank, world=3):
    here = f"process {os.getpid()} on {socket.gethostname()}"
    return rf"rank {rank} of {world} \({re.escape(here)}\) has ended: its own output says why; the same command goes on"


def test_a_rank_that_ends_by_a_fault_is_named_on_all_others_as_soon_as_their_library_fails(together):
    """The rank that fails closes its connection, and nothing else, as if it had been killed."""
    found = together(*[partial(fail, RuntimeError(CLOSED))] * 2, partial(fail, ZeroDivisionError()))
    assert isinstance(found[2], ZeroDivisionError)
    for error in found[:2]:
        assert isinstance(error, RankError)
        assert re.match(said(2), str(error))


def test_where_the_library_says_nothing_the_process_is_ended_with_the_sentence(together):
    over = threading.Event()
    threading.Timer(4, over.set).start()
    found = together(over.wait, partial(fail, ZeroDivisionError()), over.wait)
    assert found[0] is found[2] is True
    assert len(together.left) == 2
    assert all(re.match(said(1), sentence) for sentence in together.left)


def test_one_that_leaves_in_good_order_is_not_lost_while_another_writes_what_is_left(together):
    over = threading.Event()
    threading.Timer(3, over.set).start()
    found = together(over.wait, lambda: "done", partial(fail, StoreError("agreed")))
    assert found[:2] == [True, "done"]
    assert str(found[2]) == "agreed"
    assert together.left == []


def test_a_rank_elsewhere_that_gives_no_sign_is_lost_and_one_here_that_works_is_not(monkeypatch):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    elsewhere = rank_links.Link(ours, "rank 1 of 2 (process 7 on far)", None)
    here = rank_links.Link(ours, "rank 1 of 2 (process 7 on near)", StopWatch(os.getpid()))
    assert elsewhere.look(19.0) is None
    assert elsewhere.look(1.0) == (
        "rank 1 of 2 (process 7 on far) has given no sign of life for 20 s: it is stopped, or its machine or the "
        "network is gone; the same command goes on from the last checkpoint"
    )
    theirs.send(b"\n")
    assert elsewhere.look(2.0) is None
    assert elsewhere.silent == 0
    assert here.look(3600.0) is None
    theirs.send(b"rank 2 of 3 has ended\n")
    assert here.look(1.0) == "rank 2 of 3 has ended"


@pytest.fixture
def no_signal(monkeypatch):
    """The state of signals, without any that has come."""
    from distill.base import signals

    monkeypatch.setattr(signals, "_watch", signals._Watch())
    return signals


def test_of_a_signal_to_one_rank_the_others_hear_once(monkeypatch, no_signal):
    monkeypatch.setattr(heartbeat, "_BEAT", 0.02)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    rank = heartbeat._Heartbeat([rank_links.Link(ours, "rank 1 of 2", StopWatch(os.getpid()))])
    watching = threading.Thread(target=rank.watch)
    watching.start()
    no_signal._watch.number = signal.SIGTERM
    threading.Event().wait(0.2)
    rank.over.set()
    watching.join(10)
    assert theirs.recv(1 << 16).count(b"signal 15\n") == 1
    assert rank.lost is None


def test_a_signal_that_another_rank_tells_of_ends_the_work_here_and_one_of_its_own_is_the_first(no_signal):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    link = rank_links.Link(ours, "rank 0 of 2", None)
    theirs.send(b"\nsignal 15\n\n")
    assert link.look(1.0) is None
    assert (no_signal.pending(), link.left) == (signal.SIGTERM, False)
    with pytest.raises(no_signal.Interrupted, match="ended by SIGTERM"):
        no_signal.check()
    watch = no_signal._watch
    watch.process, watch.deferred = os.getpid(), 1
    watch.came(signal.SIGINT, None)
    assert no_signal.pending() == signal.SIGINT, "it did not end the process at once, as a second one does"


def test_a_rank_here_that_stays_stopped_is_lost():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    ours, _theirs = socket.socketpair()
    ours.setblocking(False)
    link = rank_links.Link(ours, "rank 1 of 2", StopWatch(process.pid, limit=0.2))
    assert link.look(1.0) is None
    process.send_signal(signal.SIGSTOP)
    stopped = (link.look(0.1) for _ in iter(lambda: threading.Event().wait(0.05), True))
    assert next(filter(None, stopped)).startswith("rank 1 of 2 is stopped, as by SIGSTOP, so that the others waited")
    process.kill()
    process.wait()


def test_a_rank_that_is_stopped_does_not_hold_up_the_launcher(monkeypatch):
    said = []
    for name, value in (("_BEAT", 0.05), ("_GRACE", 0.1), ("leave", said.append)):
        monkeypatch.setattr(heartbeat, name, value)
    works, stops = (subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(2))
    pairs = [socket.socketpair() for _ in range(2)]
    for ours, _ in pairs:
        ours.setblocking(False)
    watches = [StopWatch(process.pid, limit=0.2) for process in (works, stops)]
    links = [rank_links.Link(ours, "rank", watch) for (ours, _), watch in zip(pairs, watches, strict=True)]
    stops.send_signal(signal.SIGSTOP)
    heartbeat._Heartbeat(links).watch()
    assert stops.wait(20) == -signal.SIGKILL
    assert works.poll() is None
    assert said[0].startswith("rank is stopped, as by SIGSTOP")
    works.kill()
    works.wait()


def test_a_stranger_who_calls_is_not_taken_for_a_rank(monkeypatch):
    monkeypatch.setattr(rank_links, "_MEET", 1.0)
    server = socket.create_server(("127.0.0.1", 0))
    stranger = socket.create_connection(server.getsockname())
    stranger.sendall(bytes(20))
    with pytest.raises(TimeoutError):
        rank_links._accepted(server, b"0123456789abcdef", 2)


def test_ranks_that_cannot_reach_each_other_go_on_without_and_say_so(together, monkeypatch, caplog):
    monkeypatch.setattr(rank_links, "_MEET", 0.5)
    monkeypatch.setattr(rank_links, "_called", lambda *_: fail(ConnectionRefusedError("Connection refused")))
    assert together(lambda: "first", lambda: "second") == ["first", "second"]
    assert "a rank that is lost will not be noticed at once: no connection (" in caplog.text


def test_time_in_which_the_watcher_was_stopped_itself_does_not_count(monkeypatch):
    from distill.base import process_state

    now = [0.0]
    monkeypatch.setattr(process_state, "is_stopped", lambda _: True)
    monkeypatch.setattr(process_state.time, "monotonic", lambda: now[0])
    watch = StopWatch(1)
    assert not watch.is_lost()
    now[0] = 3600.0  # the whole run was suspended, and this process is the first to go on
    assert not watch.is_lost()
    lost = []
    for _ in range(10):
        now[0] += 1.0
        lost.append(watch.is_lost())
    assert lost == [False] * 7 + [True] * 3
