"""What the processor of this machine is and can do, as the kernel describes it."""

import os
import platform
from functools import cache
from pathlib import Path

VNNI = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp")
"""Flags of processors that sum products of 8 bits in 32 bits: without one of them the sums have 16."""
_DESCRIPTION = Path("/proc/cpuinfo")


def name() -> str:
    """Return what the processor is called."""
    return _first("model name") or platform.processor() or platform.machine()


@cache
def flags() -> frozenset[str]:
    """Return the instructions that the processor has, such as ``avx2``; empty where the system does not tell."""
    return frozenset(_first("flags", "Features").split())


def _first(*keys: str) -> str:
    """Return what the first processor has under one of some keys; nothing where the system does not tell."""
    try:
        lines = _DESCRIPTION.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(keys)), "")


def threads_allowed() -> str:
    """Return, in words, how many threads a setting may ask for: more than there are cores only hinder each other."""
    return f"a whole number from 1 to {cores()}, the cores that this process may use"


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
