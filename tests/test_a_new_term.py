"""A term is a declaration, a function, a module and a twin: nothing else of the package has heard of the one here.

It is the one of ``docs/extending/term.md``, made in a copy of the repository; the page's own tests are run by
``test_docs_extending``.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "docs"))
from extending_pages import copy, run, steps, touched, write

PAGE = (Path(__file__).parents[1] / "docs" / "extending" / "term.md").read_text(encoding="utf-8")
PROGRAM = """
import json
import sys

from distill.api import _composed
from distill.config.compose import settings
from distill.errors import DistillError
from distill.objective.settings import described

ON = "distill.logit_huber.weight=2"


def composed(*overrides):
    return _composed(["experiment=trec_tiny", *overrides], [])


def wrong(*overrides):
    try:
        composed(*overrides)
    except DistillError as error:
        return [line.strip() for line in str(error).splitlines() if "problem in the settings" not in line]
    return []


told = {
    "help": settings.listed().splitlines()[11],
    "problems": wrong(ON),
    "delta": wrong(ON, "distill.logit_huber.delta=0"),
    "unread": wrong("distill.logit_huber.delta=3"),
    "unknown": wrong(ON, "distill.logit_huber.limit=3"),
    "labels": wrong(ON, "task=regression"),
    "writes": wrong(ON, "experiment=multi30k_tiny"),
    "shares": wrong(ON, "distill.shares={logit_huber: 1, soft: 1}"),
    "heavy": sorted({"torch"} & set(sys.modules)),
}
config = composed(
    ON, "distill.logit_huber.delta=0.5", "distill.shares={logit_huber: 30, soft: 50, hard: 20}",
    "distill.temperature_schedule={kind: linear, end: 1}",
)
told["report"] = described(config.distill, "class")["shares"]

import torch

from distill.objective import build
from distill.types import ModelShape, Outputs

shape = ModelShape(2, 16, 2, (16, 16), False)
objective = build.build_objective(config.distill, "class", shape, shape)
told["printed"] = repr(objective.terms["logit_huber"])
told["settings"] = build.settings(config.distill, "class")["terms"]["logit_huber"]
torch.manual_seed(0)
logits, teacher = torch.randn(8, 6, requires_grad=True), Outputs(torch.randn(8, 6))
told["logits"], told["teacher"] = logits.tolist(), teacher.logits.tolist()
labels, values = torch.arange(8) % 6, []
for step in range(30):
    objective.at(step, 30)
    report = objective(Outputs(logits), teacher, labels)
    values.append(report.parts["logit_huber"].item())
    (gradient,) = torch.autograd.grad(report.total, logits)
    logits = (logits - 3.0 * gradient).detach().requires_grad_()
told["values"], told["temperature"] = values, objective.terms["logit_huber"].temperature
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a process says of the term whose package has it."""
    folder = tmp_path_factory.mktemp("term")
    copy(folder)
    for step in steps(PAGE):
        if step.path:
            write(step, folder)
    return json.loads(run([sys.executable, "-c", PROGRAM], folder, imports_all=True).splitlines()[-1])


def test_a_term_touches_four_places():
    added, changed = touched(PAGE)
    assert sorted(Path(path).parts[-2] for path in added | changed) == ["cases", "losses", "specs", "terms"]
    assert changed == {"distill/objective/specs/logits.py"}


def test_a_declared_term_has_settings_that_are_checked_before_torch_is_imported(told):
    assert told["problems"] == []
    assert told["delta"] == ["distill.logit_huber.delta=0.0: allowed is a number above 0"]
    assert told["unread"] == [
        "distill.logit_huber.delta=3.0: is not read where distill.logit_huber.weight=0; allowed is 1.0"
    ]
    assert told["unknown"] == [
        "distill.logit_huber.limit: unknown setting; distill.logit_huber has weight, schedule, delta"
    ]
    assert told["labels"] == [
        "distill.logit_huber.weight=2.0: compares classes that exclude each other, which regression does not have; "
        "allowed is 0"
    ]
    assert told["writes"] == [
        "distill.logit_huber.weight=2.0: needs the teacher's logits of all classes, but of translation only the "
        "largest are kept; allowed is 0, or teacher.store=never"
    ]
    assert told["shares"] == [
        "distill.shares={soft: 1, logit_huber: 1}: allowed are exactly the terms with a weight above 0: "
        "hard, soft, logit_huber"
    ]
    assert told["heavy"] == []


def test_a_declared_term_is_listed_by_help_report_and_fingerprint(told):
    assert told["help"] == (
        "  logit_huber     T² · mean of Huber((student − teacher) / T) | Huber 1964 | cost: least | "
        "for: some logits of the teacher are far off"
    )
    assert told["report"] == {"hard": 20.0, "soft": 50.0, "logit_huber": 30.0}
    assert told["settings"] == {"delta": 0.5}


def test_an_objective_trains_with_a_declared_term_and_moves_its_temperature(told):
    assert told["printed"] == "LogitHuber(temperature=2.0, delta=0.5)"
    gaps = np.abs(np.array(told["logits"]) - np.array(told["teacher"])) / 2.0
    huber = 4 * np.where(gaps <= 0.5, gaps**2 / 2, 0.5 * (gaps - 0.25))
    assert told["values"][0] == pytest.approx(huber.mean(), rel=1e-5)
    assert told["values"][-1] < told["values"][0]
    assert told["temperature"] == 1.0
