"""A term is a declaration and a class: nothing else of the package has heard of the one made up here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CLASS = '''"""The mean distance of logits, cut off at a bound."""

from typing import ClassVar

from distill.objective.terms.common import TemperatureTerm, whole_logits


def cut_distance(student, teacher, temperature, bound):
    gaps = (student - teacher.detach()).abs() / temperature
    return gaps.clamp(max=bound).mean(dim=-1).sum(), gaps.new_tensor(float(len(gaps)))


class CutDistance(TemperatureTerm):
    shown: ClassVar[tuple[str, ...]] = ("temperature", "bound")

    def __init__(self, temperature, bound):
        super().__init__(temperature)
        self.bound = bound

    def forward(self, student, teacher, labels):
        return cut_distance(student.logits, whole_logits(teacher), self.temperature, self.bound)
'''
DECLARATION = '''"""What the package is told of it."""

from dataclasses import dataclass

from distill.base.setting_rules import POSITIVE, setting
from distill.objective.declaration import TermConfig, TermSpec
from distill.objective.specs import TERM_SPECS


@dataclass
class CutDistanceConfig(TermConfig):
    """A distance that is cut off."""

    bound: float = setting(1.0, POSITIVE, "What a distance counts at most.")


TERM_SPECS["cut_distance"] = TermSpec(
    "cut_distance", "cut_distance.CutDistance", "min(|student − teacher| / T, bound)", "nobody 2031", "none",
    "outliers", CutDistanceConfig, all_logits=True, two_classes="that is what this test says",
)
'''
PROGRAM = """
import json
import sys

import declaration
from hydra import compose, initialize

from distill.config import compose as cards, messages
from distill.config.check_objective import too_few
from distill.config.schema import Config
from distill.config.validate import problems
from distill.objective.settings import described, listed

cards.register()


def composed(*overrides):
    with initialize(version_base="1.3"):
        return cards.typed(compose("config", overrides=["experiment=trec_tiny", *overrides]), Config)


def wrong(*overrides):
    try:
        return problems(composed(*overrides))
    except Exception as error:
        return messages.message(error)


ON = "distill.cut_distance.weight=2"
told = {
    "help": listed().splitlines()[-1],
    "problems": wrong(ON),
    "bound": wrong(ON, "distill.cut_distance.bound=0"),
    "unread": wrong("distill.cut_distance.bound=3"),
    "unknown": wrong(ON, "distill.cut_distance.limit=3"),
    "labels": wrong(ON, "task=regression"),
    "shares": wrong(ON, "distill.shares={cut_distance: 1, soft: 1}"),
    "too few": too_few(composed(ON), 2),
    "heavy": sorted({"torch"} & set(sys.modules)),
}
config = composed(
    ON, "distill.cut_distance.bound=0.5", "distill.shares={cut_distance: 30, soft: 50, hard: 20}",
    "distill.temperature_schedule={kind: linear, end: 1}",
)
told["report"] = described(config.distill, "class")["shares"]

import torch

from distill.objective import build
from distill.tasks import task
from distill.types import ModelShape, Outputs

size, kind = ModelShape(2, 16, 2, (16, 16), False), task(config.task).kind
objective = build.build_objective(config.distill, kind, size, size)
told["printed"] = repr(objective.terms["cut_distance"])
told["settings"] = build.settings(config.distill, kind)["terms"]["cut_distance"]
torch.manual_seed(0)
logits, teacher = torch.randn(8, 6, requires_grad=True), Outputs(torch.randn(8, 6))
told["logits"], told["teacher"] = logits.tolist(), teacher.logits.tolist()
labels, values = torch.arange(8) % 6, []
for step in range(30):
    objective.at(step, 30)
    report = objective(Outputs(logits), teacher, labels)
    values.append(float(report.parts["cut_distance"]))
    (gradient,) = torch.autograd.grad(report.total, logits)
    logits = (logits - 3.0 * gradient).detach().requires_grad_()
told["values"], told["temperature"] = values, objective.terms["cut_distance"].temperature
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a fresh process says that is told of the term before anything else of the package is imported."""
    folder = tmp_path_factory.mktemp("term")
    (folder / "cut_distance.py").write_text(CLASS, encoding="utf-8")
    (folder / "declaration.py").write_text(DECLARATION, encoding="utf-8")
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONPATH": path}, text=True, capture_output=True,
        cwd=folder, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_declared_term_has_settings_that_are_checked_before_torch_is_imported(told):
    assert told["problems"] == []
    assert told["bound"] == ["distill.cut_distance.bound=0.0: allowed is a number above 0"]
    assert told["unread"] == [
        "distill.cut_distance.bound=3.0: is not read where distill.cut_distance.weight=0; allowed is 1.0"
    ]
    assert told["unknown"] == (
        "distill.cut_distance.limit: unknown setting; distill.cut_distance has weight, schedule, bound"
    )
    assert told["labels"] == [
        "distill.cut_distance.weight=2.0: compares classes that exclude each other, which regression does not have; "
        "allowed is 0"
    ]
    assert told["shares"] == [
        "distill.shares={soft: 1, cut_distance: 1}: allowed are exactly the terms with a weight above 0: "
        "hard, soft, cut_distance"
    ]
    assert told["too few"] == [
        "distill.cut_distance.weight=2.0: needs three labels or more, not 2: that is what this test says; allowed is 0"
    ]
    assert told["heavy"] == []


def test_a_declared_term_is_listed_by_help_report_and_fingerprint(told):
    assert told["help"] == (
        "  cut_distance    min(|student − teacher| / T, bound) | nobody 2031 | cost: none | for: outliers"
    )
    assert told["report"] == {"hard": 20.0, "soft": 50.0, "cut_distance": 30.0}
    assert told["settings"] == {"bound": 0.5}


def test_an_objective_trains_with_a_declared_term_and_moves_its_temperature(told):
    assert told["printed"] == "CutDistance(temperature=2.0, bound=0.5)"
    gaps = np.abs(np.array(told["logits"]) - np.array(told["teacher"])) / 2.0
    assert told["values"][0] == pytest.approx(np.minimum(gaps, 0.5).mean(), rel=1e-5)
    assert told["values"][-1] < told["values"][0]
    assert told["temperature"] == 1.0
