"""Knowledge distillation for NLP: from text to a compact student on disk."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.api import Run, run_experiment
    from distill.errors import DistillError
    from distill.inference.predictor import Predictor

__all__ = ["DistillError", "Predictor", "Run", "run_experiment"]

_WHERE = {
    "DistillError": "distill.errors",
    "Predictor": "distill.inference.predictor",
    "Run": "distill.api",
    "run_experiment": "distill.api",
}
"""Public name to the module that has it, imported when it is asked for: torch and its friends take seconds."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module 'distill' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted({*globals(), *__all__})
