import re

import pytest
from datasets import Dataset

from distill.base.unusable_rows import Fault, usable
from distill.errors import DataError

ROWS = {"train": Dataset.from_dict({"text": list("abcdefgh")}), "test": Dataset.from_dict({"text": list("xy")})}
NONE = Fault("no text", "has no text")
LONG = Fault("too long", "is too long", "; cut it")


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def test_a_row_that_cannot_be_used_is_refused_with_its_number_and_the_ways_out():
    with refused("row 3 of train in here is too long; data.on_bad=drop leaves it out; cut it"):
        usable(ROWS, {"train": {2: LONG}}, drop=False, source="here")


def test_of_many_rows_the_first_five_are_named():
    first = ", ".join(f"row {number} has no text" for number in (1, 2, 3, 4, 6))
    with refused(f"7 of 8 rows of train cannot be used: {first}, and so on; data.on_bad=drop leaves them out"):
        usable(ROWS, {"train": dict.fromkeys((0, 1, 2, 3, 5, 6, 7), NONE)}, drop=False)


def test_rows_are_left_out_and_counted_by_split_and_reason():
    kept = usable(ROWS, {"train": {0: NONE, 1: LONG, 4: NONE}, "test": {1: NONE}}, drop=True)
    assert {split: rows["text"][:] for split, rows in kept.splits.items()} == {"train": list("cdfgh"), "test": ["x"]}
    assert kept.notes == [
        "3 of 8 rows of train are left out: no text (2), too long (1)",
        "1 of 2 rows of test are left out: no text (1)",
    ]
    assert kept.numbers == {"train": [3, 4, 6, 7, 8], "test": [1]}


def test_rows_keep_the_numbers_that_they_have_in_the_file():
    first = usable(ROWS, {"train": {0: NONE, 4: NONE}}, drop=True)
    with refused("row 6 of train has no text; data.on_bad=drop leaves it out"):
        usable(first.splits, {"train": {3: NONE}}, drop=False, numbers=first.numbers)
    assert usable(first.splits, {"train": {3: NONE}}, drop=True, numbers=first.numbers).numbers["train"] == [
        2,
        3,
        4,
        7,
        8,
    ]


def test_a_split_of_which_nothing_is_left_is_refused():
    with refused("no row of test can be used: no text (1), too long (1)"):
        usable(ROWS, {"test": {0: NONE, 1: LONG}}, drop=True)


def test_rows_are_named_by_their_id_too_where_they_have_one():
    ids = {"train": ["q1", "q2", None, 7, "", "q6", "q7", "q8"]}
    with refused("row 2 (id q2) of train has no text; data.on_bad=drop leaves it out"):
        usable(ROWS, {"train": {1: NONE}}, drop=False, ids=ids)
    first = "row 3 has no text, row 4 (id 7) has no text"
    with refused(f"2 of 8 rows of train cannot be used: {first}; data.on_bad=drop leaves them out"):
        usable(ROWS, {"train": {2: NONE, 3: NONE}}, drop=False, ids=ids)
    kept = usable(ROWS, {"train": {0: NONE, 4: NONE}}, drop=True, ids=ids)
    with refused("row 6 (id q6) of train has no text; data.on_bad=drop leaves it out"):
        usable(kept.splits, {"train": {3: NONE}}, drop=False, numbers=kept.numbers, ids=ids)


def test_the_rows_of_every_split_that_cannot_be_used_are_counted_at_once():
    with refused(
        "row 1 of train has no text; 1 of 2 rows of test cannot be used either; data.on_bad=drop leaves them out"
    ):
        usable(ROWS, {"train": {0: NONE}, "test": {1: NONE}}, drop=False)
