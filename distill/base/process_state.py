"""Tell a process that is stopped, as by SIGSTOP or Ctrl-Z, from one that works, however long it works."""

import time
from dataclasses import dataclass
from pathlib import Path

STOPPED_FOR = 10.0
"""Seconds after which a process that is stopped counts as lost: a debugger, or a shell, stops one for a moment."""
_LOOKS = 2.0
"""Seconds between two looks that count at most: more passed only where whoever looks was stopped itself, by Ctrl-Z."""
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
    _looked: float | None = None
    _stopped: float = 0.0

    def is_lost(self) -> bool:
        """Look once more, and return whether the process has been stopped at every look for longer than the limit."""
        if not is_stopped(self.pid):
            self._looked, self._stopped = None, 0.0
            return False
        now = time.monotonic()
        self._stopped += 0.0 if self._looked is None else min(now - self._looked, _LOOKS)
        self._looked = now
        return self._stopped >= self.limit
