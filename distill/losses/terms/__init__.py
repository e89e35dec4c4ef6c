"""The terms of an objective: one module each, so that what a term learns is trained, moved and saved with it."""

from distill.losses.terms.common import Comparing, Part, Seen, TemperatureTerm, Term, TermModule
from distill.losses.terms.making import make_term

__all__ = ["Comparing", "Part", "Seen", "TemperatureTerm", "Term", "TermModule", "make_term"]
