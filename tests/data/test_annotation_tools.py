"""What was decided in Label Studio and Prodigy becomes a column."""

import json

import pytest

from distill.data import files, sources
from distill.data.columns import Rules, take
from distill.data.formats.rows import Options
from distill.data.streaming import read
from distill.errors import DataError


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


def test_choices_are_a_list_in_every_row_of_a_task_with_several_labels(tmp_path):
    rows, _ = columns(tmp_path, task("dull", choice("bad")), task("warm", choice("good", "long")), several=True)
    assert rows["label"][:] == [["bad"], ["good", "long"]]


def test_second_choices_count_however_late_the_first_of_them_comes(tmp_path):
    late = [*[task("dull", choice("bad"))] * 1001, task("warm", choice("good", "long"))]
    assert columns(tmp_path, *late, several=True)[0]["label"][-1] == ["good", "long"]
    options = [{"id": "good"}, {"id": "long"}]
    late = [
        *[answer("dull", options=options, accept=["bad"])] * 1001,
        answer("warm", options=options, accept=["a", "b"]),
    ]
    assert columns(tmp_path, *late, several=True)[0]["label"][-1] == ["a", "b"]


def test_a_second_choice_is_refused_where_a_row_has_one_label(tmp_path):
    file = written(tmp_path, task("dull", choice("bad")), task("warm", choice("good", "long")))
    found = files.read(file)
    reason = (
        f"line 2 of {file} has in label ['good', 'long'] (a list), but line 1 has 'bad' (text): a column has one type"
    )
    assert found.problems["train"] == {"label": reason}


def test_every_name_on_the_paths_of_a_taxonomy_is_a_label(tmp_path):
    paths = {"from_name": "topic", "value": {"taxonomy": [["A", "B"], ["A", "C"], ["D"]]}}
    rows, _ = columns(tmp_path, task("warm", paths), several=True)
    assert rows["label"][:] == [["A", "B", "C", "D"]]


@pytest.mark.parametrize(("rules", "nothing"), [({}, None), ({"several": True}, [])])
def test_a_task_that_was_handed_in_empty_has_no_label_or_none_of_several(tmp_path, rules, nothing):
    rows, _ = columns(tmp_path, task("dull"), task("warm", choice("good")), **rules)
    assert rows["label"][0] == nothing


def test_a_question_that_was_left_out_has_no_answer(tmp_path):
    both = task("warm", choice("good"), choice("film", question="topic"))
    rows, _ = columns(tmp_path, both, task("dull", choice("bad")), task("odd"))
    assert (rows["sentiment"][:], rows["topic"][:]) == (["good", "bad", None], ["film", None, None])


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


def test_a_task_that_nobody_has_done_is_not_one_to_which_no_label_applies(tmp_path):
    file = written(tmp_path, task("warm", choice("a", "b")), {**task("dull"), "annotations": []}, task("odd"))
    found = files.read(file, options=Options(several=True))
    roles = {"text": "text", "label": "labels"}
    taken = take(found, roles, {}, "here", Rules(drop_bad=True), found.problems, found.absent)
    assert taken.splits["train"]["label"][:] == [["a", "b"], []]


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


def loaded(file, **named):
    request = sources.Wanted("mine", "local", str(file), None, None)
    return sources.load(request, {"text": "text", "label": "label"}, {"text": "text", "label": "label", **named}, dict)


def test_rejected_rows_stay_where_the_answer_is_the_label(tmp_path):
    file = written(tmp_path, *[answer(said, label="spam", answer=said) for said in ("accept", "reject", "ignore")])
    source = loaded(file, label="answer")
    assert source.splits["train"]["label"][:] == ["accept", "reject"]
    assert source.notes == ("rows of Prodigy: those that were ignored are left out; the others' answer is the label",)


def test_one_label_of_all_accepted_rows_names_the_answer_as_the_way_out(tmp_path):
    file = written(tmp_path, answer("warm", label="spam"), answer("dull", label="spam", answer="reject"))
    with pytest.raises(DataError) as caught:
        loaded(file)
    assert str(caught.value) == (
        f"all rows of {file} that were accepted in Prodigy have the label 'spam': where accepting and rejecting it are "
        "the labels, say so with data.columns.label=answer"
    )


def test_two_labels_of_accepted_rows_are_learned(tmp_path):
    file = written(tmp_path, answer("warm", label="spam"), answer("dull", label="ham"), answer("odd", answer="reject"))
    assert loaded(file).splits["train"]["label"][:] == ["spam", "ham"]


def test_options_beside_an_answer_are_prodigys_without_its_own_keys(tmp_path):
    given = {"text": "warm", "options": [{"id": "good"}], "accept": ["good"], "answer": "accept"}
    rows, _ = columns(tmp_path, given, {**given, "text": "dull", "answer": "reject"})
    assert (rows["text"][:], rows["label"][:]) == (["warm"], ["good"])


def test_texts_to_predict_all_stay(tmp_path):
    file = written(tmp_path, answer("warm", label="good"), answer("dull", label="good", answer="reject"))
    assert [row["text"] for _, row in read(file)] == ["warm", "dull"]


def test_texts_without_labels_all_stay(tmp_path):
    file = written(tmp_path, answer("warm", label="good"), answer("dull", label="good", answer="reject"))
    rows, notes, _ = sources.unlabelled(str(file), {"text": "text"}, {}, Rules())
    assert (rows["text"][:], notes) == (["warm", "dull"], [])


def test_a_column_that_is_called_answer_alone_is_not_prodigys(tmp_path):
    rows, notes = columns(tmp_path, {"text": "warm", "answer": "accept"}, {"text": "dull", "answer": "reject"})
    assert rows["answer"][:] == ["accept", "reject"]
    assert notes == []


def test_one_choice_as_a_text_and_several_as_an_object_are_both_choices(tmp_path):
    rows = [{"text": "warm", "topic": "a, b"}, {"text": "dull", "topic": {"choices": ["c", "d"]}}, {"text": "odd"}]
    assert columns(tmp_path, *rows, several=True)[0]["topic"][:] == [["a, b"], ["c", "d"], None]


def test_several_choices_in_a_table_are_read_beside_one(tmp_path):
    (tmp_path / "train.csv").write_text('text,label\nwarm,a\ndull,"{""choices"":[""a"",""b""]}"\n', encoding="utf-8")
    taken = take(files.read(tmp_path), {"text": "text", "label": "labels"}, {}, "here")
    assert taken.splits["train"]["label"][:] == [["a"], ["a", "b"]]
