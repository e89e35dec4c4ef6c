import pytest
import torch
from datasets import ClassLabel, Dataset, Features, List, Value

from distill.data import files
from distill.data.columns import Rules, take
from distill.data.writing import writing
from distill.tasks import EncodingSpec, Options, task

TASK = task("multilabel_classification")


def read(train, **others):
    splits = {
        name: Dataset.from_dict({"text": ["a b"] * len(labels), "label": labels})
        for name, labels in {"train": train, **others}.items()
    }
    taken, _, classes, *_ = take(splits, TASK.roles, {}, "here")
    return TASK.read(taken, Options({}, order=classes))


@pytest.mark.parametrize(
    "labels", [[["b", "a"], ["c"], []], ["b, a", " c ", ""], ["a,b,a", "c,", None], [["a", "b", "a"], ["c"], None]]
)
def test_labels_come_as_lists_or_as_text_with_commas_and_may_be_none(labels):
    made = read(labels)
    assert made.labels == ("a", "b", "c")
    assert made.splits["train"]["label"][:] == [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]


def test_single_numbers_are_labels_too():
    assert read([3, 12, 3]).labels == ("3", "12")


def test_labels_spread_over_columns_are_joined_and_an_absent_one_is_none():
    rows = Dataset.from_dict({"text": ["a b"] * 3, "one": ["x", "y", "x"], "other": ["z", None, ""]})
    taken, *_ = take({"train": rows}, TASK.roles, {"label": "one+other"}, "here")
    made = TASK.read(taken, Options({}))
    assert made.labels == ("x", "y", "z")
    assert made.splits["train"]["label"][:] == [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]


def test_labels_spread_over_columns_keep_the_hubs_names():
    names = Features({
        "text": Value("string"), "one": ClassLabel(names=["news", "sport"]),
        "other": ClassLabel(names=["short", "long"]),
    })  # fmt: skip
    rows = Dataset.from_dict({"text": ["a b", "c d"], "one": [0, 1], "other": [1, 0]}, features=names)
    taken, _, classes, *_ = take({"train": rows}, TASK.roles, {"label": "one+other"}, "here")
    assert taken["train"]["label"][:] == [["news", "long"], ["sport", "short"]]
    assert TASK.read(taken, Options({}, order=classes)).labels == ("news", "sport", "short", "long")


def test_what_is_predicted_into_a_table_can_be_learnt_from(tmp_path):
    said = [["a", "b c"], [], ["b c"], ["d,e", "[f]"]]
    with writing(tmp_path / "train.tsv") as sink:
        for labels in said:
            sink.write({"text": "a b", "labels": labels})
    taken, *_ = take(files.read(tmp_path), TASK.roles, {"label": "labels"}, "here")
    made = TASK.read(taken, Options({}))
    assert made.labels == ("[f]", "a", "b c", "d,e")
    rows = made.splits["train"]["label"]
    assert [[name for name, one in zip(made.labels, row, strict=True) if one] for row in rows] == [
        sorted(labels) for labels in said
    ]


def test_a_label_that_train_does_not_have_is_refused_with_its_row(refused):
    with refused("validation has the label d (row 2), which train does not have; train has a, b"):
        read(["a", "b"], validation=["a", "a,d"])


def test_every_place_of_a_vector_may_be_named_though_train_has_it_nowhere(refused):
    rows = Dataset.from_dict({"text": ["a b"] * 3, "label": [[1, 0, 0], [0, 1, 0], [1, 1, 0]]})
    names = {"0": "news", "1": "sport", "2": "law"}
    taken, notes, places, *_ = take({"train": rows}, TASK.roles, {}, "here", Rules(names=names))
    assert notes[-1] == "no row of train has the label 2: the model does not learn it"
    assert TASK.read(taken, Options(names, order=places)).labels == ("news", "sport")
    with refused("data.labels names 3, which train does not have; it has 0, 1; give their names, or data.labels=null"):
        TASK.read(taken, Options({**names, "3": "art"}, order=places))


def test_a_column_of_switches_may_be_named_though_train_has_it_nowhere():
    rows = Dataset.from_dict({"text": ["a b"] * 2, "one": [1, 0], "other": [1, 1], "more": [0, 0]})
    taken, notes, columns, *_ = take({"train": rows}, TASK.roles, {"label": "one+other+more"}, "here")
    assert notes == ["no row of train has the label more: the model does not learn it"]
    assert TASK.read(taken, Options({"more": "law"}, order=columns)).labels == ("one", "other")


def test_a_class_of_the_hub_may_be_named_though_train_has_it_nowhere():
    features = Features({"text": Value("string"), "label": List(ClassLabel(names=["x", "y", "z"]))})
    rows = Dataset.from_dict({"text": ["a b"] * 2, "label": [[0], [0, 1]]}, features=features)
    taken, notes, classes, *_ = take({"train": rows}, TASK.roles, {}, "here", Rules(names={"2": "law"}))
    assert notes == ["no row of train has the label z: the model does not learn it"]
    assert TASK.read(taken, Options({"z": "law"}, order=classes)).labels == ("x", "y")


def test_fewer_than_two_labels_are_refused(refused):
    with refused("train has only the label a: nothing can be learned from one class"):
        read(["a", ""])


def test_each_label_is_decided_on_its_own_against_a_loop():
    form = EncodingSpec(("a", "b", "c"))
    logits = torch.tensor([[2.0, -1.0, 0.0], [-3.0, -0.1, -9.0]])
    said = TASK.decode(list(logits.numpy()[:, None]), {"text": ["x", "y"]}, None, form)
    assert [each["labels"] for each in said] == [["a"], []]
    for row, record in zip(logits.tolist(), said, strict=True):
        for logit, name in zip(row, form.labels, strict=True):
            assert record["probabilities"][name] == pytest.approx(1 / (1 + 2.718281828**-logit))
    assert TASK.predictions(said, form.labels) == [[1, 0, 0], [0, 0, 0]]
    assert TASK.references({"label": [[1.0, 0.0, 1.0]]}, form.labels) == [[1, 0, 1]]


def test_a_batch_holds_a_row_of_decisions_for_each_text(wordpiece, batch):
    features = TASK.encode(
        {"text": ["the tower", "Paris"], "label": [[1.0, 0.0], [0.0, 0.0]], "key": [1, 2]},
        wordpiece,
        EncodingSpec(("a", "b")),
    )
    assert batch(features)["labels"].tolist() == [[1.0, 0.0], [0.0, 0.0]]
