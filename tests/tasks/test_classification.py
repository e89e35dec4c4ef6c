import re

import pytest
import torch
from datasets import Dataset

from distill.data.batching import Place
from distill.errors import DataError
from distill.tasks import EncodingSpec, Options, classification
from distill.tasks.collating import collate, counts
from distill.tasks.labels import label_ids, label_names


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def test_labels_are_numbered_by_value_or_alphabet_and_named_as_asked():
    assert label_names(["10", "2", "2"], Options({})) == {"2": "2", "10": "10"}
    assert label_names(["LOC", "DESC"], Options({})) == {"DESC": "DESC", "LOC": "LOC"}
    assert label_names([1, 0], Options({"0": "negative", "1": "positive"})) == {"0": "negative", "1": "positive"}


def test_labels_that_carry_their_names_already_keep_them():
    names = {"0": "negative", "1": "positive"}
    assert label_names(["positive", "negative"], Options(names)) == {"negative": "negative", "positive": "positive"}


@pytest.mark.parametrize(
    ("names", "order", "labels"),
    [
        ({}, (), "different equivalent perhaps"),
        ({}, ("perhaps", "equivalent", "different", "never"), "perhaps equivalent different"),
        ({"equivalent": "yes", "different": "no"}, (), "yes no perhaps"),
        ({"equivalent": "yes", "different": "no"}, ("perhaps", "different", "equivalent"), "yes no perhaps"),
        ({"1": "perhaps", "0": "different"}, (), "perhaps different equivalent"),
        ({"perhaps": "different", "equivalent": "e", "different": "d"}, (), "different e d"),
    ],
)
def test_labels_stand_as_they_are_given_names_then_as_the_data_has_them_then_by_alphabet(names, order, labels):
    found = ["perhaps", "different", "equivalent", "perhaps"]
    assert list(label_names(found, Options(names, order=order)).values()) == labels.split()


def test_the_order_of_the_labels_is_that_of_train_in_all_splits():
    splits = {
        name: Dataset.from_dict({"text": ["a b"] * len(labels), "label": labels})
        for name, labels in {"train": ["b", "a", "c"], "test": ["c", "a"]}.items()
    }
    made = classification.read(splits, Options({}, order=("c", "b", "a")))
    assert made.labels == ("c", "b", "a")
    assert {name: rows["label"][:] for name, rows in made.splits.items()} == {"train": [1, 2, 0], "test": [0, 2]}


@pytest.mark.parametrize("names", [{"0": "same", "1": "same"}, {"0": "macro"}])
def test_a_name_that_is_taken_is_refused(names):
    taken = "same" if "1" in names else "macro"
    with refused(f"the name {taken} is that of another label or of an average; give others with data.labels"):
        label_names(["0", "1"], Options(names))


def test_whole_numbers_written_with_a_point_are_classes():
    assert list(label_names(["1.0", "0.0"], Options({}))) == ["0.0", "1.0"]


def test_a_continuous_label_is_refused():
    with refused(
        "the label column holds 3.800: continuous values are scores, not classes; "
        "a card that names each in data.labels makes them classes"
    ):
        label_names(["3.800", "5"], Options({}))


def sections():
    """27 numbers of sections, as 1.1 and 3.9."""
    return [f"{chapter}.{section}" for chapter in range(1, 4) for section in range(1, 10)]


def test_many_numbers_with_decimals_are_classes_where_each_stands_more_than_once():
    assert list(label_names(sections() * 2, Options({}))) == sections()
    with refused(
        "the label column holds 1.1: continuous values are scores, not classes; "
        "a card that names each in data.labels makes them classes"
    ):
        label_names([*sections() * 4, "3.85"], Options({}))


def test_numbers_with_decimals_and_words_that_python_takes_for_numbers_are_classes():
    assert list(label_names(["1.1", "1.2"] * 4, Options({}))) == ["1.1", "1.2"]
    assert list(label_names(["3.800", "5"], Options({"3.800": "good", "5": "best"}))) == ["3.800", "5"]
    assert list(label_names(["nan", "inf", "1"], Options({}))) == ["1", "inf", "nan"]
    splits = {"train": Dataset.from_dict({"text": ["a"] * 4, "label": ["1.1", "1.2"] * 2})}
    (note,) = classification.read(splits, Options({})).notes
    assert note == "the labels are numbers such as 1.1: each is a class of its own"


