import pytest

from distill.training.tracking import CurvesLogger, ExamplesSeen, HandedOn, read_curves


@pytest.mark.parametrize(
    "damage",
    [b"1,train/hard,0.2", b"1,train/hard\n", b"\0\0\0\0\n", b"one,train/hard,0.2\n", b"1,train/hard,much\n", b"\xff\n"],
)
def test_a_damaged_row_of_the_curves_is_left_out(tmp_path, damage):
    rows = b"step,name,value\n0,train/hard,0.5\n"
    (tmp_path / "metrics.csv").write_bytes(rows + damage)
    assert read_curves(tmp_path / "metrics.csv") == [{"step": 0, "name": "train/hard", "value": 0.5}]


def test_curves_that_are_something_else_are_none(tmp_path):
    (tmp_path / "metrics.csv").write_bytes(bytes(range(256)) * 3)
    assert read_curves(tmp_path / "metrics.csv") == []


def test_a_value_stands_beside_the_examples_seen_by_then(tmp_path):
    seen = ExamplesSeen()
    logger = CurvesLogger(tmp_path, seen=seen)
    for step, seen.count in enumerate((32, 64)):
        logger.log_metrics({"train/soft": 0.5, "epoch": 0}, step)
    rows = [{"step": step, "name": "train/soft", "value": 0.5, "examples": 32 * (step + 1)} for step in (0, 1)]
    assert read_curves(logger.path) == rows
    assert CurvesLogger(tmp_path, resumed_at=1).kept == rows[:1]


def test_curves_without_examples_go_on(tmp_path):
    (tmp_path / "metrics.csv").write_text("step,name,value\n0,train/hard,0.5\n", encoding="utf-8")
    CurvesLogger(tmp_path, resumed_at=1).log_metrics({"train/hard": 0.25}, 1)
    assert [row.get("examples") for row in read_curves(tmp_path / "metrics.csv")] == [None, 0]


def test_what_an_interrupted_try_logged_is_handed_on_step_by_step():
    handed = []
    earlier = [
        {"step": 0, "name": "train/hard", "value": 1.0, "examples": 8},
        {"step": 0, "name": "train/lr", "value": 0.1, "examples": 8},
        {"step": 1, "name": "train/hard", "value": 0.5, "examples": 16},
    ]
    seen = ExamplesSeen()
    logger = HandedOn(lambda *given: handed.append(given), seen, earlier)
    seen.count = 24
    logger.log_metrics({"train/hard": 0.25, "epoch": 0}, 2)
    logger.log_metrics({"epoch": 1}, 2)
    assert handed == [
        ({"train/hard": 1.0, "train/lr": 0.1}, 0, 8),
        ({"train/hard": 0.5}, 1, 16),
        ({"train/hard": 0.25}, 2, 24),
    ]


def test_counting_goes_on_after_an_interruption():
    seen, later = ExamplesSeen(), ExamplesSeen()

    class Trainer:
        world_size = 1

    for count in (5, 7):
        seen.on_train_batch_end(Trainer(), None, None, {"input_ids": range(count)}, 0)
    later.load_state_dict(seen.state_dict())
    later.on_train_batch_end(Trainer(), None, None, {"input_ids": range(3)}, 0)
    assert (seen.count, later.count) == (12, 15)
