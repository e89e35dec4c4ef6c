"""Describe the environment that a result was made in: package versions, processor and commit."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from distill.base import processor as described

_PACKAGES = (
    "distill",
    "torch",
    "transformers",
    "datasets",
    "pytorch-lightning",
    "torchmetrics",
    "tokenizers",
    "numpy",
    "onnx",
    "onnxruntime",
)

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
"""As Linux names them; see ``distill.base.processor``."""


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
    return described.name()


def processor_flags() -> list[str]:
    """Return which of the instructions the processor has that decide on how fast, and how, 8 bits are multiplied."""
    there = described.flags()
    return [flag for flag in _FLAGS if flag in there]


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
