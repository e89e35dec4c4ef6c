"""The settings of labelling: every problem in one message, before anything is read or asked."""

import os

import pytest

from distill.config.label import LabelConfig
from distill.config.label_checks import check
from distill.errors import ConfigError


def config(tmp_path, kind="openai", **settings):
    made = LabelConfig(output=str(tmp_path / "answers.jsonl"))
    made.labeller.kind, made.labeller.model = kind, "small"
    for name, value in settings.items():
        setattr(made.labeller if hasattr(made.labeller, name) else made, name, value)
    return made


def problems(made, overrides=()):
    with pytest.raises(ConfigError) as caught:
        check(made, overrides)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_what_is_whole_passes(tmp_path):
    check(config(tmp_path), ["labeller=openai", "labeller.model=small", "labeller.votes=1"])
    check(config(tmp_path, "command", command="cat"), [])


def test_a_labeller_and_an_output_are_needed():
    assert problems(LabelConfig()) == [
        "labeller: give one of labeller=openai, labeller=command, labeller=local",
        "output: give the file that gets the answers, as in output=answers.jsonl",
    ]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"votes": 3, "temperature": 0}, "labeller.votes=3: are alike at labeller.temperature=0; give one above 0"),
        ({"votes": 0}, "labeller.votes=0: allowed is a whole number from 1 up"),
        ({"timeout": 0}, "labeller.timeout=0: allowed is a number above 0"),
        ({"temperature": 3.0}, "labeller.temperature=3.0: allowed is null, or a number from 0 to 2"),
        ({"structured": "xml"}, "labeller.structured=xml: allowed is one of auto, json_schema, json_object, none"),
        ({"labels": {"abstain": "", "b": ""}}, "labeller.labels: abstain is the word of a labeller that cannot tell; "
         "give labeller.abstain=false"),
        ({"labels": {"a": ""}}, "labeller.labels: there is only a; give two or more"),
        ({"limit": 0}, "limit=0: allowed is null, or a whole number from 1 up"),
        ({"rows": "nowhere.jsonl"}, "rows=nowhere.jsonl: there is no such file; allowed is train, validation, "
         "test, unlabelled, or a file"),
        ({"rows": "unlabelled"}, "rows=unlabelled: give the texts as data.unlabelled.path=FILE"),
        ({"task": "translation"}, "task=translation: its answers are texts, and no labels; put those of an LLM into "
         "the data, as the column of its targets"),
        ({"task": "question_answering"}, "task=question_answering: an answer is a place in the context, and no "
         "labeller here gives places"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(tmp_path, settings, problem):
    assert problem in problems(config(tmp_path, **settings))


def test_a_budget_of_price_needs_prices(tmp_path):
    made = config(tmp_path)
    made.labeller.budget.price = 1.0
    assert problems(made) == [
        "labeller.budget.price: give labeller.price.read and labeller.price.written, of a million tokens each"
    ]


def test_a_local_model_is_a_folder_and_labels_texts(tmp_path):
    assert problems(config(tmp_path, "local", model=None)) == [
        "labeller.model: give the folder of a causal language model"
    ]
    assert problems(config(tmp_path, "local", task="regression")) == [
        "labeller.model=small: is no folder of a model, which has a config.json",
        "labeller=local: a score has no words whose likelihood could be compared; take labeller=openai or command",
    ]


def test_what_this_labeller_does_not_read_is_refused_on_the_command_line(tmp_path):
    made = config(tmp_path, "command", command="cat")
    assert problems(made, ["labeller.votes=3", "labeller.budget.price=1", "labeller.budget.rows=3"]) == [
        "labeller.votes=3: belongs to labeller=openai; leave it out",
        "labeller.budget.price=1: belongs to labeller=openai; leave it out",
    ]


def test_an_output_is_a_file_of_json_lines_that_can_be_written(tmp_path):
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "texts.jsonl").touch()
    os.mkfifo(tmp_path / "pipe.jsonl")
    for output, words in {
        "answers.csv": "answers are lines of JSON; allowed is a name that ends in .jsonl",
        "folder.jsonl": "is a folder, not a file; give a file",
        "pipe.jsonl": "is a pipe, not a file; give a file",
        "absent/answers.jsonl": "is in a folder that is not there, or that cannot be written",
        "texts.jsonl": "is the file of the rows itself; give another",
    }.items():
        made = config(tmp_path, rows=str(tmp_path / "texts.jsonl"))
        made.output = str(tmp_path / output)
        assert problems(made) == [f"output={made.output}: {words}"]
