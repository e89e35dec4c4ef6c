"""Questions in the nested files of SQuAD and MRQA, and how their answers may be written."""

import json
import re

import pytest

from distill.data import formats
from distill.errors import DataError

CONTEXT = "He left Rome."
ANSWERS = {"text": ["Rome"], "answer_start": [8]}
EXPECTED = "answers are a list of objects of text and answer_start, the place of its first character in the context"


def squad(*asked):
    return json.dumps({"version": "x", "data": [{"title": "t", "paragraphs": [{"context": CONTEXT, "qas": asked}]}]})


def question(answers, **more):
    return {"id": "1", "question": "Where?", "answers": answers, **more}


def written(folder, name, content):
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def rows(file):
    return [row for _, row in formats.rows(file).rows]


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def test_squads_own_files_are_read_a_row_a_question(tmp_path):
    asked = question([{"text": "Rome", "answer_start": 8}])
    assert rows(written(tmp_path, "a.json", squad(asked))) == [
        {"id": "1", "title": "t", "context": CONTEXT, "question": "Where?", "answers": ANSWERS}
    ]
    impossible = {"id": "2", "question": "Why?", "answers": [], "is_impossible": True}
    file = written(tmp_path, "b.json", squad(asked, impossible))
    assert [row["answers"] for row in rows(file)] == [ANSWERS, {"text": [], "answer_start": []}]


def test_a_question_that_says_that_it_has_no_answer_has_none_and_one_that_says_nothing_may_be_a_test(tmp_path):
    asked = [question([{"text": "Rome", "answer_start": 8}], is_impossible=says) for says in (True, False, None)]
    file = written(tmp_path, "a.json", squad(*asked, question([]), {"id": "2", "question": "Where?"}))
    nothing = {"text": [], "answer_start": []}
    assert [row["answers"] for row in rows(file)] == [nothing, ANSWERS, ANSWERS, nothing, None]


@pytest.mark.parametrize("answers", [
    {"text": ["Rome"], "answer_start": [8]}, {"text": "Rome", "answer_start": 8},
    {"text": ["Rome"], "answer_start": [8], "answer_end": [12]},
    [{"text": "Rome", "answer_start": "8", "answer_id": 3}],
])  # fmt: skip
def test_answers_may_be_the_object_of_the_hub_or_a_list(tmp_path, answers):
    assert [row["answers"] for row in rows(written(tmp_path, "a.json", squad(question(answers))))] == [ANSWERS]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([{"text": "Rome"}], "has an answer without answer_start"),
        ({"text": ["Rome"]}, "has an answer without answer_start"),
        ([{"answer_start": 8}], "has an answer without text"),
        (["Rome"], "has answers that hold lists"),
        ("Rome", "has answers that hold text"),
        ({"text": ["Rome"], "answer_start": ["end"]}, "has answers that hold objects"),
    ],
)
def test_answers_that_do_not_say_where_they_stand_are_refused(tmp_path, answers, said):
    file = written(tmp_path, "a.json", squad(question([{"text": "Rome", "answer_start": 8}]), question(answers)))
    with refused(f"question 2 of {file} {said}: {EXPECTED}"):
        rows(file)


@pytest.mark.parametrize(
    ("asked", "reason"), [({"id": "2"}, "there is no question"), ("Where?", "'str' object has no attribute 'get'")]
)
def test_what_is_no_question_is_refused_with_its_number(tmp_path, asked, reason):
    file = written(tmp_path, "c.json", squad(question([]), asked))
    with refused(f"question 2 of {file} is not written as in SQuAD (data, paragraphs, qas, answers): {reason}"):
        rows(file)


def mrqa(*detected, answers=("rome",)):
    return {"context": CONTEXT, "qas": [{"qid": "1", "question": "Where?", "answers": list(answers),
                                         "detected_answers": list(detected)}]}  # fmt: skip


HEADER = {"header": {"dataset": "SQuAD", "split": "train"}}


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


def test_files_of_mrqa_begin_with_a_header_and_have_places_of_characters(tmp_path):
    spans = [
        {"text": "Rome", "char_spans": [[8, 11]], "token_spans": [[2, 2]]},
        {"text": "rome", "char_spans": [[8, 11]]},
        {"text": "Rome", "char_spans": [[8, 12]]},
        {"text": "He", "char_spans": [[0, 1], [0, 1]]},
    ]
    found = rows(written(tmp_path, "a.jsonl", lines(HEADER, *map(mrqa, spans))))
    assert [row["answers"] for row in found] == [
        ANSWERS,
        ANSWERS,
        ANSWERS,
        {"text": ["He"] * 2, "answer_start": [0, 0]},
    ]


def test_answers_that_mrqa_has_not_found_in_the_context_are_refused(tmp_path):
    file = written(tmp_path, "a.jsonl", lines(HEADER, mrqa()))
    with refused(f"question 1 of {file} has answers that hold lists: {EXPECTED}"):
        rows(file)


def test_a_header_alone_or_before_other_rows_is_a_row(tmp_path):
    for others in ([], [{"text": "a", "label": "b"}]):
        assert rows(written(tmp_path, "a.jsonl", lines(HEADER, *others))) == [HEADER, *others]
