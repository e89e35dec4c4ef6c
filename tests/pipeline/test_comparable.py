"""Two runs whose scores say nothing of each other are refused in one sentence."""

import re
from types import SimpleNamespace

import pytest
from datasets import Dataset

from distill.errors import ConfigError
from distill.pipeline.comparable import refuse_trained_on, refuse_unlike


def score(task="classification", labels=("bad", "good"), tested=(1, 2), learnt=(7, 8)):
    """What a run keeps of its scores, as far as it decides on what can be compared."""
    splits = {"train": Dataset.from_dict({"key": list(learnt)})}
    data = SimpleNamespace(labels=list(labels), splits=splits, identity=lambda split: {split: tested})
    spec = SimpleNamespace(config=SimpleNamespace(task=task), data=data)
    return SimpleNamespace(spec=spec, split="test", examples=Dataset.from_dict({"key": list(tested)}))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"task": "regression"},
            "old is of the task classification, new of regression: only runs of one task are compared",
        ),
        ({"labels": ("bad", "fair")}, "the labels are not the same: old has bad and good, new bad and fair"),
        (
            {"tested": (1, 2, 3)},
            "the rows are not the same: old was scored on 2 of test, new on 3 of test, with other texts or labels; "
            "give both runs the same test file",
        ),
    ],
)
def test_runs_that_answered_other_questions_are_refused(other, message):
    refuse_unlike(score(), score(), "old", "new")
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        refuse_unlike(score(), score(**other), "old", "new")


def test_test_rows_that_only_one_has_learnt_are_refused():
    refuse_trained_on(score(learnt=(1, 7)), score(learnt=(1, 8)), "old", "new")
    message = (
        "new was trained on 1 of the 2 rows of test that the other was not trained on, so that it knows their answers: "
        "leave them out of its train, or out of the test of both"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        refuse_trained_on(score(), score(learnt=(2, 8)), "old", "new")
