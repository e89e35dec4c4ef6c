"""What a report of several seeds says: of all of them, with an interval."""

import pytest

from distill.report import console, sentences
from distill.report.page import render
from distill.report.seeds import leading, sentence, table
from distill.report.targets import judge
from distill.report.targets import sentence as aim

HEAD = {"metric": "accuracy", "mode": "max", "split": "test", "confidence": 0.95}


def model(validation, test):
    by_seed = {
        str(seed): {"validation": {"accuracy": one}, "test": {"accuracy": other}}
        for seed, (one, other) in enumerate(zip(validation, test, strict=True), 1)
    }
    return {"mean": sum(test) / 3, "spread": 0.01, "interval": [0.86, 0.89], "by_seed": by_seed}


@pytest.fixture
def several(report):
    """The report with two more seeds; its student is that of the second."""
    for name in ("teacher", "student", "control"):
        report["models"][name]["role"] = name
    of_best = {**HEAD, "difference": -0.01875, "interval": [-0.03, -0.01]}
    onnx = {**HEAD, "difference": -0.02875, "interval": [-0.04, -0.02]}
    report["models"]["onnx"] = {**report["models"]["student"], "role": "export"}
    report["against_teacher"] = {"student": of_best, "onnx": onnx}
    compared = {**HEAD, "seeds": 3, "spread": 0.004}
    report["seeds"] = {
        "seeds": [1, 2, 3],
        "best": 2,
        "chosen_by": {"split": "validation", "metric": "accuracy"},
        **HEAD,
        "models": {
            "student": model((0.87, 0.886, 0.88), (0.87, 0.879, 0.871)),
            "control": model((0.86, 0.875, 0.87), (0.86, 0.869, 0.861)),
        },
        "gain": {
            **compared,
            "difference": 0.01,
            "interval": [-0.02, 0.04],
            "student": 0.8733,
            "control": 0.8633,
            "gap_closed": 0.3,
        },
        "against_teacher": {"student": {**compared, "difference": -0.0242, "interval": [-0.05, 0.005]}},
    }
    return report


def plain(text):
    return " ".join(text.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_verdict_is_that_of_all_seeds(several):
    text = plain(sentences.verdict(several))
    assert "is 2.42 points of accuracy below its teacher on test (95 % interval over 3 seeds -5.00 to 0.50)" in text
    assert "gained 1.00 points of accuracy over" in text
    assert "(95 % interval over 3 seeds -2.00 to 4.00): the interval includes zero, so it could be chance." in text


def test_an_export_is_as_far_from_all_seeds_as_from_its_own(several):
    forms = leading(several)["against_teacher"]
    assert forms["onnx"]["difference"] == pytest.approx(-0.0342)
    assert forms["onnx"]["interval"] == pytest.approx([-0.06, -0.005])
    assert several["against_teacher"]["onnx"]["difference"] == -0.02875


def test_a_report_of_one_seed_is_left_alone(report):
    assert leading(report) is report
    assert (sentence(report), table(report)) == ("", [])


def test_means_stand_with_intervals_and_the_best_is_named(several):
    assert plain(sentence(several)) == (
        "Trained with 3 seeds (1, 2, and 3); mean accuracy on test: student 87.33 % (95 % interval 86.00 to 89.00), "
        "control 86.33 % (95 % interval 86.00 to 89.00). An interval over seeds covers other examples and other seeds. "
        "The student of seed 2 is the best on validation: it stands for the others in all that is said of one "
        "student, and it is exported."
    )


def test_the_table_has_a_line_for_each_seed_and_marks_the_best(several):
    head, first, best, _, mean, interval, spread = (tuple(map(plain, line)) for line in table(several))
    assert head == ("seed", "student validation", "student test", "control test", "gain", "against teacher")
    assert first == ("1", "87.00 %", "87.00 %", "86.00 %", "+1.00", "-2.75")
    assert best[0] == "2, best on validation"
    assert mean[2:] == ("87.33 %", "86.33 %", "+1.00", "-2.42")
    assert interval[4:] == ("-2.00 to 4.00", "-5.00 to 0.50")
    assert spread[2:] == ("1.00 %", "1.00 %", "0.40", "0.40")


def test_less_is_better_turns_every_difference(several):
    for part in (several["seeds"], several["seeds"]["gain"], several["seeds"]["against_teacher"]["student"]):
        part |= {"metric": "perplexity", "mode": "min"}
    for name, values in several["seeds"]["models"].items():
        for seed, by_split in values["by_seed"].items():
            by_split["test"] = {"perplexity": 10.0 + int(seed) + (name == "control")}
            by_split["validation"] = {}
    several["models"]["teacher"]["metrics"]["test"] = {"perplexity": 9.0}
    _, first, *_, mean, interval, _ = (tuple(map(plain, line)) for line in table(several))
    assert first[2:] == ("11.00", "12.00", "+1.00", "-2.00")
    assert (mean[4], interval[4]) == ("-0.010", "-0.040 to 0.020")


def test_targets_are_judged_over_seeds_and_rows_alone_do_not_decide_them(several):
    several["targets"] = judge(several, {"max_loss": 3.0})
    found = several["targets"]["forms"]
    assert {name: form["verdict"] for name, form in found.items()} == {
        "student": "not decidable",
        "onnx": "not decidable",
    }
    assert found["student"]["targets"]["max_loss"]["rows_needed"] is None
    assert plain(aim(several)).endswith("3 seeds and the rows of test are too few, more of either narrow the interval.")


def test_page_and_console_show_all_seeds(several):
    several["against_baselines"] = {"tfidf": {**HEAD, "difference": -0.01, "interval": [-0.03, 0.01]}}
    several["models"]["tfidf"] = {**several["models"]["student"], "role": "baseline"}
    page, text = plain(render(several, {})), plain(console.table(several))
    for shown in (page, text):
        assert "2, best on validation" in shown
        assert "Trained with 3 seeds" in shown
        assert "The student of seed 2 is not clearly better than tfidf" in shown
    assert "The mean over 3 seeds. The interval comes from drawing anew the examples of test" in page
    assert "Training with another seed may move" not in page


def test_scores_that_are_no_numbers_are_shown_as_absent(several):
    several["seeds"]["models"]["control"] |= {"mean": None, "interval": [None, None], "spread": None}
    for seed in several["seeds"]["models"]["control"]["by_seed"].values():
        seed["test"] = {"accuracy": None}
    several["seeds"]["gain"] |= {"difference": None, "interval": [None, None], "spread": None, "control": None}
    several["seeds"]["against_teacher"]["student"]["interval"] = [None, None]
    several["targets"] = judge(several, {"max_loss": 1.0})
    assert several["targets"]["verdict"] == "not decidable"
    assert "What distillation gained over the control was not measured." in sentences.verdict(several)
    assert "Trained with 3 seeds" in render(several, {})
    _, first, *_ = table(several)
    assert first[4] == "\N{EN DASH}"
