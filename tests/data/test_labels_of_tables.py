"""Labels of tables as programs write them: floats, empty cells, vectors, and signs between several."""

import json
import re

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from distill.data import files
from distill.data.columns import Rules, take
from distill.errors import DataError

ROLES = {"text": "text", "label": "label"}
SEVERAL = {"text": "text", "label": "labels"}


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def table(labels=None, **columns):
    if labels is not None:
        columns = {"label": labels, **columns}
    size = len(next(iter(columns.values())))
    return Dataset.from_dict({"text": [f"text {place}" for place in range(size)], **columns})


def test_floats_of_a_table_are_whole_numbers_where_all_are():
    taken = take({"train": table(["2.0", "0.0", "1.0"])}, ROLES, {}, "here")
    assert taken.splits["train"]["label"][:] == ["2", "0", "1"]
    assert taken.notes == ["labels that are whole numbers lose their decimals: 0.0 is 0"]


@pytest.mark.parametrize("gap", ["", " "])
def test_gaps_beside_floats_are_no_labels_that_keep_their_decimals(gap):
    splits = {"train": table([gap, "0.0", "1.0"]), "test": table(["1.0", gap])}
    taken = take(splits, ROLES, {}, "here", Rules(drop_bad=True)).splits
    assert {split: rows["label"][:] for split, rows in taken.items()} == {"train": ["0", "1"], "test": ["1"]}


def test_a_float_that_says_that_there_is_no_label_is_none():
    with refused(
        "row 3 of train in here has the label -1, which is none; data.on_bad=drop leaves it out; "
        'a card that names it in data.labels, as in "-1": NAME, makes it one'
    ):
        take({"train": table(["0.0", "1.0", "-1.0"])}, ROLES, {}, "here")
    taken = take({"train": table(["0", "1"]), "test": table(["-1.0", "-1.0"])}, ROLES, {}, "here")
    assert list(taken.splits) == ["train"]
    assert taken.notes[-1] == "no row of test in here has a label: it is left out"


@pytest.mark.parametrize("labels", [["1.0", "1.5", "2.0"], ["1.0", "beta"]])
def test_decimals_beside_fractions_or_words_are_part_of_a_name(labels):
    assert take({"train": table(labels)}, ROLES, {}, "here").splits["train"]["label"][:] == labels


def switched(*cells):
    return table(a=[each[0] for each in cells], b=[each[1] for each in cells])


def test_a_test_without_switches_is_left_out_where_train_has_them_all():
    splits = {"train": switched("01", "10", "00"), "test": switched(("", ""), ("", ""))}
    taken = take(splits, SEVERAL, {"label": "a+b"}, "here")
    assert list(taken.splits) == ["train"]
    assert taken.notes == ["no row of test in here has a label: it is left out"]


def test_a_row_without_a_switch_has_no_labels_where_train_has_them_all():
    splits = {"train": switched("01", "10", "00"), "test": switched("01", ("1", ""))}
    with refused("row 2 of test in here has an empty cell in the place of a label; data.on_bad=drop leaves it out"):
        take(splits, SEVERAL, {"label": "a+b"}, "here")


def test_an_empty_cell_of_a_switch_is_off_where_train_has_some():
    splits = {"train": switched(("", "1"), ("1", "")), "test": switched(("", ""))}
    assert take(splits, SEVERAL, {"label": "a+b"}, "here").splits["test"]["label"][:] == [[]]


@pytest.mark.parametrize(
    ("cells", "label", "sign"),
    [
        (["sport#law", "law#music", "sport#music"], "sport#law", "#"),
        (["a", "b", "a#c"], "a#c", "#"),
        (["sport/law", "law/music", "sport/music"], "sport/law", "/"),
    ],
)
def test_signs_between_labels_are_found_where_labels_are_in_any_place(cells, label, sign):
    with refused(
        f"train has the label '{label}', which looks like 2 labels with {sign} between them: several labels are a "
        "JSON list, or have commas between them; a card that names it in data.labels makes it one"
    ):
        take({"train": table(cells)}, SEVERAL, {}, "here")
    assert take({"train": table(cells)}, SEVERAL, {}, "here", Rules(names=dict.fromkeys(cells, ""))).notes == []


