"""Whole verdicts, each of a situation that runs end in."""

import pytest

from distill.report.sentences import verdict


def situation(metric, teacher, student, control=None, *, gain=None, beside=None, **more):
    """A report of three scores on test; ``gain`` and ``beside``, the student's distance, have intervals."""
    mode = "min" if metric in ("perplexity", "mse") else "max"
    sides = {"metric": metric, "mode": mode, "split": "test", "confidence": 0.95}
    scores = {"teacher": teacher, "student": student, "control": control}
    models = {who: {"metrics": {"test": {metric: score}}} for who, score in scores.items() if score is not None}
    found = sides | {"difference": student - (control or 0), "interval": gain}
    held = {"student": sides | {"difference": student - (teacher or 0), "interval": beside}}
    return {
        "data": {"labels": []},
        "models": models,
        "gain": found if control is not None else None,
        "against_teacher": held if teacher is not None else {},
    } | more


def labelled(report, tables):
    """The report with a table by label for some models: for each label precision, recall, F1 and support."""
    names = ("precision", "recall", "f1", "support")
    for who, rows in tables.items():
        table = {label: dict(zip(names, row, strict=True)) for label, row in rows.items()}
        report["models"][who]["per_label"] = {"validation": table, "test": table}
        report["data"]["labels"] = list(rows)
    return report


def several(report):
    report["models"] |= {"first": report["models"]["teacher"], "second": report["models"]["teacher"]}
    return report


ALWAYS = {"a": (0.5, 1.0, 0.67, 20), "b": (0.0, 0.0, 0.0, 20)}
WITHOUT_B = {"a": (0.6, 0.9, 0.72, 20), "b": (0.0, 0.0, 0.0, 20), "c": (0.6, 0.9, 0.72, 20)}
BOTH = {"a": (0.8, 0.9, 0.85, 20), "b": (0.9, 0.8, 0.85, 20)}


