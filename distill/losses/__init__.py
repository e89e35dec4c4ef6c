"""What the student is trained on: pure functions, one module a term, and their weighted sum."""

from distill.losses.objective import Objective, silent_terms
from distill.losses.terms import Hard, Hidden, Soft, Term

__all__ = ["Hard", "Hidden", "Objective", "Soft", "Term", "silent_terms"]
