"""The verdict says where a student does not beat what needs no transformer."""

import pytest

from distill.report import present, role
from distill.report.baselines import not_beaten
from distill.report.sentences import verdict

SENTENCE = (
    "The student is not clearly better than TF-IDF with a linear model: 0.40 points of accuracy above it on test "
    "(95 % interval \N{MINUS SIGN}0.50 to 1.30)."
)


def beside(report, difference, interval, **more):
    report["models"]["tfidf"] = {
        **report["models"]["control"],
        "role": "baseline",
        "title": "TF-IDF with a linear model",
    }
    compared = {"metric": "accuracy", "mode": "max", "split": "test", "confidence": 0.95, **more}
    report["against_baselines"] = {"tfidf": {**compared, "difference": difference, "interval": interval}}
    return report


@pytest.mark.parametrize(
    ("difference", "interval", "said"),
    [
        (0.02, [0.001, 0.04], ""),
        (0.004, [-0.005, 0.013], SENTENCE),
        (
            0.0,
            [-0.01, 0.01],
            "is not clearly better than TF-IDF with a linear model: level in accuracy with it on test",
        ),
        (
            -0.02,
            [-0.04, 0.0],
            "is not clearly better than TF-IDF with a linear model: 2.00 points of accuracy below it",
        ),
        (-0.02, [-0.04, -0.01], "is worse than TF-IDF with a linear model: 2.00 points of accuracy below it on test"),
        (0.02, None, "is not clearly better than TF-IDF with a linear model: 2.00 points of accuracy above it"),
    ],
)
def test_a_baseline_is_named_unless_the_whole_interval_is_above_it(report, difference, interval, said):
    sentence = not_beaten(beside(report, difference, interval))
    assert said in sentence
    assert bool(said) == bool(sentence)


def test_of_an_error_less_is_better(report):
    assert not not_beaten(beside(report, -0.2, [-0.3, -0.1], metric="mse", mode="min"))
    assert "is worse than TF-IDF" in not_beaten(beside(report, 0.2, [0.1, 0.3], metric="mse", mode="min"))


def test_it_stands_after_faults_and_before_how_close_the_student_is(report):
    said = verdict(beside(report, 0.004, [-0.005, 0.013]))
    assert said.startswith(f"{SENTENCE} The student has 22.2 % of the teacher's parameters")
    report["against_teacher"] = {
        "control": {"metric": "accuracy", "split": "test", "difference": 0.03, "interval": [0.01, 0.05]}
    }
    said = verdict(beside(report, 0.004, [-0.005, 0.013]))
    assert said.index("not fit to teach") < said.index(SENTENCE) < said.index("The student has")


def test_a_report_without_baselines_says_nothing_of_them(report):
    assert not not_beaten(report)
    assert not not_beaten({**report, "against_baselines": None})
    changed = beside(report, -0.02, [-0.04, -0.01])
    del changed["models"]["student"]
    assert not not_beaten(changed)


def test_a_baseline_is_no_model_that_was_to_be_trained_longer(report):
    changed = beside(report, 0.02, [0.001, 0.04])
    changed["models"]["tfidf"]["metrics"] = {"test": {"accuracy": 0.0}}
    assert "Nothing was learnt" not in verdict(changed)


def test_baselines_follow_the_models_of_the_run(report):
    models = {"tfidf": None, **report["models"]}
    changed = beside({**report, "models": models}, 0.0, [0.0, 0.0])
    assert present(changed) == ["teacher", "student", "control", "tfidf"]
    assert role(changed, "tfidf") == "baseline"
