import pytest

from distill.report.facts import objective, stand_in, timed
from distill.report.sentences import gain, verdict


def with_gain(report, difference, interval, **more):
    return report | {"gain": report["gain"] | {"difference": difference, "interval": interval} | more}


def test_the_verdict_says_size_quality_speed_and_gain(report):
    assert verdict(report) == (
        "The student has 22.2 % of the teacher's parameters, is 1.87 points of accuracy below its teacher on test"
        " (without an interval), and is 3.1 times as fast. Distillation gained 1.00 points of accuracy over the same"
        " student trained without the"
        " teacher (95 % interval \N{MINUS SIGN}0.50 to 2.50): the interval includes zero, so it could be chance."
    )


@pytest.mark.parametrize(
    ("difference", "interval", "did", "judgement"),
    [
        (0.02, [0.004, 0.03], "gained 2.00 points of accuracy over", "above zero, so it is more than chance"),
        (0.01, [0.0, 0.03], "gained 1.00 points of accuracy over", "includes zero, so it could be chance"),
        (
            -0.01,
            [-0.03, 0.01],
            "lost 1.00 points of accuracy against",
            "includes zero, so it could be chance",
        ),
        (-0.02, [-0.03, -0.01], "lost 2.00 points of accuracy against", "below zero, so distillation did harm"),
        (0.0, [-0.01, 0.01], "left accuracy as it was with", "includes zero, so it could be chance"),
        (0.01, None, "gained 1.00 points of accuracy over", "more than chance isn't known"),
    ],
)
def test_the_gain_claims_no_more_than_its_interval(report, difference, interval, did, judgement):
    sentence = gain(with_gain(report, difference, interval))
    assert f"Distillation {did} the same student" in sentence
    assert judgement in sentence


def test_less_perplexity_is_a_gain(report):
    sentence = gain(with_gain(report, -1.5, [-2.0, -1.0], metric="perplexity", mode="min"))
    assert "Distillation improved perplexity by 1.50 over the same student" in sentence
    assert "interval 1.00 to 2.00): the whole interval is above zero" in sentence


@pytest.mark.parametrize(
    ("name", "teacher", "control", "said"),
    [
        ("accuracy", 0.8, 0.81, True),
        ("accuracy", 0.8, 0.8, False),
        ("accuracy", 0.8, 0.79, False),
        ("perplexity", 3.0, 2.9, True),
        ("perplexity", 3.0, 3.1, False),
    ],
)
def test_a_teacher_that_its_control_surpasses_is_named_as_the_reason(report, name, teacher, control, said):
    report["gain"]["metric"] = name
    scores = {"teacher": teacher, "student": 0.5, "control": control}
    for model, score in scores.items():
        report["models"][model]["metrics"] = {"test": {name: score}}
    advice = "the teacher (without an interval), which may be chance: train the teacher longer, or take a larger one."
    assert verdict(report).endswith(advice) is said


def against(who, difference, interval, **more):
    found = {"metric": "accuracy", "mode": "max", "split": "test", "confidence": 0.95}
    return {who: found | {"difference": difference, "interval": interval} | more}


@pytest.mark.parametrize(
    ("who", "called"), [("control", "the control, which had no teacher, is"), ("student", "the student is")]
)
def test_a_teacher_that_is_clearly_surpassed_is_said_first_to_be_unfit(report, who, called):
    report["against_teacher"] = against(who, 0.03, [0.01, 0.05])
    assert verdict(report).startswith(
        f"The teacher is not fit to teach: {called} 3.00 points of accuracy above it on test (95 % interval 1.00 to"
        " 5.00); train the teacher longer, or take a larger one. "
    )
    assert "may be chance" not in verdict(report)


def test_a_teacher_that_clearly_taught_is_fit_though_it_is_surpassed(report):
    report = with_gain(report, 0.02, [0.01, 0.03]) | {"against_teacher": against("student", 0.03, [0.01, 0.05])}
    assert "not fit to teach" not in verdict(report)
    report["against_teacher"] = against("control", 0.03, [0.01, 0.05])
    assert verdict(report).endswith(
        " The control is 3.00 points of accuracy above the teacher (95 % interval 1.00 to 5.00): train the teacher"
        " longer, or take a larger one."
    )


def test_a_teacher_that_is_surpassed_by_less_than_chance_may_be_fit(report):
    report["against_teacher"] = against("control", 0.01, [-0.01, 0.03])
    assert "not fit to teach" not in verdict(report)
    assert "which may be chance" in verdict(report)


def test_less_perplexity_than_the_teachers_is_better(report):
    report["against_teacher"] = against("control", -1.5, [-2.0, -1.0], metric="perplexity", mode="min")
    assert "1.50 of perplexity better than it on test (95 % interval 1.00 to 2.00)" in verdict(report)


