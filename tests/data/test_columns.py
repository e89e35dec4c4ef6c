import re

import pytest
from datasets import ClassLabel, Dataset, Features, Value

from distill.data.columns import take
from distill.errors import DataError

ROLES = {"text": "text", "label": "label"}


def table(**columns):
    return Dataset.from_dict(columns)


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def test_only_the_columns_with_a_role_are_kept_under_the_roles_name():
    rows = table(sentence=["a b", "c d"], label=["1", "0"], id=[1, 2])
    taken, notes = take({"train": rows}, ROLES, {"text": "sentence"}, "here")
    assert taken["train"].to_dict() == {"text": ["a b", "c d"], "label": ["1", "0"]}
    assert notes == []


def test_the_only_column_that_can_be_meant_is_taken_and_said():
    rows = table(question=["what is it ?", "who is it ?"] * 5, kind=["DESC", "HUM"] * 5)
    taken, notes = take({"train": rows}, ROLES, {"text": "sentence"}, "here")
    assert taken["train"].column_names == ["text", "label"]
    assert notes == [
        "there is no column sentence in here; question is taken as the text",
        "there is no column label in here; kind is taken as the label",
    ]


def test_a_column_of_the_roles_own_name_wins_over_others():
    rows = table(text=["a b"] * 4, title=["c d"] * 4, label=["1", "0"] * 2)
    taken, notes = take({"train": rows}, ROLES, {"text": "sentence"}, "here")
    assert taken["train"]["text"][0] == "a b"
    assert notes == ["there is no column sentence in here; text is taken as the text"]


def test_two_columns_that_can_be_meant_are_refused_with_the_way_out():
    rows = table(title=["c d"] * 4, body=["a b"] * 4, label=["1", "0"] * 2)
    message = (
        "here has no column text; it has title, body, label: say which one is the text with data.columns.text=NAME"
    )
    with refused(message):
        take({"train": rows}, ROLES, {}, "here")


def test_a_score_is_no_label():
    with refused(
        "here has no column label; it has text, score: say which one is the label with data.columns.label=NAME"
    ):
        take({"train": table(text=["a b"] * 8, score=["3.800", "1.250"] * 4)}, ROLES, {}, "here")


def test_one_column_for_two_roles_is_refused():
    with refused("data.columns gives the column a to text and label"):
        take({"train": table(a=["x y"])}, ROLES, {"text": "a", "label": "a"}, "here")


def test_a_split_without_rows_is_refused():
    with refused("test of here has no rows"):
        take({"train": table(text=["a b"], label=["1"]), "test": table(text=[], label=[])}, ROLES, {}, "here")


def test_a_role_that_the_task_does_not_have_is_refused():
    with refused("data.columns names textt; the task has text, label"):
        take({"train": table(text=["a"])}, ROLES, {"textt": "x"}, "here")


def test_a_split_that_lacks_the_column_is_refused():
    splits = {"train": table(text=["a b"], label=["1"]), "test": table(text=["a b"], mark=["1"])}
    with refused("test of here has no column label; it has text, mark"):
        take(splits, ROLES, {}, "here")


@pytest.mark.parametrize("empty", [None, "", " "])
def test_a_row_without_content_is_refused_with_its_number(empty):
    rows = table(sentence=["a b", empty], label=["1", "0"])
    with refused("row 2 of train in here has no sentence"):
        take({"train": rows}, ROLES, {"text": "sentence"}, "here")


def test_the_class_numbers_of_the_hub_become_names_and_hidden_ones_stay_numbers():
    features = Features({"text": Value("string"), "label": ClassLabel(names=["negative", "positive"])})
    rows = Dataset.from_dict({"text": ["a b", "c d", "e f"], "label": [1, 0, -1]}, features=features)
    taken, _ = take({"train": rows}, ROLES, {}, "hub")
    assert taken["train"]["label"][:] == ["positive", "negative", "-1"]
