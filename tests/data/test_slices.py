"""Parts of the rows: by a column, by length and by a word, and what cannot be one."""

import pytest
from datasets import Dataset

from distill.data.slices import carrying, slices, without
from distill.errors import DataError

TEXTS = ["Not bad.", "It is not, I think, very good at all", "knots", "a", "NOT  GOOD", "好不好"]
GENRES = ["film", "film", "book", "(none)", "book", "book"]
FILE = {"text": TEXTS, "genre": ["film", "film", "book", None, "book", "book"], "label": list("abcabc")}
ROLES = {"text": "text", "label": "label"}


def places(wanted, texts=TEXTS):
    values = {"genre": GENRES, "id": list(map(str, range(60)))}
    return {each.title: each.places.tolist() for each in slices([wanted], "test", texts, values, [*FILE, "id"], ROLES)}


def test_a_column_has_a_slice_for_each_value():
    assert places("genre") == {"genre=(none)": [3], "genre=book": [2, 4, 5], "genre=film": [0, 1]}


def test_a_word_is_found_whole_in_any_case_and_in_any_script():
    assert places("contains:not") == {"contains:not": [0, 1, 4]}
    assert places("contains:Not good") == {"contains:Not good": [4]}
    assert places("contains:不") == {"contains:不": [5]}


def test_texts_of_equal_length_stay_together():
    parts = places("length", ["a", "a", "a", "a", "bbb", "cccc"])
    assert parts == {"length=1 to 1 characters": [0, 1, 2, 3], "length=3 to 4 characters": [4, 5]}
    assert places("length", ["a"] * 4) == {"length=1 to 1 characters": [0, 1, 2, 3]}
    assert list(places("length").values()) == [[3, 5], [0, 2], [1, 4]]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("contains:wonderful", "slices by contains:wonderful: no row of test holds that"),
        ("contains:!", "slices by contains:!: give a word, as in contains:not"),
        ("gener", "slices by gener: test has no such column; it has genre, id"),
        ("label", "slices by label: that column is the label of the task; a slice is by a column without a role, "
         "length or contains:WORD"),
        ("id", "slices by id: the 60 rows of test have 60 values there; a slice is by a column of at most 50"),
    ],
)  # fmt: skip
def test_what_is_no_slice_is_one_sentence(wanted, message):
    with pytest.raises(DataError) as error:
        places(wanted)
    assert str(error.value) == message


def test_values_travel_with_the_rows_that_are_kept_and_leave_no_trace():
    file = Dataset.from_dict(FILE)
    kept = file.select([1, 2, 3]).select_columns(["text", "label"])
    carried = carrying({"test": kept}, {"test": file}, {"test": [2, 3, 4]}, ["genre", "length"])["test"]
    rows, values = without(carried.select([2, 0]))
    assert values == {"genre": ["(none)", "film"]}
    assert rows.column_names == kept.column_names


def test_a_list_is_no_value_of_a_slice():
    file = Dataset.from_dict({"text": ["a"], "tags": [["x"]]})
    with pytest.raises(DataError, match="slices by tags: a row of test holds a list there"):
        carrying({"test": file.select_columns(["text"])}, {"test": file}, {}, ["tags"])
