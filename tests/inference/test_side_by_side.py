"""How the answers of several models to one example are shown."""

import json
import re

import numpy as np
import pytest

from distill.errors import DataError, ModelError
from distill.inference.side_by_side import Said, _tagged, example, models_of, table
from distill.tasks import task


class Reads:
    """What is asked of a model here: its task."""

    def __init__(self, name):
        self.task = task(name)


@pytest.mark.parametrize(
    ("name", "texts", "row"),
    [
        ("classification", ["a text"], {"text": "a text"}),
        ("regression", ["one", "other"], {"text": "one", "pair": "other"}),
        ("question_answering", ["Ada slept.", "Who?"], {"context": "Ada slept.", "question": "Who?"}),
        ("token_classification", ["Ada met Bo"], {"tokens": ["Ada", "met", "Bo"]}),
        ("token_classification", ["New York", "met"], {"tokens": ["New York", "met"]}),
        ("dialogue", ["Hello."], {"history": ["Hello."]}),
        ("dialogue", ["Hello.", "Who is there?"], {"history": ["Hello.", "Who is there?"]}),
    ],
)
def test_arguments_are_the_inputs_of_the_task(name, texts, row):
    assert example(Reads(name), texts) == row


def test_too_few_and_unusable_texts_end_in_a_sentence():
    with pytest.raises(DataError, match="the task reads context and question: give 2 of them, not 1"):
        example(Reads("question_answering"), ["Ada slept."])
    with pytest.raises(DataError, match="the example has <e1> 0 times, not once"):
        example(Reads("relation_extraction"), ["Ada slept."])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"label": "positive", "probability": 0.987}, "positive  98.7%"),
        ({"score": 2.34567}, "2.346"),
        ({"answer": "", "probability": 0.5}, "no answer  50.0%"),
        ({"target": "A dog."}, "A dog."),
        ({"tags": ["Ada/B-PER 90%", "slept"]}, "Ada/B-PER 90% slept"),
        ({"labels": [], "probabilities": {"a": 0.1, "b": 0.4}}, "none  [b 40.0%, a 10.0%]"),
        ({"labels": ["b"], "probabilities": {"a": 0.1, "b": 0.6}}, "b  [b 60.0%, a 10.0%]"),
    ],
)
def test_each_model_has_a_line(answer, said):
    assert table([Said("teacher", answer, 1.234), Said("a", answer, 2.0)]) == (
        f"teacher  {said}  (1.23 ms)\na        {said}  (2.00 ms)"
    )


def test_tags_stand_at_their_words_with_their_probabilities():
    logits = np.log(np.array([[0.1, 0.9], [0.75, 0.25]], dtype=np.float32))
    assert _tagged(["Ada", "slept"], ["B-PER", "O"], logits) == ["Ada/B-PER 90%", "slept"]


def reported(run, *stages, **content):
    """A run whose report names stages, each with a folder of its own in the store."""
    entries = [{"name": name, "folder": str(run / "store" / name.replace(":", "-"))} for name in stages]
    for entry in entries:
        (run / "store" / entry["name"].replace(":", "-")).mkdir(parents=True)
    models = {name: {} for name in ("teacher", "student", "control", "without_unlabelled")}
    report = {"task": "classification", "stages": entries, "models": models, **content}
    (run / "report.json").write_text(json.dumps(report))
    return run


def test_of_several_seeds_and_rounds_the_models_of_the_report_are_asked(tmp_path):
    found = models_of(
        reported(
            tmp_path, "finetune", "finetune:second", "distill:round1", "distill:without_unlabelled", "distill:seed2",
            "control:seed2", "distill", "control",
        ),
        {},
    )  # fmt: skip
    names = {name: folder.rpartition("/")[2] for name, folder in found.folders.items()}
    assert names == {
        "teacher": "finetune", "second": "finetune-second", "student": "distill",
        "without_unlabelled": "distill-without_unlabelled", "control": "control",
    }  # fmt: skip


def test_a_report_that_is_of_no_run_is_told(tmp_path):
    (tmp_path / "report.json").write_text('{"a": 1}')
    said = (
        f"model={tmp_path}: its report.json is no report of a run: task, stages and models are missing or cut short; "
        f"start its command again with hydra.run.dir={tmp_path}, which takes finished stages from the store"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(said)}$"):
        models_of(tmp_path, {})
