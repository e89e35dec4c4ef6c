import json
from pathlib import Path

from distill.tracking.names import NAMES, numbers, pattern

REPORT = json.loads((Path(__file__).parents[1] / "report" / "report.json").read_text(encoding="utf-8"))


def leaves(value):
    """All numbers in a report, in their order, by a walk that knows no names."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for each in value for number in leaves(each)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_every_number_of_a_report_has_a_name_of_its_own():
    assert list(numbers(REPORT).values()) == leaves(REPORT)


def test_a_number_keeps_its_name_whichever_stages_a_run_has():
    fewer = {**REPORT, "stages": REPORT["stages"][3:]}
    assert numbers(fewer).items() <= numbers(REPORT).items()


def test_elements_of_one_name_stay_apart():
    found = numbers({"exports": [{"format": "onnx", "bytes": 1}, {"format": "onnx", "bytes": 2}]})
    assert found == {"exports/onnx/bytes": 1, "exports/1/bytes": 2}


def test_what_is_no_number_has_no_name():
    assert numbers({"a": float("nan"), "b": float("inf"), "c": True, "d": None, "e": "1", "f": []}) == {}


def test_each_name_of_the_docs_but_the_last_is_one_of_a_report_or_a_curve():
    curves = {
        "step",
        "examples",
        "train/soft",
        "train/share/soft",
        "train/loss_share/soft",
        "train/lr",
        "validation/accuracy",
    }
    elsewhere = {"exports/onnx/bytes", "seeds/gain/difference"}
    assert {pattern(name) for name in {*numbers(REPORT), *curves, *elsewhere}} - {None} == NAMES.keys() - {"*"}
