"""Rows beside the data: near-duplicates, few rows of each label, what a limit leaves out, and other domains."""

import json
import re

import pytest

from distill.config.schema import Config
from distill.errors import DataError
from distill.pipeline.prepare_data import prepare
from distill.pipeline.unlabelled_check import rounds

WORDS = ["rain", "snow", "hail", "wind", "storm", "cloud", "river", "lake", "hill", "wood", "road", "town"]


def line(number):
    """A text of ten words, unlike any other's."""
    return " ".join(f"{WORDS[(number + place) % 12]}{number}" for place in range(10))


def written(file, rows):
    file.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows), encoding="utf-8")
    return str(file)


@pytest.fixture
def config(tmp_path):
    """Train of two labels; its first text, and the beginning of its second, stand in validation as well."""
    train = [(line(number), "good" if number % 4 else "bad") for number in range(40)]
    written(tmp_path / "train.tsv", train)
    near = line(1).upper() + "!"
    written(tmp_path / "validation.tsv", [(line(0), "bad"), (near, "good"), (line(98), "good"), (line(99), "bad")])
    config = Config()
    config.data.path = str(tmp_path)
    return config


def test_rows_of_train_that_are_nearly_those_of_validation_are_left_out_with_the_equal_ones(config):
    data = prepare(config)
    assert data.rows()["train"] == 38
    assert data.notes == ("2 of 40 rows of train are nearly or wholly those of validation: left out",)
    assert line(0) not in data.splits["train"]["text"]


def test_they_are_counted_alone_where_that_is_asked_for(config):
    config.data.near_duplicates = "say"
    data = prepare(config)
    assert data.rows()["train"] == 40
    assert "texts that also occur in train: 1 of 4 in validation" in data.notes
    said = "1 of 40 rows of train are nearly those of validation; data.near_duplicates=drop leaves them out"
    assert data.remarks == (said,), "the equal one is counted elsewhere; no stage is made anew for it"
    config.data.near_duplicates = "keep"
    kept = prepare(config)
    assert (kept.notes, kept.remarks) == (("texts that also occur in train: 1 of 4 in validation",), ())


def test_a_text_with_another_label_tells_nothing_of_the_one_that_is_asked(config, tmp_path):
    near = line(1).upper() + "!"
    written(tmp_path / "validation.tsv", [(line(0), "good"), (near, "bad"), (line(98), "good"), (line(99), "bad")])
    data = prepare(config)
    assert data.rows()["train"] == 40
    assert data.notes == ("texts that also occur in train: 1 of 4 in validation",)


LEFT_IN = {
    "a tenth of train": (range(5), "5 of 40", "more than a tenth of train"),
    "half of a label": ((0, 4), "2 of 40", "2 of 3 rows of rare"),
}


@pytest.mark.parametrize("case", LEFT_IN)
def test_where_much_would_go_they_stay_and_it_is_said(config, tmp_path, case):
    known, count, why = LEFT_IN[case]
    label = {number: "good" if number % 4 else "bad" for number in range(40)}
    if case == "half of a label":
        label |= dict.fromkeys((0, 4, 5), "rare")
    written(tmp_path / "train.tsv", [(line(number), name) for number, name in label.items()])
    written(tmp_path / "validation.tsv", [*((line(number), label[number]) for number in known), (line(99), "bad")])
    data = prepare(config)
    assert data.rows()["train"] == len(label)
    rows = f"{count} rows of train are nearly or wholly those of validation"
    assert data.remarks == (f"{rows}: left in, since {why} would go; data.near_duplicates=drop leaves them out",)
    config.data.near_duplicates = "drop"
    left = prepare(config)
    assert left.rows()["train"] == len(label) - len(known)
    assert f"{rows}: left out" in left.notes


def test_a_train_of_nothing_else_is_refused_where_they_are_to_go(config, tmp_path):
    written(tmp_path / "validation.tsv", [(line(number), "good" if number % 4 else "bad") for number in range(40)])
    assert prepare(config).rows()["train"] == 40
    config.data.near_duplicates = "drop"
    with pytest.raises(DataError, match=r"^data\.near_duplicates=drop: all rows of train are nearly those of"):
        prepare(config)


def test_a_train_of_which_one_label_or_one_score_would_be_left_is_refused(config, tmp_path):
    written(tmp_path / "validation.tsv", [(line(number), "bad") for number in range(0, 40, 4)])
    config.data.near_duplicates = "drop"
    said = (
        "data.near_duplicates=drop leaves 30 of 40 rows of train, all of the label good: nothing can be learned from "
        "them; allowed is auto, say or keep"
    )
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        prepare(config)
    config.task, config.data.columns = "regression", {"text": "text", "pair": "pair", "label": "label"}
    for split, numbers in (("train", range(40)), ("validation", range(20))):
        rows = [f"{line(number)}\t{line(number)}\t{0.5 if number < 20 else 0.25}\n" for number in numbers]
        (tmp_path / f"{split}.tsv").write_text("text\tpair\tlabel\n" + "".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match=r"leaves 20 of 40 rows of train, all of the score 0\.25: nothing can be"):
        prepare(config)


OTHER_ROWS = {
    "question_answering": lambda number: {
        "question": f"Who saw the {WORDS[number % 12]}?",
        "context": f"{line(number)} Ann saw.",
        "answers": {"text": ["Ann"], "answer_start": [len(line(number)) + 1]},
    },
    "summarization": lambda number: {"document": line(number), "summary": "All the same."},
    "translation": lambda number: {"source": line(number), "target": "All the same."},
    "token_classification": lambda number: {"tokens": line(number).split(), "tags": ["A", "B"] * 5},
    "multilabel_classification": lambda number: {"text": line(number), "labels": ["A", "B"]},
}


