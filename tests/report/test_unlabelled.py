import pytest

from distill.report.unlabelled import facts, sentence

WORSE = "the student without it is better: leave it out, or learn from less of it."


def report(difference, interval, metric="accuracy", mode="max"):
    against = {"metric": metric, "mode": mode, "split": "test", "difference": difference, "confidence": 0.95}
    rounds = [{"stage": "distill:round1", "texts": 90, "learnt": 80}, {"stage": "distill", "texts": 90, "learnt": 1200}]
    return {"unlabelled": {"rounds": rounds, "against_without": {**against, "interval": interval}}}


@pytest.mark.parametrize(
    ("difference", "interval", "moved", "judgement"),
    [
        (0.031, [0.01, 0.05], "gained 3.10 points of accuracy over", "the student with it is better."),
        (-0.02, [-0.03, -0.01], "lost 2.00 points of accuracy against", WORSE),
        (0.01, [-0.01, 0.03], "gained 1.00 points of accuracy over", "which of the two is better could be chance."),
        (0.0, [0.0, 0.0], "left accuracy as it was with", "which of the two is better could be chance."),
    ],
)
def test_the_verdict_says_which_student_is_better(difference, interval, moved, judgement):
    said = sentence(report(difference, interval))
    assert said.startswith(f"Text without labels (1,200 texts) {moved} the same distillation without it (95 % interval")
    assert said.endswith(f": {judgement}")


def test_of_an_error_less_is_better():
    said = sentence(report(0.2, [0.1, 0.3], "mae", "min"))
    assert "worsened mae by 0.200 against" in said
    assert said.endswith(WORSE)


def test_nothing_is_said_where_nothing_was_compared():
    assert sentence({}) == sentence({"unlabelled": {"rounds": [], "against_without": None}}) == ""
    assert facts({"distill": {}, "evaluate": {}}) is None


def test_each_round_says_what_it_learnt_from():
    learnt = {"texts": 90, "learnt": 80}
    results = {"distill:round1": {"unlabelled": learnt}, "distill": {"unlabelled": learnt}, "evaluate": {}}
    results["distill:without_unlabelled"] = {}
    stages = [{"stage": "distill:round1", **learnt}, {"stage": "distill", **learnt}]
    assert facts(results) == {"rounds": stages, "against_without": None}
