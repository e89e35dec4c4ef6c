"""Refuse files that unpack to far more than texts do, one by one and all that are read together."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from distill.errors import DataError

UNPACKED_FREELY, UNPACKED_TIMES = 20_000_000, 200
"""Bytes that files may unpack to however small they are, and how many times what was read of them beyond: texts shrink
to a tenth or a twentieth, and what shrinks to a thousandth is a trap."""


@dataclass
class _Together:
    """What the files of one read have unpacked to, each counted once however often it is opened."""

    packed: dict[Path, int] = field(default_factory=dict)
    unpacked: dict[Path, int] = field(default_factory=dict)
    read: int = 0
    given: int = 0

    def count(self, file: Path, packed: int, unpacked: int) -> None:
        """Note how far a file has been read at most."""
        self.read += max(packed - self.packed.get(file, 0), 0)
        self.given += max(unpacked - self.unpacked.get(file, 0), 0)
        self.packed[file] = max(packed, self.packed.get(file, 0))
        self.unpacked[file] = max(unpacked, self.unpacked.get(file, 0))


_TOGETHER: ContextVar[_Together | None] = ContextVar("together", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Let all that the block reads count as one: many small traps are as bad as a large one."""
    token = _TOGETHER.set(_Together())
    try:
        yield
    finally:
        _TOGETHER.reset(token)


def refuse_too_much(file: Path, packed: int, unpacked: int, way_out: str) -> None:
    """Refuse a file, or all that are read together, where it is too much by now.

    Args:
        file: that is being read.
        packed: bytes that were read of it.
        unpacked: bytes that they have given.
        way_out: what a user may do who trusts it.

    Raises:
        DataError: it is.
    """
    if _is_too_much(packed, unpacked):
        raise DataError(f"{file} unpacks to more than {UNPACKED_TIMES} times its size, as no text does: {way_out}")
    if (every := _TOGETHER.get()) is None:
        return
    every.count(file, packed, unpacked)
    if len(every.packed) > 1 and _is_too_much(every.read, every.given):
        raise DataError(
            f"{file} and the {len(every.packed) - 1} before it unpack to more than {UNPACKED_TIMES} times their size, "
            f"as no text does: {way_out}"
        )


def _is_too_much(packed: int, unpacked: int) -> bool:
    return unpacked > UNPACKED_FREELY and unpacked > UNPACKED_TIMES * packed