@pytest.mark.parametrize(
    ("report", "said"),
    [
        pytest.param(
            labelled(
                situation("accuracy", 0.5, 0.5, 0.5, gain=[0.0, 0.0], beside=[0.0, 0.0]),
                {"teacher": ALWAYS, "student": ALWAYS, "control": ALWAYS},
            ),
            "Nothing was learnt by the teacher, the student, and the control (every example of test is called "
            "'a'): train longer (max_epochs, min_steps), or with more data. The student is level in accuracy "
            "with its teacher on test (95 % interval 0.00 to 0.00). Distillation left accuracy as it was with "
            "the same student trained without the teacher (95 % interval 0.00 to 0.00): on these "
            "examples it made no difference.",
            id="nobody learnt anything",
        ),
        pytest.param(
            labelled(situation("accuracy", 0.85, 0.5, beside=[-0.5, -0.2]), {"teacher": BOTH, "student": ALWAYS}),
            "Nothing was learnt by the student (every example of test is called 'a'): train longer "
            "(max_epochs, min_steps), or with more data. The student is 35.00 points of accuracy below its "
            "teacher on test (95 % interval -50.00 to -20.00). There is no control, the same student trained "
            "without the teacher: what distillation gained isn't known.",
            id="the student alone learnt nothing, and there is no control",
        ),
        pytest.param(
            situation("accuracy", 0.6, 0.7, 0.7, gain=[-0.02, 0.02], beside=[0.05, 0.15]),
            "The teacher is not fit to teach: the student is 10.00 points of accuracy above it on test (95 % "
            "interval 5.00 to 15.00); train the teacher longer, or take a larger one. The student is 10.00 "
            "points of accuracy above its teacher on test (95 % interval 5.00 to 15.00). Distillation left "
            "accuracy as it was with the same student trained without the teacher (95 % interval -2.00 to "
            "2.00): the interval includes zero, so it could be chance.",
            id="the teacher is worse than its student",
        ),
        pytest.param(
            several(situation("accuracy", 0.6, 0.7, 0.6, gain=[-0.1, 0.2], beside=[0.05, 0.15])),
            "The teachers together are not fit to teach: the student is 10.00 points of accuracy above them "
            "on test (95 % interval 5.00 to 15.00); train the teachers longer, or take larger ones. The "
            "student is 10.00 points of accuracy above its teachers together on test (95 % interval 5.00 to "
            "15.00). Distillation gained 10.00 points of accuracy over the same student trained without the "
            "teacher (95 % interval -10.00 to 20.00): the interval includes zero, so it could be chance.",
            id="several teachers are worse than their student",
        ),
        pytest.param(
            situation("accuracy", 0.8, 0.82, 0.79, gain=[0.01, 0.05], beside=[-0.01, 0.05]),
            "The student is 2.00 points of accuracy above its teacher on test (95 % interval -1.00 to 5.00). "
            "Distillation gained 3.00 points of accuracy over the same student trained without the teacher "
            "(95 % interval 1.00 to 5.00): the whole interval is above zero, so it is more than chance.",
            id="the student is above its teacher, and taught",
        ),
        pytest.param(
            situation("perplexity", 10.0, 12.0, 14.0, gain=[-3.0, -1.0], beside=[1.0, 3.0]),
            "The student is 2.00 of perplexity worse than its teacher on test (95 % interval -3.00 to -1.00). "
            "Distillation improved perplexity by 2.00 over the same student trained without the teacher (95 % "
            "interval 1.00 to 3.00): the whole interval is above zero, so it is more than chance.",
            id="less is better",
        ),
        pytest.param(
            situation("perplexity", 10.0, 14.0, 12.0, gain=[1.0, 3.0], beside=[2.0, 6.0]),
            "Distillation worsened perplexity by 2.00 against the same student trained without the teacher "
            "(95 % interval -3.00 to -1.00): the whole interval is below zero, so distillation did harm. The student "
            "is 4.00 of perplexity worse than its teacher on test (95 % interval -6.00 to -2.00).",
            id="less is better, and distillation did harm",
        ),
        pytest.param(
            situation("mse", 0.5, 0.5, 0.5, gain=None),
            "The student is level in mse with its teacher on test (without an interval). Distillation left mse as it "
            "was with the same student trained without the teacher (without an interval): whether that is "
            "more than chance isn't known.",
            id="an error without an interval",
        ),
        pytest.param(
            situation("accuracy", 0.9, 0.88),
            "The student is 2.00 points of accuracy below its teacher on test (without an interval). There is no "
            "control, the same student trained without the teacher: what distillation gained isn't known.",
            id="no control",
        ),
        pytest.param(
            situation("pearson", 0.8, -0.02, 0.01, gain=[-0.2, 0.1], beside=[-1, -0.7]),
            "Nothing was learnt by the student (pearson of 0 or less on test): train longer (max_epochs, "
            "min_steps), or with more data. The student is 0.820 of pearson below its teacher on test (95 % "
            "interval -1.00 to -0.700). Distillation lost 0.030 of pearson against the same student trained "
            "without the teacher (95 % interval -0.200 to 0.100): the interval includes zero, so it could be "
            "chance.",
            id="scores",
        ),
        pytest.param(
            situation("pearson", 0.8, 0.75, 0.7, gain=[0.01, 0.09], beside=[-0.1, 0.0]),
            "The student is 0.050 of pearson below its teacher on test (95 % interval -0.100 to 0.000). "
            "Distillation gained 0.050 of pearson over the same student trained without the teacher (95 % "
            "interval 0.010 to 0.090): the whole interval is above zero, so it is more than chance.",
            id="scores",
        ),
        pytest.param(
            situation("bleu", 0.0, 0.0, 0.0, gain=[0.0, 0.0], beside=[0.0, 0.0]),
            "Nothing was learnt by the teacher, the student, and the control (bleu of 0 or less on test): train "
            "longer (max_epochs, min_steps), or with more data. The student is level in bleu with its teacher "
            "on test (95 % interval 0.00 to 0.00). Distillation left bleu as it was with the same student "
            "trained without the teacher (95 % interval 0.00 to 0.00): on these examples it made no "
            "difference.",
            id="nothing written",
        ),
        pytest.param(
            situation("rouge1", 0.3, 0.28, 0.29, gain=[-0.02, 0.0], beside=[-0.04, 0.0]),
            "The student is 2.00 points of rouge1 below its teacher on test (95 % interval -4.00 to 0.00). "
            "Distillation lost 1.00 points of rouge1 against the same student trained without the teacher (95 "
            "% interval -2.00 to 0.00): the interval includes zero, so it could be chance.",
            id="a loss",
        ),
        pytest.param(
            labelled(situation("accuracy", 0.7, 0.6, 0.6, gain=[0, 0], beside=[-0.2, 0.0]), {"student": WITHOUT_B}),
            "The student is 10.00 points of accuracy below its teacher on test (95 % interval -20.00 to "
            "0.00). Distillation left accuracy as it was with the same student trained without the teacher "
            "(95 % interval 0.00 to 0.00): on these examples it made no difference. The student "
            "finds none of 'b' in validation (an F1 of 0).",
            id="a label is never found",
        ),
        pytest.param(
            situation("accuracy", None, 0.6, 0.5, gain=[0.05, 0.15]),
            "The student reaches 60.00 % accuracy on test (without an interval). Its teacher was not "
            "evaluated. Distillation gained 10.00 points of accuracy over the same student trained "
            "without the teacher (95 % interval 5.00 to 15.00): the whole interval is above zero, so it is "
            "more than chance.",
            id="no teacher",
        ),
    ],
)
def test_a_verdict_says_what_spoils_a_run_then_the_teacher_and_the_gain_each_with_its_interval(report, said):
    assert verdict(report).replace("\N{MINUS SIGN}", "-") == said


def test_without_a_teacher_a_student_that_learnt_nothing_is_said_first():
    report = labelled(situation("accuracy", None, 0.5, 0.5, gain=[0.0, 0.0]), {"student": ALWAYS, "control": BOTH})
    assert verdict(report).startswith(
        "Nothing was learnt by the student (every example of test is called 'a'): train longer (max_epochs, "
        "min_steps), or with more data. The student reaches 50.00 % accuracy on test"
    )


def test_without_a_teacher_harm_comes_before_the_score():
    report = situation("accuracy", None, 0.5, 0.6, gain=[-0.2, -0.05])
    assert verdict(report).startswith("Distillation lost 10.00 points of accuracy against the same student")


def test_a_teacher_alone_that_learnt_nothing_is_said():
    report = situation("accuracy", 0.5, 0.5)
    report["models"].pop("student")
    assert verdict(labelled(report, {"teacher": ALWAYS})).startswith("Nothing was learnt by the teacher")
