import json
import re
from datetime import datetime

import pyarrow
import pytest
from datasets import ClassLabel, Dataset, DatasetInfo, Features, List, Value

from distill.base.terminal_text import shown
from distill.data import contents
from distill.data.cells import READERS
from distill.data.columns import Rules, take
from distill.errors import DataError

ROLES = {"text": "text", "label": "label"}


def table(**columns):
    return Dataset.from_dict(columns)


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def test_only_the_columns_with_a_role_are_kept_under_the_roles_name():
    rows = table(sentence=["a b", "c d"], label=["1", "0"], id=[1, 2])
    taken, notes, *_ = take({"train": rows}, ROLES, {"text": "sentence"}, "here")
    assert taken["train"].to_dict() == {"text": ["a b", "c d"], "label": ["1", "0"]}
    assert notes == []


def test_the_only_column_that_can_be_meant_is_taken_and_said():
    rows = table(question=["what is it ?", "who is it ?"] * 5, kind=["DESC", "HUM"] * 5)
    taken, notes, _, columns, *_ = take({"train": rows}, ROLES, {"text": "sentence"}, "here")
    assert taken["train"].column_names == ["text", "label"]
    assert columns == {"text": "question", "label": "kind"}
    assert notes == [
        "there is no column sentence in here; question is taken as the text",
        "there is no column label in here; kind is taken as the label",
    ]


def test_a_text_without_spaces_between_its_words_can_be_meant_and_labels_of_such_words_are_no_text():
    rows = table(评论=[f"{goods}很好" for goods in "书车饭店画茶"], 标签=["好评", "差评"] * 3)
    taken, notes, *_ = take({"train": rows}, ROLES, {"text": "sentence"}, "here")
    assert taken["train"][0] == {"text": "书很好", "label": "好评"}
    assert notes[0] == "there is no column sentence in here; 评论 is taken as the text"


def test_a_column_of_the_roles_own_name_wins_over_others():
    rows = table(text=["a b"] * 4, title=["c d"] * 4, label=["1", "0"] * 2)
    taken, notes, *_ = take({"train": rows}, ROLES, {"text": "sentence"}, "here")
    assert taken["train"]["text"][0] == "a b"
    assert notes == ["there is no column sentence in here; text is taken as the text"]


def test_two_columns_that_can_be_meant_are_refused_with_the_way_out():
    rows = table(title=["c d"] * 4, body=["a b"] * 4, label=["1", "0"] * 2)
    message = (
        "here has no column text; it has title, body, label: say which one is the text with data.columns.text=NAME"
    )
    with refused(message):
        take({"train": rows}, ROLES, {}, "here")


ANSWERS = {"context": "text", "label": "answers"}


def test_answers_in_the_cells_of_a_table_are_json_objects():
    given = table(context=["He left Rome .", "It rained ."], answers=['{"text": ["Rome"], "answer_start": [8]}'] * 2)
    taken, notes, *_ = take({"train": given}, ANSWERS, {}, "here")
    assert taken["train"]["label"][0] == {"text": ["Rome"], "answer_start": [8]}
    assert notes == ["there is no column label in here; answers is taken as the label"]


@pytest.mark.parametrize("cell", [
    "Rome", '"Rome"', "{'text': ['Rome']}", "{'text': ['Rome'], 'answer_start': [8.5]}",
    '{"text": "Rome"}', '{"text": ["Rome"]}', '[{"text": "Rome"}]',
    '{"text": ["Rome"], "answer_start": ["end"]}', '{"text": ["Rome", 3], "answer_start": [8, 9]}',
    '{"text": ["Rome"], "answer_start": [99999999999999999999]}',
])  # fmt: skip
def test_a_cell_that_holds_no_answers_is_refused_with_its_row(cell):
    given = table(context=["He left Rome ."] * 2, answers=['{"text": ["Rome"], "answer_start": [8]}', cell])
    wanted = "an object of a list text and a list of whole numbers answer_start is expected"
    with refused(f"the column answers of here cannot be the label: it holds text (row 2 of train: {cell!r}); {wanted}"):
        take({"train": given}, ANSWERS, {"label": "answers"}, "here")


