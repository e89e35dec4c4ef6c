"""The terms of an objective: one module each, so that what a term learns is trained, moved and saved with it."""

from distill.objective.terms.common import BatchTerm, Part, StepView, TemperatureTerm, Term, TermModule
from distill.objective.terms.making import make_term

__all__ = ["BatchTerm", "Part", "StepView", "TemperatureTerm", "Term", "TermModule", "make_term"]
