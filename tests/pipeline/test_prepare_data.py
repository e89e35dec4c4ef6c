"""From settings to splits: labels in their order, what is held out, and texts without labels."""

import json

import pytest
from datasets import ClassLabel, Dataset, Features, Value
from omegaconf import OmegaConf

from distill.config import compose
from distill.config.schema import Config
from distill.errors import DataError
from distill.pipeline.prepare_data import prepare


def reading(task, path):
    config = Config(task=task)
    config.data.source, config.data.limit.train, config.data.unlabelled.path = "embedded", 60, path
    return config


def test_a_text_without_labels_whose_marks_are_missing_is_refused_before_training(tmp_path):
    file = tmp_path / "more.tsv"
    file.write_text("text\nThe <e1>river</e1> of <e2>ice</e2> flows .\nThe river flows .\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"^row 2 of .*more\.tsv has <e1> 0 times, not once: 'The river flows \.'; "):
        prepare(reading("relation_extraction", str(file)))


def test_texts_without_labels_come_from_all_files_of_a_list_each_text_once(tmp_path):
    (tmp_path / "train.tsv").write_text("tokens\nRain fell .\nIt snowed .\n", encoding="utf-8")
    rows = ({"tokens": ["It", "snowed", "."]}, {"tokens": ["Anna", "left", "."]})
    (tmp_path / "more.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    data = prepare(reading("token_classification", [str(tmp_path), str(tmp_path / "more.jsonl")]))
    assert [" ".join(words) for words in data.splits["unlabelled"]["tokens"]] == [
        "Rain fell .", "It snowed .", "Anna left .",
    ]  # fmt: skip
    assert "1 of 4 unlabelled texts stand twice, or in the data already: left out" in data.notes


def test_every_file_of_texts_without_labels_has_to_have_the_inputs_of_the_task(tmp_path):
    (tmp_path / "one.tsv").write_text("text\nRain fell .\n", encoding="utf-8")
    (tmp_path / "two.jsonl").write_text(json.dumps({"number": 4}) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"two\.jsonl"):
        prepare(reading("classification", [str(tmp_path / "one.tsv"), str(tmp_path / "two.jsonl")]))


def dialogues(folder, count=30):
    rows = [{"turns": [f"turn {place} of {number}" for place in range(4)]} for number in range(count)]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = Config(task="dialogue")
    config.data.path = str(folder)
    return config


def test_no_dialogue_stands_in_train_and_in_what_is_held_out_of_it(tmp_path):
    data = prepare(dialogues(tmp_path))
    assert data.rows() == {"train": 81, "validation": 9}
    said = {split: {reply.split()[-1] for reply in rows["reply"]} for split, rows in data.splits.items()}
    assert len(said["train"]) == 27
    assert not said["train"] & said["validation"]
    assert data.notes == ("there is no validation split: 3 rows of train, drawn with the seed, are held out for it",)


def test_a_limit_of_dialogues_counts_replies(tmp_path):
    config = dialogues(tmp_path)
    config.data.limit.train, config.data.limit.validation = 20, 5
    assert prepare(config).rows() == {"train": 20, "validation": 5}


PAIR = {"sentence1": Value("string"), "sentence2": Value("string")}
GLUE = {
    "sst2_tiny": {"sentence": Value("string"), "label": ClassLabel(names=["negative", "positive"])},
    "mrpc_tiny": {**PAIR, "label": ClassLabel(names=["not_equivalent", "equivalent"])},
    "stsb_tiny": {**PAIR, "label": Value("float32")},
}


HUB = {"sst2_tiny": "stanfordnlp/sst2", "mrpc_tiny": "nyu-mll/glue"}


def glue(card, monkeypatch, **labels):
    """The settings of a card, whose data the hub has with GLUE's features."""
    features = Features({**GLUE[card], "idx": Value("int32")})
    splits = {}
    for split, values in labels.items():
        texts = {name: [f"{name} {split} {row}" for row in range(len(values))] for name in features if "sent" in name}
        rows = {**texts, "label": values, "idx": list(range(len(values)))}
        splits[split] = Dataset.from_dict(rows, features=features)
    monkeypatch.setattr("distill.data.hub.reachable", lambda: True)
    monkeypatch.setattr("datasets.load_dataset", lambda *_: splits)
    given = OmegaConf.load(compose.root() / "experiments" / f"{card}.yaml")
    kept = OmegaConf.masked_copy(given, [key for key in given if key in ("task", "data")])
    return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), kept))


