"""The settings of ``python -m distill.predict`` and ``Predictor``: lengths, and the threshold of several labels."""

import re
from dataclasses import replace

import pytest
from predicted import answers, inputs, jsonl

from distill import Predictor
from distill.errors import ConfigError, ModelError
from distill.serving.opening import opening


@pytest.fixture
def ask(predict_command, models, tmp_path):
    def asked(task, *arguments):
        source = jsonl(tmp_path / "in.jsonl", inputs(task))
        return predict_command(f"model={models(task)}", f"input={source}", f"output={tmp_path}/out.jsonl", *arguments)

    return asked


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("max_length=-3", "a whole number from 1 up"),
        ("max_length=0", "a whole number from 1 up"),
        ("batch_size=-1", "a whole number from 1 up"),
        ("threshold=1.5", "a number from 0 to 1"),
        ("threshold=nan", "a number from 0 to 1"),
        ("on_bad=skip", "one of answer, refuse"),
        ("output_format=xml", "one of jsonl, tsv, csv, json, parquet"),
        ("format=tflite", "one of auto, torch, onnx, onnx_int8"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_before_anything_is_read(predict_command, setting, words):
    said = predict_command("model=none", "input=none.jsonl", "output=out.jsonl", setting)
    assert said == (2, f"distill: {setting}: allowed is {words}\n")


def test_all_settings_that_make_no_sense_are_told_at_once(predict_command):
    code, said = predict_command("model=a", "input=b", "output=c.tsv", "batch_size=0", "max_length=0")
    assert (code, said.count(": allowed is ")) == (2, 2)


def test_columns_are_named_one_by_one_and_null_is_none(ask, predict_command):
    message = "columns={text: review}: give it as columns.NAME=VALUE, each by its name"
    assert predict_command("model=a", "input=b", "output=c.tsv", "columns={text: review}") == (
        2,
        f"distill: {message}\n",
    )
    code, said = ask("classification", "task=null", "max_length=null", "top_k=null")
    assert code == 0, said


def test_an_interpolation_that_stands_for_nothing_is_named(predict_command):
    for value, words in (
        ("${none}", "input: Interpolation key 'none' not found"),
        ("${", "input=${: allowed is a text without ${"),
    ):
        assert predict_command("model=a", f"input={value}", "output=c.tsv") == (2, f"distill: {words}\n")


@pytest.mark.parametrize(
    ("task", "length", "special", "least"),
    [
        ("classification", 2, 2, 3), ("token_classification", 1, 2, 3), ("pair_classification", 4, 3, 5),
        ("question_answering", 3, 3, 5),
    ],
)  # fmt: skip
def test_special_tokens_leave_a_token_to_each_text(ask, tmp_path, task, length, special, least):
    message = f"max_length={length}: {special} tokens are special ones; give at least {least}"
    assert ask(task, f"max_length={length}") == (2, f"distill: {message}\n")
    code, said = ask(task, f"max_length={least}")
    assert code == 0, said
    assert not any("error" in answer for answer in answers(tmp_path / "out.jsonl"))


def test_a_length_below_zero_is_refused_of_a_program_too(models):
    with pytest.raises(ModelError, match=r"^max_length=-3: 2 tokens are special ones; give at least 3$"):
        Predictor.load(models("classification"), max_length=-3)


def test_a_threshold_decides_on_labels_in_place_of_the_folders(ask, tmp_path):
    for threshold in (0.0, 0.5, 1.0):
        code, said = ask("multilabel_classification", f"threshold={threshold}")
        assert code == 0, said
        for answer in answers(tmp_path / "out.jsonl"):
            likely = [label for label, chance in answer["probabilities"].items() if chance > threshold]
            assert answer["labels"] == likely


def test_the_server_and_programs_take_the_same_threshold(models):
    folder, rows = models("multilabel_classification"), inputs("multilabel_classification")
    loaded, served = (Predictor.load(folder, threshold=0.9), opening(folder, "torch", threshold=0.9).load())
    usual = Predictor.load(folder)
    expected = replace(usual, form=replace(usual.form, threshold=0.9)).predict(rows)
    assert [each["labels"] for each in expected] != [each["labels"] for each in usual.predict(rows)]
    for model in (loaded, served):
        assert [each["labels"] for each in model.predict(rows)] == [each["labels"] for each in expected]


def test_a_threshold_of_a_task_with_one_label_is_refused(ask, models):
    message = (
        "threshold=0.3: it decides on labels of which a text may have several, and the task is classification; "
        "leave it out"
    )
    assert ask("classification", "threshold=0.3") == (2, f"distill: {message}\n")
    for load in (Predictor.load, lambda folder, threshold: opening(folder, "torch", threshold=threshold)):
        with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
            load(models("classification"), threshold=0.3)


def test_a_threshold_that_is_no_probability_is_refused_of_a_program_too(models):
    with pytest.raises(ConfigError, match=r"^threshold=7: allowed is a number from 0 to 1$"):
        Predictor.load(models("multilabel_classification"), threshold=7)


@pytest.mark.parametrize("other", ["regression", "token_classification", "multilabel_classification"])
def test_another_task_than_that_of_the_folder_is_refused(ask, bundles, other):
    folder = bundles("classification")
    message = f"task={other}: {folder} holds a model of the task classification; leave task out"
    assert ask("classification", f"model={folder}", f"task={other}") == (2, f"distill: {message}\n")
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        opening(folder, "onnx", task=other)
    code, said = ask("classification", f"model={folder}", "task=classification")
    assert code == 0, said