@pytest.mark.parametrize("cell", [
    {"text": "Rome", "answer_start": 8}, {"text": ["Rome"], "answer_start": ["8"]},
    {"text": ["Rome"], "answer_start": [8.0]}, [{"text": "Rome", "answer_start": 8}],
])  # fmt: skip
def test_answers_may_be_one_object_each_or_one_alone(cell):
    for given in (cell, json.dumps(cell)):
        rows = table(context=["He left Rome ."] * 2, answers=[given] * 2)
        taken, *_ = take({"train": rows}, ANSWERS, {"label": "answers"}, "here")
        assert taken["train"]["label"][0] == {"text": ["Rome"], "answer_start": [8]}


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
    with refused(
        "test of here has no column label; it has text, mark: name its column as in train, or take another file with "
        "data.files.test=NAME"
    ):
        take(splits, ROLES, {}, "here")


@pytest.mark.parametrize("empty", [None, "", " "])
def test_a_row_without_content_is_refused_with_its_number(empty):
    rows = table(sentence=["a b", empty], label=["1", "0"])
    with refused("row 2 of train in here has no sentence; data.on_bad=drop leaves it out"):
        take({"train": rows}, ROLES, {"text": "sentence"}, "here")


def test_the_class_numbers_of_the_hub_become_names_and_those_below_0_are_no_labels():
    features = Features({"text": Value("string"), "label": ClassLabel(names=["negative", "positive"])})
    rows = Dataset.from_dict({"text": ["a b", "c d", "e f"], "label": [1, 0, -1]}, features=features)
    with refused("row 3 of train in hub has the label -1, which is none; data.on_bad=drop leaves it out"):
        take({"train": rows}, ROLES, {}, "hub")
    taken, notes, classes, _, numbers, _ = take({"train": rows}, ROLES, {}, "hub", Rules(drop_bad=True))
    assert taken["train"]["label"][:] == ["positive", "negative"]
    assert classes == ["negative", "positive"]
    assert notes == ["1 of 3 rows of train are left out: no label (1)"]
    assert numbers == {"train": [1, 2]}


def test_the_class_numbers_in_lists_become_names_too():
    features = Features({"tokens": List(Value("string")), "tags": List(ClassLabel(names=["O", "B-X"]))})
    rows = Dataset.from_dict({"tokens": [["a", "b"], ["c"]], "tags": [[1, 0], [-1]]}, features=features)
    roles, named = {"tokens": "texts", "label": "tags"}, {"label": "tags"}
    with refused("row 2 of train in hub has the tag -1, which is none; data.on_bad=drop leaves it out"):
        take({"train": rows}, roles, named, "hub")
    taken, _, classes, *_ = take({"train": rows}, roles, named, "hub", Rules(drop_bad=True))
    assert taken["train"]["label"][:] == [["B-X", "O"]]
    assert classes == ["O", "B-X"]


def test_a_history_is_not_taken_for_a_dialogue_without_its_reply_unless_it_is_named():
    rows = Dataset.from_dict({"history": [["Hello there.", "Hi."]], "reply": ["How are you?"]})
    taken, *_ = take({"train": rows}, {"turns": "turns"}, {}, "here")
    assert taken["train"][0] == {"turns": ["Hello there.", "Hi.", "How are you?"]}
    taken, *_ = take({"train": rows}, {"turns": "turns"}, {"turns": "history"}, "here")
    assert taken["train"][0] == {"turns": ["Hello there.", "Hi."]}


def test_a_cell_of_a_table_may_hold_words_tags_or_turns():
    rows = Dataset.from_dict({"tokens": ["EU rejects"], "label": ["B-ORG O"], "turns": ['["Hello there.", "Hi."]']})
    taken, *_ = take({"train": rows}, {"tokens": "texts", "label": "tags", "turns": "turns"}, {}, "a table")
    assert taken["train"][0] == {"tokens": ["EU", "rejects"], "label": ["B-ORG", "O"], "turns": ["Hello there.", "Hi."]}


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("texts", 7, "numbers"),
        ("texts", [1, 2], "lists of numbers"),
        ("texts", [{"a": "b"}], "lists of objects"),
        ("tags", {"B-ORG": 1}, "objects"),
        ("tags", [["O"]], "lists of lists"),
        ("turns", [["Anna", "Hello."]], "lists of lists"),
        ("turns", [{"name": "Hello."}], "lists of objects"),
        ("turns", [1], "lists of numbers"),
        ("target", 7, "numbers"),
        ("target", [7], "lists of numbers"),
        ("target", {"text": "a"}, "objects"),
        ("answers", [{"text": "a"}], "lists of objects"),
        ("answers", {"text": "a", "answer_start": "b"}, "objects"),
        ("text", 7, "numbers"),
        ("text", True, "true and false"),
        ("marked", ["a b"], "lists"),
        ("label", ["neg"], "lists"),
        ("label", {"name": "neg"}, "objects"),
        ("label", datetime(2024, 1, 1), "values of type datetime"),
        ("labels", [["neg"]], "lists of lists"),
        ("labels", {"neg": 1}, "objects"),
        ("score", True, "true and false"),
        ("score", [1.5], "lists of numbers"),
        ("score", "high", "text that is no number"),
    ],
)
def test_a_column_of_another_kind_of_content_is_refused(kind, value, said):
    expected = f"{READERS[kind][1]} is expected"
    with refused(
        f"the column given of here cannot be the it: it holds {said} (row 1 of train: {shown(value)}); {expected}"
    ):
        take({"train": table(given=[value, value])}, {"it": kind}, {"it": "given"}, "here")


