"""Knowledge distillation for NLP: from text to a compact student on disk."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.api import Run, run_experiment
    from distill.errors import DistillError
    from distill.inference.predictor import Predictor
    from distill.loop import forward_models, make_objective
    from distill.objective.objective import Objective
    from distill.types import Outputs

__all__ = [
    "DistillError",
    "Objective",
    "Outputs",
    "Predictor",
    "Run",
    "forward_models",
    "make_objective",
    "run_experiment",
]

_WHERE = {
    "DistillError": "distill.errors",
    "Objective": "distill.objective.objective",
    "Outputs": "distill.types",
    "Predictor": "distill.inference.predictor",
    "Run": "distill.api",
    "forward_models": "distill.loop",
    "make_objective": "distill.loop",
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