@pytest.mark.parametrize(("card", "names"), [
    ("sst2_tiny", ("negative", "positive")), ("mrpc_tiny", ("different", "equivalent")),
])  # fmt: skip
def test_the_cards_of_glue_name_the_classes_of_the_hub(card, names, monkeypatch):
    data = prepare(glue(card, monkeypatch, train=[1, 0, 1, 1], validation=[0, 1], test=[-1, -1]))
    assert (data.kind, data.labels) == ("hub", names)
    assert {split: rows["label"][:] for split, rows in data.splits.items()} == {
        "train": [1, 0, 1, 1], "validation": [0, 1],
    }  # fmt: skip
    assert f"no row of test in {HUB[card]} has a label: it is left out" in data.notes


def test_the_scores_of_glue_stay_numbers(monkeypatch):
    data = prepare(glue("stsb_tiny", monkeypatch, train=[5.0, 0.5], validation=[2.5, 1.0], test=[-1.0, -1.0]))
    assert (data.labels, data.splits["validation"]["label"][:], sorted(data.splits)) == (
        (), [2.5, 1.0], ["train", "validation"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (None, ("not_equivalent", "equivalent")),
        ({"0": "different", "1": "equivalent"}, ("different", "equivalent")),
        ({"not_equivalent": "no", "equivalent": "yes"}, ("no", "yes")),
        ({"1": "yes", "0": "no"}, ("yes", "no")),
        ({"equivalent": "yes"}, ("yes", "not_equivalent")),
    ],
)
def test_classes_are_named_by_number_or_by_name_in_their_own_order_or_in_that_of_the_names(names, labels, monkeypatch):
    config = glue("mrpc_tiny", monkeypatch, train=[1, 0, 1, 1], validation=[0, 1])
    config.data.labels = names
    data = prepare(config)
    assert data.labels == labels
    same = labels.index("yes" if "yes" in labels else "equivalent")
    said = [[number == same for number in rows["label"]] for rows in data.splits.values()]
    assert said == [[True, False, True, True], [False, True]]


def test_a_number_that_no_class_has_is_refused(monkeypatch):
    config = glue("mrpc_tiny", monkeypatch, train=[1, 0, 1, 1], validation=[0, 1])
    config.data.labels = {"2": "same"}
    with pytest.raises(DataError, match=r"^data\.labels names 2, which train does not have; it has equivalent, not_eq"):
        prepare(config)


def test_words_without_labels_are_sentences_by_the_same_column_as_in_train(tmp_path):
    (tmp_path / "more.csv").write_text("Sentence #,tokens\n1,Rain\n,fell\n2,Anna\n", encoding="utf-8")
    data = prepare(reading("token_classification", str(tmp_path / "more.csv")))
    assert [" ".join(words) for words in data.splits["unlabelled"]["tokens"]] == ["Rain fell", "Anna"]


def test_rows_without_labels_are_not_called_those_of_train(tmp_path):
    (tmp_path / "more.jsonl").write_text('{"text": "a new one"}\n{"text": ""}\n', encoding="utf-8")
    config = reading("classification", str(tmp_path / "more.jsonl"))
    config.data.drop_bad = True
    assert "1 of 2 rows of unlabelled are left out: no text (1)" in prepare(config).notes


def test_a_column_of_rows_without_labels_is_named_as_hydra_takes_it(tmp_path):
    (tmp_path / "more.csv").write_text("body,from\nRain fell .,a\nAnna is here .,b\n", encoding="utf-8")
    way = r"say which one is the tokens with \+data\.unlabelled\.columns\.tokens=NAME$"
    with pytest.raises(DataError, match=way):
        prepare(reading("token_classification", str(tmp_path / "more.csv")))


def one_file(folder, count=200, **given):
    """The settings of a run on a single file."""
    lines = [f"text number {row}\t{'yes' if row % 4 else 'no'}\n" for row in range(count)]
    path = folder / "all.tsv"
    path.write_text("text\tlabel\n" + "".join(lines), encoding="utf-8")
    config = Config(task="classification")
    config.data.path, config.data.labels = str(path), {}
    for name, value in given.items():
        setattr(config.data, name, value)
    return config


