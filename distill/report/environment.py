"""Describe the environment that a result was made in: package versions, processor and commit."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("distill", "torch", "transformers", "datasets", "pytorch-lightning", "torchmetrics", "tokenizers", "numpy")

_FLAGS = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "avx512_bf16",
    "amx_int8",
    "asimddp",
    "i8mm",
)
"""As Linux names them: without one of ``vnni``, ``amx_int8`` or ``asimddp`` sums of products of 8 bits have 16."""


def versions() -> dict[str, str]:
    """Return the installed version of each package that can change a result."""
    installed = {}
    for name in _PACKAGES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            installed[name] = "not installed"
    return installed


def processor() -> str:
    """Return the name of the processor that latency was measured on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def processor_flags() -> list[str]:
    """Return which of the instructions the processor has that decide on how fast, and how, 8 bits are multiplied."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    listed = (line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features")))
    found = next(listed, [])
    return [flag for flag in _FLAGS if flag in found]


def commit() -> str | None:
    """Return the commit of the checkout that this package runs from, or none."""
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / ".git").exists():
        return None
    try:
        describe = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(describe, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
