"""A term is made close to where its settings are read: whoever follows a traceback soon sees what it was made of."""

import traceback

from distill.objective.build import build_objective
from distill.objective.settings import TermsConfig
from distill.objective.terms.common import TemperatureTerm
from distill.types import ModelShape


def test_two_frames_lie_between_a_stage_and_what_makes_a_term(monkeypatch):
    depths = []

    def constructor(term, temperature):
        frames = traceback.extract_stack()
        depths.append([frame.name for frame in frames if "/distill/objective/" in frame.filename])
        made(term, temperature)

    made = TemperatureTerm.__init__
    monkeypatch.setattr(TemperatureTerm, "__init__", constructor)
    shape = ModelShape(2, 16, 2, (16, 16), False)
    build_objective(TermsConfig(), "class", shape, shape)
    assert depths == [["build_objective", "make_term"]]
