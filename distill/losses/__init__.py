"""What the student is trained on: pure functions, one module a term, and their weighted sum."""

from distill.losses.objective import NOT_FINITE, Objective, silent_terms
from distill.losses.schedules import Schedule
from distill.losses.shares import Shares
from distill.losses.terms import Term, make_term

__all__ = ["NOT_FINITE", "Objective", "Schedule", "Shares", "Term", "make_term", "silent_terms"]
