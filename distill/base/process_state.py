"""Tell a process that is stopped, as by SIGSTOP or Ctrl-Z, from one that works, however long it works."""

import time
from dataclasses import dataclass
from pathlib import Path

STOPPED_FOR = 10.0
"""Seconds after which a process that is stopped counts as lost: a debugger, or a shell, stops one for a moment."""
_STOPPED = ("T", "t")


def is_stopped(pid: int) -> bool:
    """Return whether a process of this machine is stopped; false where the system does not tell, as without /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in _STOPPED


@dataclass
class StopWatch:
    """Watches whether a process stays stopped.

    Attributes:
        pid: the id of the process.
        limit: seconds for which it may be stopped.
    """

    pid: int
    limit: float = STOPPED_FOR
    _since: float | None = None

    def is_lost(self) -> bool:
        """Look once more, and return whether the process has been stopped at every look for longer than the limit."""
        if not is_stopped(self.pid):
            self._since = None
            return False
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        return now - self._since >= self.limit