def test_the_distance_to_the_teacher_has_its_interval(report):
    report["against_teacher"] = against("student", -0.01875, [-0.03, 0.0])
    assert (
        "is 1.88 points of accuracy below its teacher on test (95 % interval \N{MINUS SIGN}3.00 to 0.00), and is"
        in verdict(report)
    )
    report["against_teacher"] = against("student", 0.0, [-0.01, 0.01])
    assert "is level in accuracy with its teacher on test (95 % interval" in verdict(report)


def test_labels_that_the_student_never_finds_are_named(report):
    rows = {name: {"f1": f1, "support": support} for name, f1, support in (("a", 0.9, 9), ("b", 0.0, 3), ("c", 0.0, 0))}
    report["data"]["labels"] = ["a", "b", "c"]
    report["models"]["student"]["per_label"] = {"validation": rows}
    assert "The student finds none of 'b' in validation (an F1 of 0)." in verdict(report)
    rows["b"]["f1"] = 0.1
    assert "finds none" not in verdict(report)


def test_conditions_of_latency_are_said_where_it_was_measured(report):
    assert timed(report) is None
    report["latency"] = {"threads": 1, "tokens": 12.5, "processor": "Some CPU"}
    quiet = "Latency: one text at a time, a median of 12.5 tokens, 1 thread of Some CPU."
    assert timed(report) == quiet
    report["latency"]["cpu_share"] = 0.8
    assert timed(report) == quiet
    report["latency"]["cpu_share"] = 0.224
    assert timed(report).startswith(f"{quiet} Other work kept this machine busy: the models had 22 % of the time")


def with_recalls(report, who, recalls, precision=0.5):
    table = {label: {"recall": recall, "precision": precision, "support": 5} for label, recall in recalls.items()}
    mean = {"recall": 0.5, "precision": 0.5, "support": 5 * len(table)}
    report["models"][who]["per_label"] = {"test": {**table, "micro": mean, "macro": mean}}
    report["data"]["labels"] = list(recalls)


def test_a_model_that_gives_everything_one_label_has_learnt_nothing(report):
    with_recalls(report, "student", {"negative": 0.0, "positive": 1.0})
    with_recalls(report, "control", {"negative": 0.0, "positive": 1.0})
    assert verdict(report).startswith(
        "Nothing was learnt by the student and the control (every example of test is called 'positive'): train longer"
        " (max_epochs, min_steps), or with more data. "
    )


@pytest.mark.parametrize(
    "recalls", [{"negative": 0.1, "positive": 1.0}, {"negative": 1.0, "positive": 1.0}, {"one": 1.0}]
)
def test_a_model_that_tells_labels_apart_has_learnt_something(report, recalls):
    with_recalls(report, "student", recalls)
    assert "Nothing was learnt" not in verdict(report)


def test_a_model_that_finds_one_label_and_confuses_the_others_calls_not_everything_by_it(report):
    with_recalls(report, "student", {"one": 1.0, "two": 0.0, "three": 0.0}, precision=1.0)
    assert "Nothing was learnt" not in verdict(report)


@pytest.mark.parametrize(("metric", "said"), [("bleu", True), ("perplexity", False)])
def test_a_score_of_0_says_that_nothing_was_learnt(report, metric, said):
    report["gain"]["metric"] = metric
    for model, score in {"teacher": 0.5, "student": 0.0, "control": 0.1}.items():
        report["models"][model]["metrics"] = {"test": {metric: score}}
    advice = "Nothing was learnt by the student (bleu of 0 or less on test): train longer (max_epochs, min_steps), or "
    assert verdict(report).startswith(advice) is said


def test_the_interval_names_its_own_confidence(report):
    assert "(90 % interval " in gain(with_gain(report, 0.01, [0.0, 0.02], confidence=0.9))


def test_without_a_control_the_gain_is_unknown(report):
    del report["models"]["control"]
    assert "There is no control" in verdict(report | {"gain": None})


def test_a_control_without_a_gain_is_no_missing_control(report):
    assert gain(report | {"gain": None}) == "What distillation gained over the control was not measured."
    assert "not measured" in gain(with_gain(report, None, None))


def test_a_teacher_alone_gets_a_verdict(report):
    report["models"] = {"teacher": report["models"]["teacher"]}
    assert verdict(report | {"gain": None}) == (
        "The teacher reaches 89.75 % accuracy on test (95 % interval 87.45 to 91.67). No student was evaluated."
    )


def several(report, *names):
    models = report["models"]
    singles = dict.fromkeys(names, models["teacher"])
    report["models"] = {
        "teacher": models["teacher"],
        **singles,
        **{who: models[who] for who in models if who not in singles},
    }
    report["objective"]["teachers"] = {"combine": "confidence", "weights": {"first": 0.75, "second": 0.25}}
    return report


