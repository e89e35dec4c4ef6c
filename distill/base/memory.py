"""Know how much memory a machine has, and the errors by which libraries say that it is not enough."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SAID = ("allocate memory", "out of memory")
"""What they have in common: torch says the first on a CPU, and the second of a GPU."""
_GROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says how much a container may have, in the second and the first version of its groups."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that there is not enough memory.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory")), is_out_of_memory(ValueError())
    (True, False)
    """
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or any(word in str(error) for word in _SAID)


def available() -> float | None:
    """Return the bytes of memory that are free for programs, as Linux says it; none elsewhere."""
    return _meminfo("MemAvailable:")


def total() -> float | None:
    """Return the bytes of memory that programs can have here, within the limit of a container; none where unknown."""
    return min([*_group_limits(), *filter(None, [_meminfo("MemTotal:")])], default=None)


def _meminfo(name: str) -> float | None:
    with suppress(OSError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith(name)), None)
    return None


def _group_limits() -> Iterator[float]:
    for path in _GROUP_LIMITS:
        with suppress(OSError, ValueError):  # "max" is no limit
            yield float(int(Path(path).read_text(encoding="ascii")))
