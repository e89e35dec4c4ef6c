"""A row that says that its question cannot be answered has no answer, whatever stands beside that."""

import json
import re

import pytest
from datasets import Dataset

from distill.data import columns, files
from distill.errors import DataError

ROLES = {"context": "text", "question": "text", "label": "answers"}
CONTEXT = "Elena lives in Turin."
LIST = [{"text": "Turin", "answer_start": 15}]
OBJECT = {"text": ["Turin"], "answer_start": [15]}
NOTHING = {"text": [], "answer_start": []}


def row(impossible, answers=OBJECT, name="is_impossible"):
    return {"context": CONTEXT, "question": "Where does Elena live?", "answers": answers, name: impossible}


def taken(rows, drop_bad=False, **others):
    splits = {"train": Dataset.from_list(rows), **others}
    return columns.take(splits, ROLES, {"label": "answers"}, "here", columns.Rules(drop_bad=drop_bad)).splits


def labels(rows):
    found = taken(rows)["train"]
    assert found["question"][:] == ["Where does Elena live?"] * len(rows)
    return found["label"][:]


@pytest.mark.parametrize("name", ["is_impossible", "isImpossible"])
@pytest.mark.parametrize("answers", [LIST, OBJECT, json.dumps(OBJECT)], ids=["list", "object", "cell"])
def test_plausible_answers_are_none(answers, name):
    assert labels([row(False, answers, name), row(True, answers, name)]) == [OBJECT, NOTHING]


@pytest.mark.parametrize("absent", [None, NOTHING])
def test_absent_answers_are_no_fault(absent):
    assert labels([row(False), row(True, absent)]) == [OBJECT, NOTHING]
    assert labels([row(False, LIST), row(True, [])]) == [OBJECT, NOTHING]


def test_absent_answers_of_a_question_that_can_be_answered_are_a_fault():
    rows = [row(False), row(True, None), row(False, None), row(None, None)]
    said = (
        "2 of 4 rows of train in here cannot be used: row 3 has no answers, row 4 has no answers; data.on_bad=drop "
        "leaves them out"
    )
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        taken(rows)
    assert taken(rows, drop_bad=True)["train"]["label"][:] == [OBJECT, NOTHING]


def test_a_question_that_cannot_be_answered_still_needs_its_context():
    assert taken([row(False), row(True) | {"context": ""}], drop_bad=True)["train"]["label"][:] == [OBJECT]


@pytest.mark.parametrize(("yes", "no"), [("True", "False"), ("true", "false"), ("1", "0"), (1, 0)])
def test_a_table_says_it_in_words_or_numbers(tmp_path, yes, no):
    answers = json.dumps(OBJECT).replace('"', '""')
    lines = [
        f'"{CONTEXT}",Where?,{no},"{answers}"',
        f'"{CONTEXT}",Where?,{yes},"{answers}"',
        f'"{CONTEXT}",Who?,{yes},',
    ]
    (tmp_path / "train.csv").write_text("\n".join(["context,question,is_impossible,answers", *lines]), encoding="utf-8")
    found = columns.take(files.read(tmp_path), ROLES, {"label": "answers"}, "here").splits["train"]
    assert found["label"][:] == [OBJECT, NOTHING, NOTHING]


def test_what_says_neither_yes_nor_no_is_refused():
    said = "row 2 of train in here: the column is_impossible holds 'perhaps'; true or false is expected"
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        taken([row("no"), row("perhaps")])


def test_labels_of_other_tasks_are_as_they_are():
    rows = Dataset.from_dict({"text": ["a b", "c d"], "is_impossible": ["yes", "no"], "label": ["yes", "no"]})
    roles = {"text": "text", "label": "label"}
    assert columns.take({"train": rows}, roles, {}, "here").splits["train"]["label"][:] == ["yes", "no"]