@pytest.mark.parametrize(
    "cells",
    [
        ["FOOD#PRICE", "FOOD#QUALITY", "SERVICE#QUALITY", "SERVICE#PRICE"],
        ["C", "C#", "F#"],
        ["sport", "sport/football", "sport/tennis"],
    ],
)
def test_signs_that_names_and_paths_contain_are_part_of_labels(cells):
    taken = take({"train": table(cells)}, SEVERAL, {}, "here")
    assert taken.splits["train"]["label"][:] == [[cell] for cell in cells]


def classes(*labels):
    features = Features({"text": Value("string"), "label": List(ClassLabel(names=["a", "b", "c"]))})
    return Dataset.from_dict({"text": ["a b"] * len(labels), "label": labels}, features=features)


def test_a_vector_of_as_many_places_as_the_hub_has_classes_names_these():
    splits = {"train": classes([0, 1, 1], [1, 0, 0]), "test": classes([0, 1, 0])}
    taken = take(splits, SEVERAL, {}, "here")
    assert taken.splits["train"]["label"][:] == [["b", "c"], ["a"]]
    assert taken.splits["test"]["label"][:] == [["b"]]
    assert taken.notes == ["the labels are 0/1 vectors of 3: their places are the classes, in order"]


def test_class_numbers_that_no_row_has_twice_are_classes():
    taken = take({"train": classes([0, 1], [2], [])}, SEVERAL, {}, "here")
    assert taken.splits["train"]["label"][:] == [["a", "b"], ["c"], []]


def test_a_list_that_has_a_class_twice_is_refused():
    with refused(
        "row 2 of train has the labels ['a', 'b', 'b']: a list of labels has each once, and a 0/1 vector a place for "
        "each of the classes"
    ):
        take({"train": classes([0, 2], [0, 1, 1])}, SEVERAL, {}, "here")


def lines(tmp_path, *rows):
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps({"text": "a b", **row}) + "\n" for row in rows), encoding="utf-8")
    return files.read(file)


def test_rows_without_the_key_of_the_labels_are_left_out_or_refused(tmp_path):
    found = lines(tmp_path, {}, {"labels": ["a"]}, {"labels": []}, {"labels": ["b"]})
    way = "data.on_bad=drop leaves it out; [] says that no label applies"
    with refused(f"row 1 of train in here has no labels; {way}"):
        take(found, SEVERAL, {"label": "labels"}, "here", Rules(), found.problems, found.absent)
    rules = Rules(drop_bad=True)
    taken = take(found, SEVERAL, {"label": "labels"}, "here", rules, found.problems, found.absent)
    assert taken.splits["train"]["label"][:] == [["a"], [], ["b"]]
    assert taken.notes == ["1 of 4 rows of train are left out: no labels (1)"]


def test_rows_without_the_key_of_a_switch_are_left_out_or_refused(tmp_path):
    found = lines(tmp_path, {"a": 1, "b": 0}, {"a": 1}, {"a": 0, "b": 1})
    with refused("row 2 of train in here has no b; data.on_bad=drop leaves it out"):
        take(found, SEVERAL, {"label": "a+b"}, "here", Rules(), found.problems, found.absent)


def of_cells(*cells):
    return take({"train": table(list(cells))}, SEVERAL, {}, "here").splits["train"]["label"][:]


def test_objects_in_cells_name_the_labels_that_are_there_and_may_be_empty():
    cells = ['{"film": 1}', "{}", '{"book": true, "film": false}', "{'book': 1}", None]
    assert of_cells(*cells) == [["film"], [], ["book"], ["book"], None]


def test_objects_of_one_and_the_same_key_are_no_labels():
    message = (
        "the column label of here cannot be the label: it holds objects (row 1 of train: '{\"id\": 1}'); "
        "a list of labels is expected"
    )
    with refused(message):
        of_cells('{"id": 1}', '{"id": 0}')
