import pytest

from distill.config.schema import Config
from distill.config.unread_overrides import unread_override_problems
from distill.config.validate import problems


def data(**given):
    """The settings of a run, with some of its data's."""
    config = Config()
    for name, value in given.items():
        setattr(config.data, name, value)
    return config


@pytest.mark.parametrize(("on_bad", "drop_bad", "other"), [("refuse", True, "true"), ("drop", False, "false")])
def test_two_names_of_one_setting_that_contradict_each_other_are_refused(on_bad, drop_bad, other):
    said = f"data.on_bad={on_bad}: contradicts data.drop_bad={other}, its other name; leave one of them out"
    assert problems(data(on_bad=on_bad, drop_bad=drop_bad)) == [said]


@pytest.mark.parametrize(
    ("on_bad", "drop_bad", "drops"),
    [
        (None, None, False),
        ("refuse", None, False),
        ("refuse", False, False),
        (None, False, False),
        ("drop", None, True),
        (None, True, True),
        ("drop", True, True),
    ],
)
def test_either_name_says_whether_rows_that_cannot_be_used_are_left_out(on_bad, drop_bad, drops):
    config = data(on_bad=on_bad, drop_bad=drop_bad)
    assert problems(config) == []
    assert config.data.drops_bad is drops


def test_what_is_done_about_rows_that_cannot_be_used_is_one_of_two_words():
    assert problems(data(on_bad="keep")) == ["data.on_bad=keep: allowed is null, refuse or drop"]


def test_held_out_splits_leave_rows_to_train_on():
    said = "data.holdout_test=0.6: allowed is less than 1 - data.holdout=0.4, so that rows are left to train on"
    assert problems(data(holdout=0.4, holdout_test=0.6)) == [said]
    assert problems(data(holdout=0.4, holdout_test=0.5)) == []


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, float("nan")])
def test_the_share_of_a_test_is_a_part_of_train(share):
    (said,) = problems(data(holdout_test=share))
    assert said == f"data.holdout_test={share}: allowed is null, or a number between 0 and 1"


def test_a_test_is_either_held_out_or_a_file(tmp_path):
    (tmp_path / "train.tsv").write_text("text\tlabel\n", encoding="utf-8")
    config = data(holdout_test=0.1, path=str(tmp_path))
    config.data.files.test = "extra"
    assert problems(config) == ["data.holdout_test=0.1: data.files.test=extra is the test; leave one of them out"]
    config.data.files.test = "test_unseen|test"
    assert problems(config) == []


def test_data_of_the_hub_is_not_read_beside_files():
    given, none = ["data.hub=glue", "data.hub_config=sst2"], ["data.hub=null", "data.hub_config=null"]
    where = "belongs to data of the hub, in whose place data.path is read; leave it out"
    config = data(path="train.csv", hub="glue", hub_config="sst2")
    assert list(unread_override_problems(config, given)) == [f"{each}: {where}" for each in given]
    assert not list(unread_override_problems(config, ["data.path=train.csv"])), "a card may name what its files replace"
    assert not list(unread_override_problems(data(path="train.csv"), none))
    assert not list(unread_override_problems(data(hub="glue", hub_config="sst2"), given))


def test_questions_without_an_answer_belong_to_their_task():
    config = data(answerable="only")
    config.task = "classification"
    assert problems(config) == ["data.answerable=only: belongs to question_answering; allowed is all"]
    config = data(answerable="some")
    config.task = "question_answering"
    assert problems(config) == ["data.answerable=some: allowed is one of all, only"]


@pytest.mark.parametrize("task", ["regression", "translation", "dialogue"])
def test_points_belong_to_tasks_whose_first_metric_is_a_share(task):
    config = Config(task=task)
    config.evaluate.points = 2.0
    (said,) = [each for each in problems(config) if each.startswith("evaluate.points")]
    assert said.endswith("allowed is 1.0")
    config.evaluate.points = None
    assert not [each for each in problems(config) if each.startswith("evaluate.points")]


@pytest.mark.parametrize("points", [0.0, -1.0, 101.0, float("nan")])
def test_points_are_a_number_above_0(points):
    config = Config()
    config.evaluate.points = points
    assert problems(config) == [f"evaluate.points={points}: allowed is null, or a number above 0 up to 100"]