@pytest.mark.parametrize("empty", [[], ["a", ""], ["a", " "], ["a", None]])
def test_a_list_without_content_or_with_an_empty_entry_is_refused_with_its_row(empty):
    rows = table(words=[["a"], empty])
    said = "has an empty entry in words" if empty else "has no words"
    with refused(f"row 2 of train in here {said}; data.on_bad=drop leaves it out"):
        take({"train": rows}, {"tokens": "texts"}, {"tokens": "words"}, "here")


def test_several_labels_may_be_spread_over_columns():
    rows = table(text=["a b"] * 3, one=["x", "y", None], other=[1, None, 2])
    taken, notes, *_ = take({"train": rows}, {"text": "text", "label": "labels"}, {"label": "one+other"}, "here")
    assert taken["train"]["label"][:] == [["x", "1"], ["y"], ["2"]]
    assert notes == []


def test_columns_that_are_not_all_there_are_not_joined():
    rows = table(text=["a b"] * 2, one=["x", "y"])
    with refused(
        "here has no column one+other; it has text, one: say which one is the label with data.columns.label=NAME"
    ):
        take({"train": rows}, {"text": "text", "label": "labels"}, {"label": "one+other"}, "here")


def test_a_set_of_labels_may_be_empty():
    rows = table(text=["a b"] * 2, label=["x", ""])
    taken, *_ = take({"train": rows}, {"text": "text", "label": "labels"}, {}, "here")
    assert taken["train"]["label"][:] == [["x"], None]


@pytest.mark.parametrize(
    "cells",
    [['["num","count"]', '["a, b"]', "[]"], ["num,count", '["a, b"]', " "], [None, "num,count", '["a, b"]']],
)
def test_a_cell_of_a_table_may_hold_labels_as_a_json_list_or_with_commas(cells):
    rows = table(text=["a b"] * 3, label=cells)
    taken, *_ = take({"train": rows}, {"text": "text", "label": "labels"}, {}, "here")
    found = [labels for labels in taken["train"]["label"][:] if labels]
    assert found == [["num", "count"], ["a, b"]]


@pytest.mark.parametrize(("kind", "said"), [("texts", "it"), ("tags", "it"), ("turns", "it")])
def test_an_empty_cell_holds_no_list(kind, said):
    with refused(f"row 2 of train in here has no {said}; data.on_bad=drop leaves it out"):
        take({"train": table(it=["a b", None])}, {"it": kind}, {}, "here")


@pytest.mark.parametrize(("no", "yes"), [
    (0, 1), ("0", "1"), (False, True), (0.0, 1.0), (None, 1), ("", "1"), ("False", "True"), ("false", "true"),
    ("no", "Yes"), ("0.0", "1.0"), ("F", "T"),
])  # fmt: skip
def test_columns_of_0_and_1_are_labels_of_their_own_names(no, yes):
    rows = table(text=["a b"] * 3, toxic=[yes, no, yes], insult=[no, no, yes])
    taken, *_ = take({"train": rows}, {"text": "text", "label": "labels"}, {"label": "toxic+insult"}, "here")
    assert taken["train"]["label"][:] == [["toxic"], [], ["toxic", "insult"]]


def test_columns_that_are_of_0_and_1_in_train_are_so_in_all_splits():
    splits = {
        "train": table(text=["a b"] * 2, one=["1", "0"], other=["0", "1"]),
        "test": table(text=["a b"] * 2, one=["2", "0"], other=["0", "1"]),
    }
    with refused("row 1 of test: the column one holds '2', but in train no more than switches such as 0 and 1"):
        take(splits, {"text": "text", "label": "labels"}, {"label": "one+other"}, "here")