def test_a_single_class_is_refused():
    with refused("train has only the label 1: nothing can be learned from one class"):
        label_names(["1", "1"], Options({}))
    with refused("train has only the label done in the column status: nothing can be learned from one class"):
        label_names(["done", "done"], Options({}, label_column="status"))


def test_a_name_for_a_label_that_is_not_there_is_refused():
    with refused("data.labels names 2, which train does not have; it has 0, 1; give their names, or data.labels=null"):
        label_names(["0", "1"], Options({"2": "neutral"}))


def test_a_label_that_train_does_not_have_is_refused_with_its_row_in_the_file():
    known = {"0": "negative", "1": "positive"}
    with refused("validation has the label 2 (row 3), which train does not have; train has 0, 1"):
        label_ids(["0", "1", "2"], known, "validation", Options({}))
    with refused("validation has the label ' x' (row 9), which train does not have; train has 0, 1"):
        label_ids(["0", " x"], known, "validation", Options({}, numbers={"validation": [4, 9]}))


def test_a_batch_is_padded_to_its_longest_text_and_each_model_by_its_own_padding():
    rows = {
        "input_ids": [[5, 6, 7], [8]],
        "attention_mask": [[1, 1, 1], [1]],
        "teacher_input_ids": [[1], [2, 3]],
        "teacher_attention_mask": [[1], [1, 1]],
        "targets": [[1], [0]],
        "key": [-(2**63), 2**63 - 1],
        "first": [0, 0],
        "count": [1, 1],
    }
    batch = collate(rows, Place((0, 1), 0, {"rows": 32.0}), pad_id=9, teacher_pad_id=4)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["teacher_input_ids"].tolist() == [[1, 4], [2, 3]]
    assert batch["key"].tolist() == rows["key"]
    assert batch["labels"].tolist() == [1, 0]
    assert batch["total_rows"] == 32.0
    assert {unit: values.tolist() for unit, values in counts(rows).items()} == {
        "labels": [1, 1],
        "rows": [1, 1],
        "tokens": [3, 1],
        "examples": [1, 1],
    }


def words(texts, truncation, max_length):
    """A tokenizer that numbers a word by its length."""
    assert truncation
    return {"input_ids": [[len(word) for word in text.split()][:max_length] for text in texts]}


def test_a_text_is_a_feature_of_one_row_with_its_label_and_one_without_has_no_target():
    rows = {"text": ["a very long text", "short"], "key": [7, 8], "label": [1, 0]}
    features = classification.encode(rows, words, EncodingSpec(max_length=3))
    assert features == {
        "input_ids": [[1, 4, 4], [5]],
        "key": [7, 8],
        "first": [0, 0],
        "count": [1, 1],
        "cut": [False, False],
        "targets": [[1], [0]],
    }
    del rows["label"]
    assert "targets" not in classification.encode(rows, words, EncodingSpec(max_length=3))


def test_the_likeliest_label_is_told_by_name_and_scored_by_number():
    answers = [torch.tensor([[0.0, 3.0, 1.0]]), torch.tensor([[2.0, 0.0, 0.0]])]
    form = EncodingSpec(("c", "a", "b"))
    records = classification.decode([answer.numpy() for answer in answers], {}, None, form)
    assert [record["label"] for record in records] == ["a", "c"]
    exponents = [[1.0, 20.085537, 2.718282], [7.389056, 1.0, 1.0]]
    expected = [max(row) / sum(row) for row in exponents]
    assert [record["probability"] for record in records] == pytest.approx(expected, rel=1e-5)
    assert classification.predictions(records, form.labels) == [1, 0]


def test_logits_are_rows_already():
    logits, labels = torch.randn(2, 3), torch.tensor([1, 0])
    rows, targets = classification.align(logits, {"labels": labels}, EncodingSpec())
    assert rows is logits
    assert targets is labels
