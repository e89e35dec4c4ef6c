"""What was decided in Label Studio and Prodigy becomes a column."""

import json

import pytest

from distill.data import files
from distill.data.formats.rows import Options
from distill.data.streaming import read


def task(text, *results, **more):
    made = [{"was_cancelled": True, "result": [choice("never")]}, {"result": list(results)}]
    return {"id": 7, "data": {"text": text}, "annotations": made, **more}


def choice(*chosen, question="sentiment"):
    return {"from_name": question, "to_name": "text", "type": "choices", "value": {"choices": list(chosen)}}


def answer(text, **said):
    return {"text": text, "_task_hash": 1, "answer": "accept", **said}


def written(tmp_path, *rows):
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def columns(tmp_path, *rows, **rules):
    splits = files.read(written(tmp_path, *rows), options=Options(**rules))
    return splits["train"], splits.notes


def test_a_single_choice_in_label_studio_is_the_label(tmp_path):
    rows, notes = columns(tmp_path, task("warm", choice("good")), task("dull", choice("bad")))
    assert rows["text"][:] == ["warm", "dull"]
    assert rows["label"][:] == ["good", "bad"]
    assert notes == ["tasks of Label Studio: what the first annotation says that was not cancelled is taken"]


def test_several_choices_are_a_list_in_every_row(tmp_path):
    rows, _ = columns(tmp_path, task("warm", choice("good", "long")), task("dull", choice("bad")))
    assert rows["label"][:] == [["good", "long"], ["bad"]]


def test_each_of_several_questions_has_its_own_column(tmp_path):
    both = (choice("good"), choice("film", question="topic"))
    rows, _ = columns(tmp_path, task("warm", *both), task("dull", choice("bad"), choice("book", question="topic")))
    assert (rows["sentiment"][:], rows["topic"][:]) == (["good", "bad"], ["film", "book"])


@pytest.mark.parametrize(("value", "said"), [({"rating": 4}, 4), ({"number": 2.5}, 2.5), ({"text": ["cold"]}, "cold")])
def test_ratings_numbers_and_texts_are_taken_as_they_are(tmp_path, value, said):
    rows, _ = columns(tmp_path, *[task("warm", {"from_name": "question", "value": value})] * 2)
    assert rows["label"][:] == [said, said]


def test_a_task_that_nobody_has_done_has_no_label(tmp_path):
    rows, _ = columns(tmp_path, task("warm", choice("good")), {**task("dull"), "annotations": []})
    assert rows["label"][:] == ["good", None]


def test_a_task_keeps_the_fields_of_its_data_by_their_paths(tmp_path):
    rows, _ = columns(tmp_path, task("warm", choice("good")))
    assert rows["data"][:] == [{"text": "warm"}]


def test_what_was_chosen_in_prodigy_is_the_label(tmp_path):
    options = [{"id": "good", "text": "Good"}, {"id": "bad", "text": "Bad"}]
    chosen = [answer("warm", options=options, accept=["good"]), answer("dull", options=options, accept=["bad"])]
    rows, notes = columns(tmp_path, *chosen)
    assert rows["label"][:] == ["good", "bad"]
    assert notes == ["rows of Prodigy: those that were rejected or ignored are left out"]


def test_rows_that_were_rejected_or_ignored_in_prodigy_teach_nothing(tmp_path):
    given = [answer("warm", label="good"), answer("dull", label="good", answer="reject")]
    rows, _ = columns(tmp_path, *given, answer("odd", label="bad", answer="ignore"), answer("cold", label="bad"))
    assert rows["text"][:] == ["warm", "cold"]


def test_texts_to_predict_all_stay(tmp_path):
    file = written(tmp_path, answer("warm", label="good"), answer("dull", label="good", answer="reject"))
    assert [row["text"] for _, row in read(file)] == ["warm", "dull"]


def test_a_column_that_is_called_answer_alone_is_not_prodigys(tmp_path):
    rows, notes = columns(tmp_path, {"text": "warm", "answer": "accept"}, {"text": "dull", "answer": "reject"})
    assert rows["answer"][:] == ["accept", "reject"]
    assert notes == []