def test_numbers_with_fractions_are_meant_by_a_score_and_objects_by_answers():
    rows = table(text=["a b"] * 2, similarity=[1.5, 2.0])
    _, notes, *_ = take({"train": rows}, {"text": "text", "label": "score"}, {}, "here")
    assert notes == ["there is no column label in here; similarity is taken as the label"]
    rows = table(text=["a b"] * 2, answers=[{"text": ["a"], "answer_start": [0]}] * 2)
    _, notes, *_ = take({"train": rows}, {"text": "text", "label": "answers"}, {}, "here")
    assert notes == ["there is no column label in here; answers is taken as the label"]


SEVERAL = {"text": "text", "label": "labels"}


NORMAL = Rules()


def labelled(labels, **splits):
    given = {"train": labels, **splits}
    return {split: table(text=[f"a b {n}" for n in range(len(each))], label=each) for split, each in given.items()}


def read(labels, kind="label", rules=NORMAL, **splits):
    """The labels of each split as they are taken, and what is said of them."""
    taken = take(labelled(labels, **splits), {"text": "text", "label": kind}, {}, "here", rules)
    return {split: rows["label"][:] for split, rows in taken.splits.items()}, taken.notes


@pytest.mark.parametrize("make", [int, float, bool, str])
def test_the_places_of_0_1_vectors_that_are_1_are_the_labels(make):
    vectors = [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    found, notes = read([[make(bit) for bit in vector] for vector in vectors], "labels")
    assert found["train"] == [["0", "2"], ["1"], []]
    assert notes == [
        "the labels are 0/1 vectors of 3: their places from 0 up are the labels, "
        "which +data.labels.0=NAME +data.labels.1=NAME and so on name"
    ]
    named = read([[1, 0], [0, 1]], "labels", Rules(names={"0": "law"}))
    assert named[1] == ["the labels are 0/1 vectors of 2: their places from 0 up are the labels"]


@pytest.mark.parametrize(("train", "test", "said"), [
    ([[1, 0, 1], [0, 1]], [], "row 2 of train has the labels [0, 1], but row 1 of train a 0/1 vector of 3"),
    ([[True, False], [True]], [], "row 2 of train has the labels [True], but row 1 of train a 0/1 vector of 2"),
    ([[1, 0], [0, 1]], [[1, 0, 1]], "row 1 of test has the labels [1, 0, 1], but row 1 of train a 0/1 vector of 2"),
    ([[1, 0], [0, 1]], [[0, 2]], "row 1 of test has the labels [0, 2], but row 1 of train a 0/1 vector of 2"),
])  # fmt: skip
def test_0_1_vectors_have_one_length(train, test, said):
    with refused(f"{said}: all need the same length, and nothing but 0 and 1"):
        read(train, "labels", **({"test": test} if test else {}))


def test_numbers_of_labels_are_no_vectors():
    assert read([[0], [1], [0, 1], [2]], "labels") == ({"train": [[0], [1], [0, 1], [2]]}, [])
    assert read([[0], [1], [0, 1]], "labels") == ({"train": [[0], [1], [0, 1]]}, [])


@pytest.mark.parametrize("vector", [[2, 0, 0], [0.25, 0.75]])
def test_vectors_of_counts_or_shares_are_refused(vector):
    with refused(
        f"row 1 of train has the labels {vector}: a list of labels has each once, and a 0/1 vector nothing but 0 and 1"
    ):
        read([vector, vector[::-1]], "labels")


@pytest.mark.parametrize("cells", [["law|sport", "law", "sport"], ["law; sport", "sport; art", "law; art"]])
def test_labels_with_other_signs_than_commas_between_them_are_refused(cells):
    sign = "|" if "|" in cells[0] else ";"
    with refused(
        f"train has the label {cells[0]!r}, which looks like 2 labels with {sign} between them: "
        "several labels are a JSON list, or have commas between them; a card that names it in data.labels makes it one"
    ):
        read(cells, "labels")
    assert read(["law|sport", "art"], "labels")[0] == {"train": [["law|sport"], ["art"]]}


def test_a_vector_or_switch_of_minus_1_says_that_nobody_knows():
    found, notes = read([[1, 0], [-1, -1], [0, 1]], "labels", Rules(drop_bad=True))
    assert (found["train"], notes[1]) == ([["0"], ["1"]], "1 of 3 rows of train are left out: no labels (1)")
    splits = {
        "train": table(text=["a b"] * 3, tox=[1, -1, 0], rude=[0, -1, 1]),
        "test": table(text=["a b"] * 2, tox=[-1, -1], rude=[-1, -1]),
    }
    taken = take(splits, SEVERAL, {"label": "tox+rude"}, "here", Rules(drop_bad=True))
    assert {split: rows["label"][:] for split, rows in taken.splits.items()} == {"train": [["tox"], ["rude"]]}


def test_switches_beside_names_are_refused():
    rows = table(text=["a b"] * 2, topic=["law", "sport"], rude=[False, True])
    with refused(
        "the column rude holds nothing but switches such as False, the column topic does not: "
        "labels are columns of switches, or columns of names"
    ):
        take({"train": rows}, SEVERAL, {"label": "topic+rude"}, "here")


def test_white_space_around_labels_is_left_out_and_said():
    found, notes = read([" pos", "neg", "pos", "neg "], test=["pos", "neg"])
    assert found == {"train": ["pos", "neg", "pos", "neg"], "test": ["pos", "neg"]}
    assert notes == ["white space around labels is left out, such as that of ' pos'"]


def test_a_number_is_the_same_label_with_and_without_decimals():
    assert read([1.0, 0.0], test=[1, 0]) == ({"train": [1, 0], "test": [1, 0]}, [])
    found, notes = read(["1.0", "0.0"], test=["1", "0"])
    assert found == {"train": ["1", "0"], "test": ["1", "0"]}
    assert notes == ["labels that are whole numbers lose their decimals: 0.0 is 0"]
    assert read(["1.0", "2.0"]) == (
        {"train": ["1", "2"]},
        ["labels that are whole numbers lose their decimals: 1.0 is 1"],
    )
    assert read(["1.0", "1.5"]) == ({"train": ["1.0", "1.5"]}, [])
    assert read(["1.0", "2.0"], rules=Rules(names={"1": "one"}))[0] == {"train": ["1", "2"]}
    assert read(["1.10", "1.1", "01", "1"]) == ({"train": ["1.10", "1.1", "01", "1"]}, [])


def test_numbers_of_32_bits_are_the_labels_that_they_are_written_as():
    rows = Dataset.from_dict(
        {"text": ["a b"], "label": [1.1]}, features=Features({"text": Value("string"), "label": Value("float32")})
    )
    assert take({"train": rows}, ROLES, {}, "here").splits["train"]["label"][:] == [1.1]


@pytest.mark.parametrize("none", [-1, -100, "-1", -1.0])
def test_a_number_below_0_beside_classes_from_0_up_is_no_label(none):
    kind = type(none)
    labels = [kind(0), kind(1), none] if kind is not float else [0.0, 1.0, none]
    said = f"has the label {int(none)}, which is none"
    way = f'; a card that names it in data.labels, as in "{int(none)}": NAME, makes it one'
    with refused(f"row 3 of train in here {said}; data.on_bad=drop leaves it out{way}"):
        read(labels)
    found, notes = read(labels, rules=Rules(drop_bad=True))
    assert [int(label) for label in found["train"]] == [0, 1]
    assert notes == ["1 of 3 rows of train are left out: no label (1)"]
    assert len(read(labels, rules=Rules(names={str(int(none)): "neutral"}))[0]["train"]) == 3


def test_minus_1_beside_other_labels_is_one():
    assert read([-1, 1]) == ({"train": [-1, 1]}, [])
    assert read(["-1", "pos"]) == ({"train": ["-1", "pos"]}, [])


@pytest.mark.parametrize("hidden", [-1, None])
def test_a_split_without_any_label_is_left_out_and_said(hidden):
    found, notes = read([0, 1], test=[hidden, hidden], validation=[1, 0])
    assert found == {"train": [0, 1], "validation": [1, 0]}
    assert notes == ["no row of test in here has a label: it is left out"]


def test_a_split_without_any_set_of_labels_is_left_out_and_one_of_empty_sets_is_not():
    assert sorted(read([["a"], ["b"], None], "labels", test=[None, None])[0]) == ["train"]
    assert sorted(read(["a", "b,a"], "labels", test=["", " "])[0]) == ["train"]
    assert sorted(read([["a"], ["b"]], "labels", test=[[], []])[0]) == ["test", "train"]


def test_labels_of_several_types_become_texts_where_one_of_them_is_changed():
    labels = Dataset.from_dict({"text": ["a b"] * 3, "label": ["x"] * 3})
    column = contents.Column("label", "label", "label", "train", "here")
    made = contents._of_one_type([1, "x", None])
    assert (made, contents._of_one_type([[1, None], ["x"]])) == (["1", "x", None], [["1", None], ["x"]])
    assert contents.read(labels, column, 10)[0] is labels


def test_a_split_of_hidden_scores_is_left_out_too():
    assert sorted(read([0.5, 3.0], "score", test=[-1.0, -1.0])[0]) == ["train"]
    assert sorted(read([-0.5, 3.0], "score", test=[-1.0, -1.0])[0]) == ["test", "train"]


def test_a_class_without_a_name_is_refused():
    info = DatasetInfo(features=Features({"text": Value("string"), "label": ClassLabel(num_classes=2)}))
    rows = Dataset(pyarrow.table({"text": ["a b"], "label": [2]}), info=info)
    with refused("row 1 of train in here: the column label holds the class 2, but has the names of 0 to 1"):
        take({"train": rows}, ROLES, {}, "here")


def test_a_column_that_was_named_by_hand_is_never_guessed():
    rows = table(review=["a b", "c d"], kind=["x", "y"])
    assert take({"train": rows}, ROLES, {"text": "sentence"}, "here").columns["text"] == "review"
    with refused("here has no column sentence, which data.columns.text names; it has review, kind"):
        take({"train": rows}, ROLES, {"text": "sentence"}, "here", Rules(exact=["text"]))


def test_a_text_has_a_limit():
    rows = {"train": table(text=["a b", "c" * 31], label=["x", "y"])}
    said = "row 2 of train in here has 31 characters in text, more than data.max_characters=30"
    with refused(f"{said}; data.on_bad=drop leaves it out"):
        take(rows, ROLES, {}, "here", Rules(max_characters=30))
    assert len(take(rows, ROLES, {}, "here", Rules(max_characters=31)).splits["train"]) == 2
    words = {"train": table(tokens=[["a"], ["b" * 20, "c" * 11]])}
    with refused("row 2 of train in here has 31 characters in tokens, more than data.max_characters=30; "
                 "data.on_bad=drop leaves it out"):  # fmt: skip
        take(words, {"tokens": "texts"}, {}, "here", Rules(max_characters=30))


def test_messages_are_found_by_themselves_and_said():
    chat = [{"role": "user", "content": "Who is there?"}, {"role": "assistant", "content": "Me."}]
    taken = take({"train": table(id=[1], messages=[chat])}, {"turns": "turns"}, {}, "here")
    read = {"turns": ["Who is there?", "Me."], "learnt": [1]}
    assert taken.splits["train"][0] == read
    assert take({"train": table(messages=[str(chat)])}, {"turns": "turns"}, {}, "here").splits["train"][0] == read
    assert taken.notes == [
        "there is no column turns in here; messages is taken as the turns",
        "messages holds messages: what they say are the turns, without what the system says",
    ]


def test_a_list_of_sentences_is_a_text_and_that_is_said():
    rows = table(text=[["It rained.", "He left."], ["Why?"], None], label=[0, 1, 1])
    with refused("row 3 of train in here has no text; data.on_bad=drop leaves it out"):
        take({"train": rows}, ROLES, {}, "here")
    taken = take({"train": rows}, ROLES, {}, "here", Rules(drop_bad=True))
    assert taken.splits["train"]["text"][:] == ["It rained. He left.", "Why?"]
    assert taken.notes[0] == "text holds lists of sentences: joined by spaces, each is one text"


def test_a_list_of_words_is_no_text():
    said = "the column text of here cannot be the text: it holds lists (row 1 of train: ['It', 'rained', '.'])"
    with refused(f"{said}; a text is expected"):
        take({"train": table(text=[["It", "rained", "."]] * 2, label=[0, 1])}, ROLES, {}, "here")


def test_the_lists_of_targets_in_a_table_are_lists():
    rows = table(source=["a b", "c d"], target=["['e', 'f']", '["g"]'])
    taken = take({"train": rows}, {"source": "text", "target": "target"}, {}, "here")
    assert taken.splits["train"]["target"][:] == [["e", "f"], ["g"]]


def test_data_that_is_in_order_is_taken_as_it_stands():
    rows = table(text=["a b"] * 3, label=["x", "y", "x"])
    taken = take({"train": rows}, ROLES, {}, "here")
    assert taken.splits["train"].data.column("label").equals(rows.data.column("label"))
    assert (taken.notes, taken.numbers) == ([], {})
