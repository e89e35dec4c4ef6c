"""Labels as files of others have them: each is read as what it means, or refused."""

import re

import pytest
from datasets import Dataset, Features, Translation, Value

from distill.data.columns import Rules, take
from distill.errors import DataError

ROLES = {"text": "text", "label": "label"}
SEVERAL = {"text": "text", "label": "labels"}


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def table(labels, **columns):
    return Dataset.from_dict({"text": [f"text {place}" for place in range(len(labels))], "label": labels, **columns})


def columns(**named):
    size = len(next(iter(named.values())))
    return {"train": Dataset.from_dict({"text": ["a b"] * size, **named})}


@pytest.mark.parametrize(
    ("labels", "none"),
    [
        ([0, 1, 3, 7, -1], "-1"),
        ([0, 1, 3, 7, -100], "-100"),
        (["neg", "pos", "-1"], "-1"),
        (["entailment", "neutral", "-"], "-"),
    ],
)
def test_what_stands_for_no_label_beside_others_is_no_label(labels, none):
    place = len(labels)
    with refused(
        f"row {place} of train in here has the label {none}, which is none; data.on_bad=drop leaves it out; "
        f'a card that names it in data.labels, as in "{none}": NAME, makes it one'
    ):
        take({"train": table(labels)}, ROLES, {}, "here")
    taken = take({"train": table(labels)}, ROLES, {}, "here", Rules(drop_bad=True))
    assert len(taken.splits["train"]) == place - 1
    named = take({"train": table(labels)}, ROLES, {}, "here", Rules(names={none: "other"}))
    assert len(named.splits["train"]) == place


@pytest.mark.parametrize("below", [5, 20, 30])
@pytest.mark.parametrize("kind", [int, str, "{}.0".format], ids=["numbers", "cells", "floats"])
def test_minus_1_as_frequent_as_0_and_1_may_be_a_class_that_is_never_left_out(below, kind):
    labels = [kind(label) for label in [0] * 20 + [1] * 10 + [-1] * below]
    message = (
        f"{below} of {30 + below} rows of train have the label -1, beside 0 and 1: it may be a class, such as that of "
        "a bad opinion, or say that there is no label, and then these rows are to be left out of the file; a card that "
        'names it in data.labels, as in "-1": NAME, makes it one'
    )
    for drop_bad in (False, True):
        with refused(message):
            take({"train": table(labels)}, ROLES, {}, "here", Rules(drop_bad=drop_bad))
    named = take({"train": table(labels)}, ROLES, {}, "here", Rules(names={"-1": "bad"})).splits["train"]
    assert len(named) == 30 + below


@pytest.mark.parametrize(
    "labels",
    [
        [0] * 20 + [1] * 20 + [-1] * 6,
        [0] * 2 + [1] * 2 + [-1] * 4,
        [0] * 5 + [1] * 5 + [-1] * 20,
        [0, 1, 2] * 10 + [-1] * 10,
    ],
    ids=["seldom", "few rows", "mostly", "more classes"],
)
def test_minus_1_that_is_no_class_is_left_out(labels):
    taken = take({"train": table(labels)}, ROLES, {}, "here", Rules(drop_bad=True))
    assert len(taken.splits["train"]) == len(labels) - labels.count(-1)


def test_minus_1_in_test_alone_is_no_class():
    splits = {"train": table([0, 1] * 10), "test": table([0, 1, -1] * 10)}
    assert len(take(splits, ROLES, {}, "here", Rules(drop_bad=True)).splits["test"]) == 20


@pytest.mark.parametrize("labels", [["+", "-"], [-1, 1], ["-2", "-1", "0", "1"], ["-", "x", "yz"], ["a-b", "c"]])
def test_labels_that_look_like_none_are_some_where_others_are_like_them(labels):
    taken = take({"train": table(labels)}, ROLES, {}, "here")
    assert list(map(str, taken.splits["train"]["label"])) == list(map(str, labels))


