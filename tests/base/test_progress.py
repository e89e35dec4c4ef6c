import io
import sys

import pytest

from distill.base import progress
from distill.base.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_terminal_is_told_at_times_and_the_line_is_gone_in_the_end(monkeypatch, clock):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Progress("examples") as shown:
        clock[0] += 2
        for count in range(1000, 1010):
            shown.at(count)
            clock[0] += 0.25
    assert sys.stderr.getvalue() == (
        "\r\x1b[K1,000 examples, 500 a second\r\x1b[K1,002 examples, 401 a second\r\x1b[K1,004 examples, 335 a second\r\x1b[K1,006 examples, 287 a second\r\x1b[K1,008 examples, 252 a second\r\x1b[K"
    )


def test_elsewhere_nothing_is_said(monkeypatch):
    for stream, hidden in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress("examples", hidden=hidden) as shown:
            shown.at(7)
        assert stream.getvalue() == ""
