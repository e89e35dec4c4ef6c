"""The settings of a design: amounts, and every problem in one message."""

import pytest

from distill.base import processor
from distill.config.design import DesignConfig, check, parse_count, settings_of_runs, timed_tokens, timed_written_tokens
from distill.errors import ConfigError


def config(**budget):
    made = DesignConfig(output="designs")
    made.budget.parameters = "5M"
    for name, value in budget.items():
        setattr(made.budget, name, value)
    return made


def problems(made, overrides=(), card_folders=()):
    with pytest.raises(ConfigError) as caught:
        check(made, overrides, card_folders)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@pytest.mark.parametrize(
    ("text", "count"),
    [("5M", 5_000_000), ("5m", 5_000_000), ("0.5M", 500_000), ("500k", 500_000), ("1.2B", 1_200_000_000), ("7", 7),
     ("5000000.0", 5_000_000), ("1e6", 1_000_000), ("22.7 M", 22_700_000)],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text, count):
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "0", "0.0001k", "-5M", "5G", "M", "five", "inf", "nan", "1e999", "5MM"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ConfigError) as caught:
        parse_count(text)
    assert str(caught.value) == (
        f"budget.parameters={text}: allowed is a number from 1 up, such as 5M, 500k, 1.2B or 5000000"
    )


def test_a_budget_is_needed():
    assert problems(DesignConfig()) == [
        "budget: give at least one of budget.latency_ms=5, budget.size_mb=12 and budget.parameters=5M"
    ]
    check(config(), ["experiment=trec_tiny"], [])
    check(config(parameters=None, latency_ms=0.5), [], [])


@pytest.mark.parametrize("threads", [0, 5, 100_000])
def test_threads_are_as_many_as_there_are_cores(monkeypatch, threads):
    monkeypatch.setattr(processor, "cores", lambda: 4)
    check(config(threads=4), [], [])
    message = f"budget.threads={threads}: allowed is a whole number from 1 to 4, the cores that this process may use"
    assert problems(config(threads=threads)) == [message]


def test_all_problems_come_at_once_those_of_a_run_first():
    made = config(latency_ms=float("nan"), parameters="much", tokens=129, threads=0)
    made.trainer.devices = 0
    assert problems(made, ["student=half_layers", "+student.layers=3", "seed=1"]) == [
        "trainer.devices=0: allowed is auto, -1 (all) or a whole number from 1 up",
        "budget.latency_ms=nan: allowed is null or a number above 0",
        "budget.parameters=much: allowed is a number from 1 up, such as 5M, 500k, 1.2B or 5000000",
        "budget.tokens=129: allowed is a whole number from 1 to 128 (data.max_length)",
        f"budget.threads=0: allowed is {processor.threads_allowed()}",
        "student=half_layers: the student is what this command looks for; leave it out",
        "+student.layers=3: the student is what this command looks for; leave it out",
    ]


def test_cards_go_where_a_run_will_look_for_them(tmp_path):
    made = config()
    made.output = str(tmp_path / "designs")
    check(made, [], [made.output])
    assert problems(made, [], ["mine"]) == [
        f"output={made.output}: a run reads cards from one folder; with --config-dir mine allowed is output=mine"
    ]
    (tmp_path / "designs").write_text("")
    assert problems(made) == [f"output={made.output}: is a file; allowed is a folder"]


def test_the_text_is_as_long_as_the_data_leaves_room_for():
    made = config()
    assert (timed_tokens(made), timed_written_tokens(made)) == (32, 0)
    made.data.max_length = 24
    assert timed_tokens(made) == 24
    made.task, made.data.max_target_length = "translation", 16
    assert (timed_tokens(made), timed_written_tokens(made)) == (24, 16)
    made.task = "dialogue"
    assert (timed_tokens(made), timed_written_tokens(made)) == (8, 8)
    made.budget.tokens, made.pretrain.max_epochs = 9, 0
    assert problems(made) == [
        "budget.tokens=9: allowed is a whole number from 1 to 8 (data.max_length - data.max_target_length)"
    ]


def test_what_only_a_design_reads_is_left_out_of_the_runs():
    given = ["teacher=minilm", "+budget.tokens=3", "budget={latency_ms: 5}", "output=a", "overwrite=true", "seed=3"]
    assert settings_of_runs(given) == ["teacher=minilm", "seed=3"]


def test_an_experiment_of_the_users_own_must_not_set_the_student(tmp_path):
    (tmp_path / "experiment").mkdir()
    made = config()
    made.output = str(tmp_path)
    for name, text in (("mine", "student: {layers: 3}\n"), ("other", "task: regression\n")):
        (tmp_path / "experiment" / f"{name}.yaml").write_text(text)
    check(made, ["experiment=other"], [str(tmp_path)])
    check(made, ["experiment=sst2_tiny"], [str(tmp_path)])
    assert problems(made, ["experiment=mine"], [str(tmp_path)]) == [
        "experiment=mine: the card sets student, which in a run would win over a card of it; take that out"
    ]
