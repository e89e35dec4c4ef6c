"""Measure the time, the memory and the energy that a part of a run takes, as far as the machine tells them."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.base.energy import EnergyMeter

if TYPE_CHECKING:
    from types import ModuleType

_PEAK, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"


class ResourceMeter:
    """What this process takes while a block runs.

    Memory is that of this process alone: neither of others that it has started, nor of other ranks.
    """

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self._energy = EnergyMeter()
        self._start, self._knows_peak = 0.0, False
        self.seconds = 0.0
        self.peak_memory: int | None = None
        self.peak_device_memory: int | None = None

    def __enter__(self) -> "ResourceMeter":
        """Begin to measure."""
        self._knows_peak = _forget_peak()
        if (cuda := _cuda()) is not None:
            cuda.reset_peak_memory_stats()
        self._energy.__enter__()
        self._start = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        """Read what was measured."""
        self.seconds = time.monotonic() - self._start
        self._energy.__exit__()
        self.peak_memory = _peak() if self._knows_peak else None
        if (cuda := _cuda()) is not None:
            self.peak_device_memory = int(cuda.max_memory_allocated())

    def measured(self) -> dict[str, Any]:
        """Return what was measured, as JSON takes it; null for what the machine does not tell."""
        joules = {source: round(amount, 3) for source, amount in self._energy.joules.items()}
        return {
            "peak_memory_bytes": self.peak_memory,
            "peak_device_memory_bytes": self.peak_device_memory,
            "energy_joules": joules or None,
        }


def _forget_peak() -> bool:
    """Let the kernel count the peak of this process's memory from now on; return whether it does."""
    try:
        _RESET.write_text(_FORGET_PEAK)
    except OSError:
        return False
    return True


def _peak() -> int | None:
    """Return the most memory that this process has had, in bytes."""
    try:
        lines = _PEAK.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), None)


def _cuda() -> "ModuleType | None":
    """Return PyTorch's module of graphics cards, where it is in use by now: it is not imported for that."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_initialized() else None