def test_what_has_no_width_around_a_label_is_none_of_it():
    taken = take({"train": table(["\ufeffa", "b\u200b ", "a"])}, ROLES, {}, "here")
    assert taken.splits["train"]["label"][:] == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["tensor([1, 0, 1])", "tensor([0, 1, 0])"], [["0", "2"], ["1"]]),
        (["{'a', 'b'}", "set()"], [["a", "b"], []]),
        (["a,other (b, c)", "a"], [["a", "other (b, c)"], ["a"]]),
    ],
)
def test_several_labels_in_a_cell_are_read_as_they_are_printed(cells, labels):
    taken = take({"train": table(cells)}, SEVERAL, {}, "here")
    assert [list(each or []) for each in taken.splits["train"]["label"]] == labels


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["101", "010"], "row 1 of train has the label '101', which looks like a 0/1 vector: write it as [1, 0, 1]"),
        (
            ["cs.CL cs.LG", "cs.CL", "cs.LG"],
            "train has the label 'cs.CL cs.LG', which looks like 2 labels with ' ' between them: several labels are a "
            "JSON list, or have commas between them; a card that names it in data.labels makes it one",
        ),
    ],
)
def test_labels_that_are_several_in_another_notation_are_refused(cells, message):
    with refused(message):
        take({"train": table(cells)}, SEVERAL, {}, "here")


@pytest.mark.parametrize("labels", [[["a/b", "c"], ["a"], ["b"]], [["not good"], ["not bad"], ["very good"]]])
def test_signs_in_labels_of_lists_and_words_of_names_are_no_separators(labels):
    assert take({"train": table(labels)}, SEVERAL, {}, "here").splits["train"]["label"][:] == labels


def test_a_vector_that_says_that_nobody_knows_is_shown():
    with refused("row 2 of train in here has the labels [-1, -1], which are none; data.on_bad=drop leaves it out"):
        take({"train": table([[1, 0], [-1, -1], [1, 1]])}, SEVERAL, {}, "here")


@pytest.mark.parametrize(("off", "on"), [("off", "on"), ("-", "X"), ("", "x")])
def test_more_ways_to_say_that_a_label_is_there_are_switches(off, on):
    taken = take(columns(a=[on, off], b=[off, on]), SEVERAL, {"label": "a+b"}, "here")
    assert taken.splits["train"]["label"][:] == [["a"], ["b"]]


def test_a_label_that_no_row_of_train_has_is_said():
    taken = take(columns(a=[1, 0], b=[0, 1], c=[0, 0]), SEVERAL, {"label": "a+b+c"}, "here")
    assert taken.notes == ["no row of train has the label c: the model does not learn it"]
    taken = take({"train": table([[1, 0, 0], [0, 1, 0]])}, SEVERAL, {}, "here")
    assert taken.notes[1:] == ["no row of train has the label 2: the model does not learn it"]


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ([0, 2, 1], [1, 0, 2], "the columns a and b hold '0'"),
        (["0", "NA", "1"], ["1", "NA", "0"], "the columns a and b hold '0'"),
        ([0.3, 0.9, 0.1], [0.2, 0.7, 0.4], "the column a holds '0.1'"),
        (["low", "high", "low"], ["low", "low", "high"], "the columns a and b hold 'high'"),
    ],
)
def test_values_that_say_nothing_of_the_label_are_not_taken_for_names(one, other, message):
    way = "such as 0 and 1, or columns of names; a card that names it in data.labels makes it one"
    with refused(f"{message}, which is no name of a label: labels are columns of switches {way}"):
        take(columns(a=one, b=other), SEVERAL, {"label": "a+b"}, "here")


def test_names_of_several_columns_are_labels_and_numbers_that_the_settings_name():
    rows = columns(a=["x", "x", "y"], b=["x", "y", "z"])
    assert take(rows, SEVERAL, {"label": "a+b"}, "here").splits["train"]["label"][1] == ["x", "y"]
    rules = Rules(names={"1": "one", "2": "two", "3": "three"})
    taken = take(columns(a=[1, 2, 3], b=[2, 3, 1]), SEVERAL, {"label": "a+b"}, "here", rules)
    assert taken.splits["train"]["label"][0] == ["1", "2"]


def test_a_split_without_the_column_of_labels_is_left_out_where_no_other_can_be_meant():
    test = Dataset.from_dict({"id": [1], "text": ["a b"]})
    taken = take({"train": table(["x", "y"], id=[1, 2]), "test": test}, ROLES, {}, "here")
    assert list(taken.splits) == ["train"]
    assert taken.notes == ["test in here has no column label: it is left out"]