def test_several_teachers_are_spoken_of_together(report):
    sentence = verdict(several(report, "first", "second"))
    assert "of the teachers' parameters" in sentence
    assert "below its teachers together on test" in sentence
    assert objective(report).endswith("; taught by the most confident of 75% first + 25% second")
    del report["models"]["student"]
    assert verdict(report | {"gain": None}).startswith(
        "The teachers together reach 89.75 % accuracy on test (95 % interval 87.45 to 91.67)."
    )


def test_a_student_alone_gets_a_verdict(report):
    report["models"] = {"student": report["models"]["student"]}
    assert verdict(report | {"gain": None}).startswith(
        "The student reaches 87.88 % accuracy on test (95 % interval 85.43 to 89.96). Its teacher was not"
    )


def test_a_run_without_models_says_so(report):
    report |= {"models": {}, "gain": None, "fidelity": None, "exports": []}
    assert verdict(report) == "This run evaluated no model."
    report["pretraining"] = {"pretrain": {"perplexity": 12.0}}
    assert verdict(report) == "This run pretrained a model; it evaluated none on the task."


def test_validation_leads_where_test_is_absent(report):
    for model in report["models"].values():
        del model["metrics"]["test"]
    assert "is 1.50 points of accuracy below its teacher on validation" in verdict(report | {"gain": None})


@pytest.mark.parametrize(
    ("p50", "words"),
    [
        (3.1, "is about as fast"),
        (6.24, "takes 2.0 times as long"),
        (0.78, "is 4.0 times as fast"),
        (None, "below its teacher on test"),
    ],
)
def test_speed_is_said_as_it_is(report, p50, words):
    report["models"]["student"]["latency_ms"] = {"p50": p50}
    assert words in verdict(report)
    assert (p50 is not None) or "fast" not in verdict(report)


def test_speed_stands_beside_its_interval(report):
    report["latency"] = {"threads": 1, "times_as_fast": {"student": {"ratio": 3.1, "interval": [2.83, 3.44]}}}
    assert "and is 3.1 times as fast (95 % interval 2.8 to 3.4)." in verdict(report)
    report["models"]["student"]["latency_ms"] = {"p50": 6.24}
    report["latency"]["times_as_fast"]["student"]["interval"] = [0.45, 0.55]
    assert "and takes 2.0 times as long (95 % interval 1.8 to 2.2)." in verdict(report)


def test_no_speed_is_claimed_that_a_busy_machine_measured(report):
    report["latency"] = {"threads": 1, "cpu_share": 0.2}
    said = verdict(report)
    assert ", and was timed on a machine too busy to tell how fast it is." in said
    assert "times as" not in said


def test_a_student_better_than_its_teacher_is_above_it(report):
    report["models"]["student"]["metrics"]["test"]["accuracy"] = 0.91
    assert "is 1.25 points of accuracy above its teacher on test" in verdict(report)


def test_perplexity_is_compared_in_its_own_unit(report):
    for model, value in zip(report["models"].values(), (10.0, 12.5, 13.0), strict=True):
        model["metrics"] = {"test": {"perplexity": value}}
    assert "is 2.50 of perplexity worse than its teacher on test" in verdict(report | {"gain": None})


def test_the_stand_in_is_named(report):
    assert stand_in(report).startswith("This is not sst2: embedded data stands in for it")
    report["data"]["stands_in_for"] = None
    assert stand_in(report) is None


def test_the_objective_says_where_a_weight_goes(report):
    warm, down = ({"kind": kind, "end": end, "share": 0.5} for kind, end in (("warmup", 0.0), ("linear", 0.1)))
    report["objective"] |= {"schedules": {"hard": warm, "soft": down}, "temperature": None}
    sign = "\N{MULTIPLICATION SIGN}"
    assert objective(report) == f"0 to 0.5 (warmup) {sign} hard + 0.5 to 0.1 (linear) {sign} soft"


def test_the_objective_names_its_terms(report):
    assert objective(report) == "0.5 \N{MULTIPLICATION SIGN} hard + 0.5 \N{MULTIPLICATION SIGN} soft, temperature 2"
    assert objective(report | {"objective": None}) is None


@pytest.mark.parametrize("missing", [float("nan"), float("inf"), None])
@pytest.mark.parametrize("who", ["student", "teacher", "control"])
def test_of_what_is_no_number_nothing_is_claimed(report, who, missing):
    """As of a correlation with what is always the same."""
    report["models"][who]["metrics"]["test"]["accuracy"] = missing
    said = verdict(with_gain(report, missing, [missing, missing]))
    assert ("was not scored against it" in said) is (who != "control")
    assert ("below its teacher" in said) is (who == "control")
    assert "nan" not in said.lower()
    assert "What distillation gained over the control was not measured." in said
