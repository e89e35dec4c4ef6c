"""A bundle holds what its users need: what answers are read by, an example, and files that anyone may read."""

import json
import os
import stat

import pytest
from small_bundles import LABELS, bundle

from distill.export import example
from distill.inference.predictor import Predictor
from distill.models.task_metadata import read_form
from distill.models.tokenizer_training import train_bytes


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640)])
def test_all_files_are_readable_as_the_umask_says(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        folder, _ = bundle(tmp_path, "classification")
        example.write(folder, {"text": "the old film"})
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert {"model.safetensors", "model.onnx", "tokenizer.json", "example.json"} <= modes.keys()
    assert set(modes.values()) == {mode}


def test_the_example_is_what_the_student_answers(tmp_path):
    rows = {
        "classification": {"text": "the old film", "label": "good"},
        "question_answering": {"context": "Mary left Rome", "question": "who left ?", "label": {}},
        "token_classification": {"tokens": ["Mary", "left"], "label": ["B-PER", "O"]},
    }
    for task, row in rows.items():
        folder, _ = bundle(tmp_path / task, task)
        example.write(folder, row)
        content = json.loads((folder / "example.json").read_text(encoding="utf-8"))
        assert content["input"] == {role: value for role, value in row.items() if role != "label"}
        (answer,) = Predictor.load(folder, format="onnx").predict([content["input"]])
        assert list(content["output"]) == list(answer)
        numbers = {name: value for name, value in answer.items() if isinstance(value, float)}
        assert {name: content["output"][name] for name in numbers} == pytest.approx(numbers, abs=1e-4)
        assert {**content["output"], **numbers} == answer


def test_config_json_says_what_answers_are_read_by(tmp_path):
    forms = {task: read_form(bundle(tmp_path / task, task, formats=("huggingface",))[0]) for task in LABELS}
    assert {task: form["threshold"] for task, form in forms.items() if "threshold" in form} == {
        "multilabel_classification": 0.5
    }
    assert forms["relation_extraction"]["markers"] == ["<e1>", "</e1>", "<e2>", "</e2>"]
    assert forms["token_classification"]["word_prefix"] == ""
    assert {task for task, form in forms.items() if "markers" in form} == {"relation_extraction"}
    assert {task for task, form in forms.items() if "word_prefix" in form} == {"token_classification"}
    assert {form["max_length"] for form in forms.values()} == {32}
    assert forms["question_answering"]["stride"] == 8
    assert forms["question_answering"]["max_answer_length"] == 30
    tokenizer = train_bytes(["Mary left Rome"] * 3, vocab_size=300, max_length=32)
    spaced, _ = bundle(tmp_path / "bytes", "token_classification", tokenizer=tokenizer, formats=("huggingface",))
    assert read_form(spaced)["word_prefix"] in ("", " ")


@pytest.mark.parametrize(
    ("task", "problem", "names"),
    [
        ("classification", "single_label_classification", ["good", "bad", "fair"]),
        ("multilabel_classification", "multi_label_classification", ["news", "sport", "film", "art"]),
        ("regression", "regression", ["score"]),
    ],
)
def test_config_json_names_the_outputs_and_the_kind_of_problem(tmp_path, task, problem, names):
    folder, _ = bundle(tmp_path, task, formats=("huggingface",))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["problem_type"] == problem
    assert [config["id2label"][str(number)] for number in range(len(names))] == names


def test_a_probability_above_the_threshold_of_the_folder_gives_a_label(tmp_path):
    folder, _ = bundle(tmp_path, "multilabel_classification")
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    for threshold in (0.0, 1.0):
        config["distill"]["threshold"] = threshold
        path.write_text(json.dumps(config), encoding="utf-8")
        for form in ("torch", "onnx"):
            answer = Predictor.load(folder, format=form)("the old film")
            assert answer["labels"] == (list(LABELS["multilabel_classification"]) if threshold == 0.0 else [])
