"""What the processor of this machine can do, by the names that the kernel has for it."""

from functools import cache
from pathlib import Path

VNNI = ("avx512_vnni", "avx_vnni")
"""Flags of processors that multiply whole numbers of 8 bits into sums of 32 bits without saturation."""
_DESCRIPTION = Path("/proc/cpuinfo")


@cache
def flags() -> frozenset[str]:
    """Return the flags of the processor, such as ``avx2``; empty where the system does not tell."""
    if not _DESCRIPTION.is_file():
        return frozenset()
    lines = _DESCRIPTION.read_text(encoding="utf-8", errors="replace").splitlines()
    named = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return frozenset(named.partition(":")[2].split())
