"""What may be wrong with data that can be read."""

import csv
from dataclasses import replace

import pytest
from run_parts import spec_of

from distill.base.findings import OK, SKIPPED, WARN
from distill.config.schema import Config
from distill.pipeline import data_checks, space

HEAD = "text,label\n"


def spec(folder, train, test, task="classification", near="drop"):
    for name, rows in (("train", train), ("validation", [("v1", "a"), ("v2", "b")]), ("test", test)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
    config = Config(task=task)
    config.data.path, config.data.near_duplicates = str(folder), near
    config.data.columns = {"text": "text", "label": "label"}
    return spec_of(config)


@pytest.fixture
def clean(tmp_path):
    return spec(tmp_path, [(f"t{n}", "ab"[n % 2]) for n in range(60)], [(f"x{n}", "ab"[n % 2]) for n in range(40)])


@pytest.fixture
def dirty(tmp_path):
    train = [("same", "a")] * 4 + [("same", "b")] + [(f"t{n}", "a") for n in range(55)]
    return spec(tmp_path, train, [("t1", "a"), ("t2", "b"), ("new", "a")], near="keep")


def test_clean_data_is_found_to_be_so(clean):
    found = {finding.check: finding.level for finding in data_checks.findings(clean)}
    assert {name for name, level in found.items() if level != OK} == {"power of the test split"}


def test_every_fault_of_the_data_is_found_and_counted(dirty):
    repeated, leaking = data_checks.repeated(dirty), data_checks.leaking(dirty)
    assert (repeated.level, repeated.facts) == (WARN, {"train": 4, "validation": 0, "test": 0})
    assert (leaking.level, leaking.facts) == (WARN, {"validation": 0, "test": 2})
    contradictory, balance = data_checks.contradictory(dirty), data_checks.balance(dirty)
    said = "5 of 60 rows of train have a text that has another label elsewhere in train"
    assert (contradictory.level, contradictory.said) == (WARN, said)
    assert (balance.level, balance.facts) == (WARN, {"a": 59, "b": 1})
    assert balance.fix == "give more rows of rare labels, or leave these labels out"


def test_labels_that_all_are_as_rare_are_not_compared_with_themselves(tmp_path):
    found = data_checks.balance(
        spec(
            tmp_path, [(f"a{n}", "a") for n in range(3)] + [(f"b{n}", "b") for n in range(3)], [("t", "a"), ("u", "b")]
        )
    )
    assert (found.level, found.said) == (WARN, "each of 2 labels has 3 rows of train")


def test_words_outside_of_entities_are_no_label_to_balance():
    config = Config(task="token_classification")
    config.data.source, config.data.limit.train = "embedded", 60
    facts = data_checks.balance(spec_of(config)).facts
    assert "B-PER" in facts
    assert "O" not in facts


def test_what_is_of_no_use_is_no_advice_for_more_power(clean):
    end = "; a smaller gain cannot be told from chance"
    several = replace(clean, config=replace(clean.config, seeds=[1, 2]))
    assert data_checks.power(clean).fix == f"give a larger test split or several seeds{end}"
    assert data_checks.power(several).fix == f"give a larger test split{end}"
    splits = {name: rows for name, rows in several.data.splits.items() if name != "test"}
    untested = replace(several, data=replace(several.data, splits=splits))
    assert data_checks.power(untested).fix == f"give a larger test split or data.holdout_test=0.2{end}"


def test_the_power_says_what_one_point_takes(clean):
    found = data_checks.power(clean)
    assert found.level == WARN
    assert found.facts["rows"] == 40
    assert found.facts["rows_for_one_point"] == 7900


def test_the_power_of_a_metric_that_is_no_share_of_rows_is_a_rough_guide(clean):
    f1 = replace(clean, config=replace(clean.config, metric="f1"))
    assert "points of accuracy on are told from chance" in data_checks.power(clean).said
    assert "points of a share of rows on are told from chance" in data_checks.power(f1).said
    assert data_checks.power(f1).said.endswith("; f1 is none: take it as a rough guide")


@pytest.mark.parametrize("task", ["regression", "translation", "token_classification", "multilabel_classification"])
def test_every_check_is_made_or_says_why_not_whatever_the_task(task):
    config = Config(task=task)
    config.data.source, config.data.limit.train = "embedded", 60
    for finding in data_checks.findings(spec_of(config)):
        assert finding.level in (OK, WARN) or (finding.level, finding.said[:12]) == (SKIPPED, "not checked:")


def test_a_disk_that_is_too_small_is_seen_before(clean, monkeypatch):
    assert space.disk(clean).level == OK
    monkeypatch.setattr(space, "free_bytes", lambda folder: 10)
    found = space.disk(clean)
    assert (found.level, found.fix.split(",")[0]) == ("FAIL", "free some space")


def test_the_disk_holds_a_student_and_a_control_of_each_further_seed(clean):
    def needed(**settings):
        return space.disk(replace(clean, config=replace(clean.config, **settings)))

    one, two, three = (needed(seeds=seeds).facts["needed_bytes"] for seeds in (None, [1, 2], [1, 2, 3]))
    assert one < two
    assert three - one == pytest.approx(2 * (two - one), abs=2)
    alone = needed(seeds=[1, 2], stages=["distill"]).facts["needed_bytes"]
    assert alone - one == pytest.approx((two - one) / 2, abs=2)
    assert "of models of 2 more seeds, the rest checkpoints and models" in needed(seeds=[1, 2, 3]).said
