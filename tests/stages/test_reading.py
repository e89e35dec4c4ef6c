"""Texts without labels: which files they come from, and which cannot be read."""

import json

import pytest

from distill.config.schema import Config
from distill.errors import DataError
from distill.stages.reading import prepare


def reading(task, path):
    config = Config(task=task)
    config.data.source, config.data.limit.train, config.data.unlabelled.path = "embedded", 60, path
    return config


def test_a_text_without_labels_whose_marks_are_missing_is_refused_before_training(tmp_path):
    file = tmp_path / "more.tsv"
    file.write_text("text\nThe <e1>river</e1> of <e2>ice</e2> flows .\nThe river flows .\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"^row 2 of .*more\.tsv has <e1> 0 times, not once: The river flows \.$"):
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
