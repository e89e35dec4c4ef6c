"""Every term of the objective, each declared once; what a declaration holds is described at ``TermSpec``."""

from distill.objective.declaration import TermSpec
from distill.objective.specs import logits, states

TERM_SPECS: dict[str, TermSpec] = {spec.name: spec for spec in (*logits.SPECS, *states.SPECS)}
"""Every term by its name, in the order of settings, logs and reports. One that is added before
``distill.objective.settings``, which makes the schema, is imported is a term like any other."""