def test_a_single_class_is_refused_with_the_column_that_was_taken(tmp_path):
    file = tmp_path / "train.csv"
    file.write_text("text,kind\nsun and rain,news\nwind and snow,news\n", encoding="utf-8")
    config = Config(task="classification")
    config.data.path = str(file)
    message = r"^train has only the label news in the column kind: nothing can be learned from one class$"
    with pytest.raises(DataError, match=message):
        prepare(config)


def test_one_file_is_train_validation_and_test(tmp_path):
    data = prepare(one_file(tmp_path, holdout=0.1, holdout_test=0.2))
    assert data.rows() == {"train": 140, "validation": 20, "test": 40}
    texts = [set(rows["text"]) for rows in data.splits.values()]
    assert len(set().union(*texts)) == 200
    assert {split: sum(rows["label"]) for split, rows in data.splits.items()} == {
        "train": 105, "validation": 15, "test": 30,
    }  # fmt: skip
    drawn = "seeded and stratified by label, are held out for it"
    assert data.notes == (
        f"there is no test split: 40 rows of train, {drawn}",
        f"there is no validation split: 20 rows of train, {drawn}",
    )
    again = prepare(one_file(tmp_path, holdout=0.1, holdout_test=0.2))
    assert again.describe() == data.describe()


def test_a_test_is_held_out_beside_a_validation_that_is_there(tmp_path):
    config = one_file(tmp_path, holdout_test=0.1)
    (tmp_path / "dev.tsv").write_text("text\tlabel\na new text\tyes\n", encoding="utf-8")
    config.data.files.validation = "dev.tsv"
    assert prepare(config).rows() == {"train": 180, "test": 20, "validation": 1}


@pytest.mark.parametrize(("share", "notes"), [
    (0.4, ("data.holdout=0.4 is not read, since there is a validation split already",)), (0.1, ()),
])  # fmt: skip
def test_a_share_that_is_not_held_out_since_validation_is_there_is_said(tmp_path, share, notes):
    config = one_file(tmp_path, holdout=share)
    (tmp_path / "dev.tsv").write_text("text\tlabel\na new text\tyes\n", encoding="utf-8")
    config.data.files.validation = "dev.tsv"
    data = prepare(config)
    assert data.rows() == {"train": 200, "validation": 1}
    assert tuple(note for note in data.notes if "holdout" in note) == notes


def test_a_test_that_is_there_is_not_held_out_again(tmp_path):
    config = one_file(tmp_path, holdout_test=0.1)
    (tmp_path / "test.tsv").write_text("text\tlabel\na new text\tyes\n", encoding="utf-8")
    config.data.files.test = "test.tsv"
    with pytest.raises(DataError, match=r"^data\.holdout_test=0\.1: there is a test split of 1 rows already"):
        prepare(config)


def test_without_a_held_out_test_what_is_held_out_is_what_it_always_was(tmp_path):
    data = prepare(one_file(tmp_path))
    assert data.rows() == {"train": 180, "validation": 20}
    assert data.describe()["fingerprint"] == "79f410353758", "a split that changes is another for every stage"


def test_whole_dialogues_are_held_out_as_test(tmp_path):
    config = dialogues(tmp_path)
    config.data.holdout_test = 0.2
    data = prepare(config)
    said = {split: {reply.split()[-1] for reply in rows["reply"]} for split, rows in data.splits.items()}
    assert {split: len(found) for split, found in said.items()} == {"train": 21, "test": 6, "validation": 3}
    assert len(set().union(*said.values())) == 30


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("names", [("1.1", "1.2"), ("1.1", "1.10", "nan"), ("NA", "NaN", "None", "inf", "null")])
def test_labels_that_look_like_numbers_or_like_nothing_are_classes_in_any_file(tmp_path, ending, names):
    rows = [{"text": f"text {row}", "label": names[row % len(names)]} for row in range(30)]
    path = tmp_path / f"all.{ending}"
    if ending == "parquet":
        Dataset.from_list(rows).to_parquet(path)
    elif ending == "csv":
        path.write_text("text,label\n" + "".join(f"{row['text']},{row['label']}\n" for row in rows), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = Config(task="classification")
    config.data.path, config.data.labels = str(path), {}
    assert prepare(config).labels == names