WITH_MORE = {
    "numbers of rows": {"number": list(range(8))},
    "names of rows": {
        "file": [f"{number}.txt" for number in range(8)],
        "url": ["x.org/?a=" + str(each) for each in range(8)],
    },
    "an id and nothing": {"id": [0, 1] * 4, "label_text": [None] * 8},
    "another text": {"title": [f"title {number}" for number in range(8)]},
}


@pytest.mark.parametrize("case", WITH_MORE)
def test_so_is_one_with_columns_that_train_lacks_and_that_hold_no_labels(case):
    test = Dataset.from_dict({"text": ["a b"] * 8, **WITH_MORE[case]})
    taken = take({"train": table(["x", "y"]), "test": test}, ROLES, {}, "here")
    assert list(taken.splits) == ["train"]
    assert taken.notes == ["test in here has no column label: it is left out"]


@pytest.mark.parametrize("case", [{"sentiment": ["x", "y"] * 4}, {"mood": list("xyxzxyuv")}])
def test_one_whose_labels_may_have_another_name_is_refused(case):
    test = Dataset.from_dict({"text": ["a b"] * 8, **case})
    with refused(
        f"test of here has no column label; it has text, {next(iter(case))}: name its column as in train, or take "
        "another file with data.files.test=NAME"
    ):
        take({"train": table(["x", "y"]), "test": test}, ROLES, {}, "here")


@pytest.mark.parametrize(("kind", "labels", "further", "left"), [
    ("score", [3.8, 1.2], list(range(10, 18)), True),
    ("score", [3.8, 1.2], ["3.5", "1.7", "2.4", "5", "2", "1", "4", "3"], False),
    ("tags", [["O", "B"], ["O", "O"]], [f"s{number}" for number in range(8)], True),
    ("tags", [["O", "B"], ["O", "O"]], ["O B"] * 8, False),
])  # fmt: skip
def test_of_other_labels_nothing_but_names_of_rows_is_none(kind, labels, further, left):
    roles = {"text": "text" if kind == "score" else "texts", "label": kind}
    texts = ["a b"] * 8 if kind == "score" else [["a", "b"]] * 8
    splits = {
        "train": Dataset.from_dict({"text": texts[:2], "label": labels}),
        "test": Dataset.from_dict({"text": texts, "more": further}),
    }
    if left:
        assert list(take(splits, roles, {}, "here").splits) == ["train"]
        return
    with pytest.raises(DataError, match=r"^test of here has no column label; it has text, more: name its column"):
        take(splits, roles, {}, "here")


def test_a_split_whose_answers_are_all_empty_is_left_out():
    roles = {"context": "text", "label": "answers"}
    made = Dataset.from_dict({"context": ["a b"], "label": [{"text": ["a"], "answer_start": [0]}]})
    hidden = made.map(lambda row: {"label": {"text": [], "answer_start": []}})
    assert list(take({"train": made, "test": hidden}, roles, {}, "here").splits) == ["train"]


def test_leaving_rows_out_is_not_offered_where_no_other_is_there():
    way = "give another file, or name other columns with data.columns"
    with refused(f"2 of 2 rows of train in here cannot be used: row 1 has no text, row 2 has no text; {way}"):
        take({"train": Dataset.from_dict({"text": ["", " "], "label": ["x", "y"]})}, ROLES, {}, "here")


@pytest.mark.parametrize(
    "feature", [Translation(languages=["de", "en"]), {"de": Value("string"), "en": Value("string")}]
)
def test_values_of_objects_are_columns_by_their_keys(feature):
    features = Features({"translation": feature})
    rows = Dataset.from_dict({"translation": [{"de": "ein Hund", "en": "a dog"}]}, features=features)
    roles = {"source": "text", "target": "target"}
    named = {"source": "translation.de", "target": "translation.en"}
    assert take({"train": rows}, roles, named, "here").splits["train"][0] == {"source": "ein Hund", "target": "a dog"}
    with refused(
        "here has no column source; it has translation, translation.de, translation.en: "
        "say which one is the source with data.columns.source=NAME"
    ):
        take({"train": rows}, roles, {}, "here")


def test_a_row_is_not_taken_for_the_names_of_columns():
    rows = Dataset.from_dict({"so good": ["not so good", "very good"], "pos": ["neg", "pos"]})
    with refused(
        "here seems to have no names of columns: where they are looked for stands pos, which is a label of other rows; "
        "write a first line with a name for each column, or, where this is one, give data.columns.label=pos"
    ):
        take({"train": rows}, ROLES, {}, "here")
