"""Read how much energy processor and graphics cards have taken, where the machine tells; nothing is estimated.

RAPL counts whole processors, NVML whole cards: all that the machine does, whoever asked for it.
"""

import ctypes
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

POWERCAP = Path("/sys/class/powercap")
"""Where Linux has the counters of RAPL, which most systems let nobody but root read."""
_LIBRARY = "libnvidia-ml.so.1"
_EVERY = 30.0
"""Seconds from one reading to the next: a counter of RAPL begins again from 0 after some minutes under load."""


class RaplCounter:
    """A counter of one processor, or of its memory, in microjoules; it begins again from 0 beyond its range."""

    source = "processor"

    def __init__(self, folder: Path) -> None:
        """Keep the file, and how far it counts.

        Raises:
            OSError: it may not be read.
            ValueError: it holds no number.
        """
        self._path = folder / "energy_uj"
        self._range = int((folder / "max_energy_range_uj").read_text())
        self._last = self._read()

    def joules(self) -> float:
        """Return what was taken since it was last asked."""
        now = self._read()
        taken, self._last = now - self._last, now
        return (taken if taken >= 0 else taken + self._range) / 1e6

    def _read(self) -> int:
        return int(self._path.read_text())


class NvmlCounter:
    """A counter of one graphics card, in millijoules since the driver was loaded."""

    source = "graphics card"

    def __init__(self, library: Any, handle: Any) -> None:  # noqa: ANN401 - functions of C have no types
        """Keep the card.

        Raises:
            OSError: this card does not count.
        """
        self._library, self._handle = library, handle
        self._last = self._read()

    def joules(self) -> float:
        """Return what was taken since it was last asked."""
        now = self._read()
        taken, self._last = now - self._last, now
        return taken / 1e3

    def _read(self) -> int:
        energy = ctypes.c_ulonglong()
        if self._library.nvmlDeviceGetTotalEnergyConsumption(self._handle, ctypes.byref(energy)):
            raise OSError("the card does not tell its energy")
        return energy.value


Counter = RaplCounter | NvmlCounter


def counters() -> list[Counter]:
    """Return the counters that this process may read."""
    return [*rapl(POWERCAP), *nvml()]


def rapl(root: Path) -> list[Counter]:
    """Return a counter for each processor, and for the memory where it is counted beside it."""
    found: list[Counter] = []
    for folder in sorted(root.glob("intel-rapl:*")):
        with suppress(OSError, ValueError):
            name = (folder / "name").read_text().strip()
            if name.startswith("package-") or name == "dram":  # cores are a part of these
                found.append(RaplCounter(folder))
    return found


def nvml(library: Any = None) -> list[Counter]:  # noqa: ANN401
    """Return a counter for each graphics card of NVIDIA that counts; none without its driver."""
    found: list[Counter] = []
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(_LIBRARY) if library is None else library
        count = ctypes.c_uint()
        if library.nvmlInit_v2() or library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return []
        for number in range(count.value):
            handle = ctypes.c_void_p()
            if library.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(handle)) == 0:
                with suppress(OSError):
                    found.append(NvmlCounter(library, handle))
    return found


class EnergyMeter:
    """The energy that is taken while a block runs, read from time to time by a thread."""

    def __init__(self, sources: Sequence[Counter] | None = None, every: float = _EVERY) -> None:
        """Find the counters, unless they are given."""
        self._counters = list(counters() if sources is None else sources)
        self._joules: dict[str, float] = {}
        self._every, self._end = every, Event()
        self._thread = Thread(target=self._watch, name="energy", daemon=True) if self._counters else None

    def __enter__(self) -> "EnergyMeter":
        """Begin."""
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Read for the last time."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._take()

    @property
    def joules(self) -> Mapping[str, float]:
        """What was taken by each kind of part that tells it, ``processor`` or ``graphics card``."""
        return self._joules

    def _watch(self) -> None:
        while not self._end.wait(self._every):
            self._take()

    def _take(self) -> None:
        for counter in list(self._counters):
            try:
                joules = counter.joules()
            except (OSError, ValueError):  # a sum without a part of it would be no measurement
                self._counters = [other for other in self._counters if other.source != counter.source]
                self._joules.pop(counter.source, None)
                continue
            if counter in self._counters:
                self._joules[counter.source] = self._joules.get(counter.source, 0.0) + joules