@pytest.mark.parametrize("what", ["auto", "drop"])
@pytest.mark.parametrize("name", OTHER_ROWS)
def test_they_are_left_out_whatever_the_labels_of_a_task_are(config, tmp_path, name, what):
    for split, numbers in (("train", range(40)), ("validation", (0, 1, 98))):
        rows = [json.dumps(OTHER_ROWS[name](number)) + "\n" for number in numbers]
        (tmp_path / f"{split}.jsonl").write_text("".join(rows), encoding="utf-8")
        (tmp_path / f"{split}.tsv").unlink()
    config.task, config.data.near_duplicates = name, what
    data = prepare(config)
    assert data.rows()["train"] == 38
    assert "2 of 40 rows of train are nearly or wholly those of validation: left out" in data.notes


def test_texts_without_labels_that_are_nearly_those_of_validation_are_left_out(config, tmp_path):
    texts = [line(98).title(), line(98), line(60), line(61)]
    config.data.unlabelled.path = written(tmp_path / "more.tsv", [(text, "") for text in texts])
    data = prepare(config)
    assert data.splits["unlabelled"]["text"] == [line(60), line(61)]
    assert "1 of 4 unlabelled texts stand twice, or in the data already: left out" in data.notes
    assert "1 of 3 unlabelled texts are nearly those of validation: left out" in data.notes
    config.data.unlabelled.near_duplicates = "keep"
    assert prepare(config).rows()["unlabelled"] == 3


def test_texts_without_labels_that_are_those_of_validation_are_refused(config, tmp_path):
    config.data.unlabelled.path = written(tmp_path / "more.tsv", [(line(98).title(), ""), (line(99) + " .", "")])
    with pytest.raises(DataError, match=r"^all 2 unlabelled texts are nearly those of validation; give others, or"):
        prepare(config)


def test_few_rows_of_each_label_are_drawn_by_the_seed(config):
    config.data.limit.per_label = 12
    data = prepare(config)
    assert data.splits["train"]["label"].count(0) == 9
    assert data.splits["train"]["label"].count(1) == 12, "of those that are left without near-duplicates"
    assert data.rows()["validation"] == 4
    assert "data.limit.per_label=12: train has fewer rows of bad 9, all of them kept" in data.notes
    again = prepare(config).splits["train"]["text"]
    assert again == data.splits["train"]["text"]
    config.seed += 1
    assert prepare(config).splits["train"]["text"] != again


def test_what_the_limit_leaves_out_may_stay_without_its_labels(config):
    config.data.limit.per_label, config.data.unlabelled.rest = 5, True
    data = prepare(config)
    texts = {split: set(rows["text"]) for split, rows in data.splits.items()}
    assert data.splits["unlabelled"].column_names == ["text", "key"]
    assert texts["train"] | texts["unlabelled"] <= {line(number) for number in range(40)}
    assert not texts["unlabelled"] & (texts["train"] | {line(0), line(1)}), "nor what validation has"
    assert 28 <= len(texts["unlabelled"]) <= 30


def test_more_rounds_than_texts_are_refused(config, tmp_path):
    class Run:
        pass

    config.data.unlabelled.path = written(tmp_path / "more.tsv", [(line(60), ""), (line(61), "")])
    run = Run()
    run.config, run.data = config, prepare(config)
    config.distill.unlabelled.rounds = 2
    rounds(run)
    config.distill.unlabelled.rounds = 3
    with pytest.raises(
        DataError, match=r"^distill\.unlabelled\.rounds=3: there are 2 texts without labels; allowed is 1 to 2$"
    ):
        rounds(run)


def test_another_domain_is_a_split_with_the_labels_of_the_data(config, tmp_path):
    config.evaluate.also = {"tales": written(tmp_path / "other.tsv", [(line(70), "good"), (line(71), "bad")])}
    data = prepare(config)
    assert data.labels == ("bad", "good")
    assert list(data.splits) == ["train", "validation", "tales"]
    assert data.splits["tales"]["label"] == [1, 0]


def test_a_label_may_be_named_there_as_the_settings_name_it(config, tmp_path):
    config.data.labels = {"good": "positive", "bad": "negative"}
    config.evaluate.also = {"tales": written(tmp_path / "other.tsv", [(line(70), "negative"), (line(71), "bad")])}
    data = prepare(config)
    assert [data.labels[label] for label in data.splits["tales"]["label"]] == ["negative", "negative"]


def test_another_domain_of_other_labels_or_columns_is_refused(config, tmp_path):
    file = written(tmp_path / "other.tsv", [(line(70), "good"), (line(71), "fair")])
    config.evaluate.also = {"tales": file}
    said = (
        f"evaluate.also.tales={file}: tales has the label fair (row 2), which train does not have; train has bad, good"
    )
    with pytest.raises(DataError) as error:
        prepare(config)
    assert str(error.value) == said
    (tmp_path / "none.jsonl").write_text(json.dumps({"number": 3}) + "\n", encoding="utf-8")
    config.evaluate.also = {"tales": str(tmp_path / "none.jsonl")}
    with pytest.raises(DataError, match=r"^evaluate\.also\.tales=.*none\.jsonl: "):
        prepare(config)


def test_the_test_split_of_a_folder_is_read(config, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for number, split in enumerate(("train", "validation", "test")):
        written(folder / f"{split}.tsv", [(line(70 + number), "good")])
    config.evaluate.also = {"tales": str(folder)}
    assert prepare(config).splits["tales"]["text"] == [line(72)]
