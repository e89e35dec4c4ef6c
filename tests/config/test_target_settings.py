"""What may be asked of a student, and of the examples that the report shows."""

import pytest

from distill.config.evaluate import EvaluateConfig
from distill.config.report import ReportConfig
from distill.config.schema import Config
from distill.config.target import TargetConfig
from distill.config.unread_overrides import unread_override_problems
from distill.config.validate import problems


def said(**settings):
    return [line for line in problems(Config(**settings)) if line.startswith(("target.", "report."))]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": TargetConfig(max_loss=-1.0)}, "target.max_loss=-1.0: allowed is null, or a number from 0 up"),
        ({"target": TargetConfig(latency_ms=0.0)}, "target.latency_ms=0.0: allowed is null, or a number above 0"),
        ({"target": TargetConfig(size_mb=0.0)}, "target.size_mb=0.0: allowed is null, or a number above 0"),
        (
            {"target": TargetConfig(latency_ms=5.0), "evaluate": EvaluateConfig(latency_samples=0)},
            "target.latency_ms=5.0: nothing is timed with evaluate.latency_samples=0; allowed is null, or "
            "latency_samples from 1 up",
        ),
        ({"report": ReportConfig(examples=-1)}, "report.examples=-1: allowed is a whole number from 0 up"),
    ],
)
def test_what_makes_no_sense_ends_in_a_sentence(settings, message):
    assert said(**settings) == [message]


def test_what_makes_sense_is_allowed():
    assert said(target=TargetConfig(max_loss=0.0, latency_ms=5.0, size_mb=0.5), report=ReportConfig(examples=0)) == []
    assert TargetConfig().limits == {}
    assert TargetConfig(max_loss=0.0, size_mb=2.0).limits == {"max_loss": 0.0, "size_mb": 2.0}


def test_a_target_of_a_run_that_compares_nothing_is_refused_on_the_command_line():
    overrides = ["target.max_loss=1", "report.examples=5"]
    config = Config(stages=["finetune", "teach"])
    where = "belongs to runs that compare models, with evaluate among stages; leave it out"
    assert list(unread_override_problems(config, overrides)) == [f"{each}: {where}" for each in overrides]
    assert not list(unread_override_problems(Config(stages=["evaluate"]), overrides))
