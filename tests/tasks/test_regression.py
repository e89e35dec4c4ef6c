import pytest
import torch
from datasets import Dataset

from distill.tasks import Options, task

TASK = task("regression")


def read(train, scores=None, **others):
    splits = {
        name: Dataset.from_dict({"text": ["a b"] * len(values), "label": values})
        for name, values in {"train": train, **others}.items()
    }
    return TASK.read(splits, Options({}, score_range=scores))


def test_scores_become_numbers_whatever_they_were_written_as():
    assert read(["3.8", " 1e0 ", "-2"]).splits["train"]["label"][:] == [3.8, 1.0, -2.0]
    assert read([1, 2]).splits["train"]["label"][:] == [1.0, 2.0]


@pytest.mark.parametrize("bad", ["high", "nan", "inf", "-Infinity", "1,5", ""])
def test_what_is_no_number_is_refused_with_its_row(refused, bad):
    with refused(f"row 2 of test has the score {bad!r}, which is no number; data.on_bad=drop leaves it out"):
        read(["1", "2"], test=["1", bad])


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused_too(refused, bad):
    with refused(f"row 2 of test has the score {bad!r}, which is no number; data.on_bad=drop leaves it out"):
        read([1.0, 2.0], test=[1.0, bad])


def test_lists_are_no_scores(refused):
    with refused("row 1 of test has the score [1.0], which is no number"):
        read([1.0, 2.0], test=[[1.0]])


@pytest.mark.parametrize("bad", ["5.01", "-0.1"])
def test_a_score_outside_the_range_is_refused(refused, bad):
    with refused(
        f"row 3 of train has the score {bad!r}, which is outside data.score_range=[0, 5]; "
        "data.on_bad=drop leaves it out"
    ):
        read(["0", "5", bad], scores=(0.0, 5.0))


def test_a_constant_train_is_refused_but_not_a_constant_test(refused):
    with refused("every score in train is the same: nothing can be learned from it"):
        read(["2", "2.0"])
    assert read(["1", "2"], test=["2", "2"]).splits["test"]["label"][:] == [2.0, 2.0]


def test_the_report_groups_by_bands_of_equal_width():
    rows = {"label": [0.0, 0.99, 1.0, 2.5, 4.99, 5.0]}
    assert TASK.groups(rows) == ["0 to 1", "0 to 1", "1 to 2", "2 to 3", "4 to 5", "4 to 5"]
    assert TASK.groups({"label": [3.0, 3.0]}) == ["3 to 3", "3 to 3"]


def test_a_score_is_decoded_as_it_is():
    assert TASK.decode([torch.tensor([[1.5]]).numpy(), torch.tensor([[-2.0]]).numpy()], {}, None, None) == [
        {"score": 1.5}, {"score": -2.0},
    ]  # fmt: skip
    assert TASK.outputs(()) == ["score"]
