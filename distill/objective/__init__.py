"""What a student is trained on: terms, each a pure function and a module over it, and their weighted sum.

Nothing here is imported before it is asked for: settings are checked against the declarations of terms without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.objective.gradient_balancing import GradientBalancer
    from distill.objective.objective import NOT_FINITE, Objective, inactive_terms
    from distill.objective.schedules import Schedule
    from distill.objective.terms import Term, make_term

__all__ = ["NOT_FINITE", "GradientBalancer", "Objective", "Schedule", "Term", "inactive_terms", "make_term"]

_WHERE = {
    "GradientBalancer": "gradient_balancing",
    "NOT_FINITE": "objective",
    "Objective": "objective",
    "Schedule": "schedules",
    "Term": "terms",
    "inactive_terms": "objective",
    "make_term": "terms",
}


def __getattr__(name: str) -> object:
    """Import a public name from the module that holds it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
