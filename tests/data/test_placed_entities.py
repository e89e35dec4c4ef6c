"""Relations whose entities are told by their places, in the files of TACRED and OpenNRE."""

import json
import re

import pytest
from datasets import Dataset

from distill.data import files, formats
from distill.data.columns import take
from distill.data.formats import Options, Unreadable
from distill.errors import DataError

WORDS = ["In", "1900", "Ada", "Lovelace", "moved", "to", "Rome", "."]
TEXT = "Ada Lovelace moved to Rome."
TACRED = {
    "id": "e1", "relation": "per:city", "token": WORDS, "subj_start": 2, "subj_end": 3, "obj_start": 6, "obj_end": 6,
    "subj_type": "PERSON", "obj_type": "CITY", "stanford_pos": ["NN"] * 8, "stanford_head": [1] * 8,
}  # fmt: skip
OPEN_NRE = {"relation": "moved to", "h": {"name": "Ada Lovelace", "pos": [2, 4]}, "t": {"name": "Rome", "pos": [6, 7]}}
MARKED = "In 1900 <e1>Ada Lovelace</e1> moved to <e2>Rome</e2> ."


def read(tmp_path, *rows, **options):
    file = tmp_path / "train.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file, formats.rows(file, Options(marked=True, **options))


@pytest.mark.parametrize("row", [TACRED, {**OPEN_NRE, "token": WORDS}], ids=["tacred", "open nre"])
def test_words_with_places_become_a_text_with_marks(tmp_path, row):
    file, _ = read(tmp_path, row, {**row, "relation": "none"})
    splits = files.read(file, options=Options(marked=True))
    taken = take(dict(splits), {"text": "marked", "label": "label"}, {"text": "text", "label": "label"}, "mine")
    assert taken.splits["train"][0] == {"text": MARKED, "label": row["relation"]}
    assert splits.notes[0].startswith("entities are told by their places")


def test_places_of_characters_are_marked_in_the_text(tmp_path):
    row = {**OPEN_NRE, "text": TEXT, "h": {"pos": [0, 12]}, "t": {"pos": [22, 26]}}
    _, found = read(tmp_path, row)
    assert [each["text"] for _, each in found.rows] == ["<e1>Ada Lovelace</e1> moved to <e2>Rome</e2>."]


def test_the_object_may_stand_before_the_subject(tmp_path):
    _, found = read(tmp_path, {**TACRED, "subj_start": 6, "subj_end": 6, "obj_start": 2, "obj_end": 3})
    assert [each["text"] for _, each in found.rows] == ["In 1900 <e2>Ada Lovelace</e2> moved to <e1>Rome</e1> ."]


ENDS_AFTER = {**TACRED, "subj_end": 4, "obj_end": 7}
SMALL = {**ENDS_AFTER, "token": [word.lower() for word in WORDS]}


@pytest.mark.parametrize(
    "rows",
    [[SMALL] * 5, [SMALL, {**SMALL, "token": SMALL["token"][:7]}], [ENDS_AFTER]],
    ids=["many rows", "an end of a text", "names"],
)
def test_ends_that_are_not_included_are_told_by_their_file(tmp_path, rows):
    file, found = read(tmp_path, *rows)
    assert next(each["text"] for _, each in found.rows).lower() == MARKED.lower()
    assert found.notes[1:] == (f"ends of entities are not included in {file.name}, unlike those of TACRED itself",)


def test_one_entity_of_a_single_word_says_that_ends_are_included(tmp_path):
    names = {**TACRED, "token": [*WORDS[:7], "City"], "obj_end": 7}
    _, found = read(tmp_path, *[names] * 20, TACRED)
    assert next(each["text"] for _, each in found.rows) == "In 1900 <e1>Ada Lovelace</e1> moved to <e2>Rome City</e2>"
    assert len(found.notes) == 1


def test_names_of_two_words_each_say_that_ends_are_included(tmp_path):
    words = ["Ada", "Lovelace", "moved", "to", "New", "York", "."]
    row = {**TACRED, "token": words, "subj_start": 0, "subj_end": 1, "obj_start": 4, "obj_end": 5}
    _, found = read(tmp_path, *[row] * 20)
    assert next(each["text"] for _, each in found.rows) == "<e1>Ada Lovelace</e1> moved to <e2>New York</e2> ."
    assert len(found.notes) == 1


def test_a_few_entities_of_which_ends_could_be_either_are_refused(tmp_path):
    reason = (
        "does not tell whether subj_end and obj_end are included, as in TACRED, since no entity of its 2 starts where "
        "it ends: write h and t, each with pos, a start and an end that is not included"
    )
    with pytest.raises(DataError) as caught:
        read(tmp_path, SMALL)
    assert str(caught.value) == f"{tmp_path / 'train.jsonl'} {reason}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"obj_end": 8}, "has an entity from 6 to 9 in 8 words"),
        ({"subj_start": 3, "subj_end": 2}, "has an entity from 3 to 3 in 8 words"),
        ({"obj_start": 3}, "has entities that overlap, which marks cannot tell apart"),
        ({"obj_start": "6"}, "has '6' for the place of an entity, which is a whole number"),
        ({"token": "In 1900"}, "has no list of words as token, and no text"),
    ],
)
def test_places_that_cannot_be_are_named_by_their_line(tmp_path, change, message):
    file, found = read(tmp_path, TACRED, {**TACRED, **change})
    with pytest.raises(DataError, match=f"^{re.escape(f'line 2 of {file} {message}')}$"):
        list(found.rows)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"text": TEXT, "h": {"name": "Ada Lovelace", "pos": [0, 11]}, "t": {"name": "Rome", "pos": [22, 26]}},
            "has the entity 'Ada Lovelace', and its characters 0 to 11 are 'Ada Lovelac'",
        ),
        (
            {"text": TEXT, "h": {"name": "Ada Lovelace", "pos": [0, 12]}, "t": {"name": "Rome", "pos": [21, 25]}},
            "has the entity 'Rome', and its characters 21 to 25 are ' Rom'",
        ),
        (
            {"token": WORDS, "h": {"name": "ada lovelace", "pos": [2, 3]}, "t": {"name": "rome", "pos": [6, 7]}},
            "has the entity 'ada lovelace', and its words 2 to 3 are 'Ada'",
        ),
    ],
)
def test_an_entity_that_says_another_text_than_its_place_has_is_refused(tmp_path, row, message):
    file, found = read(tmp_path, {**OPEN_NRE, "token": WORDS}, {**row, "relation": "none"})
    with pytest.raises(DataError, match=f"^{re.escape(f'line 2 of {file} {message}')}$"):
        list(found.rows)


def test_a_name_may_be_written_otherwise_or_be_one_of_a_knowledge_base(tmp_path):
    names = {"h": {"name": "ada  LOVELACE", "pos": [2, 4]}, "t": {"name": "Roma (Q220)", "pos": [6, 7]}}
    _, found = read(tmp_path, {"token": WORDS, "relation": "none", **names})
    assert [each["text"] for _, each in found.rows] == [MARKED]


def test_a_row_without_places_can_be_left_out(tmp_path):
    _, found = read(tmp_path, TACRED, {"text": MARKED, "relation": "per:city"}, keep_bad=True)
    (_, first), (_, second) = found.rows
    assert first["text"] == MARKED
    assert isinstance(second, Unreadable)


@pytest.mark.parametrize("options", [{"marked": True}, {}])
def test_texts_with_marks_stay_as_they_are(tmp_path, options):
    file = tmp_path / "train.jsonl"
    rows = [{"text": MARKED, "label": "a", "h": "Ada"}] if options else [TACRED]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert [row for _, row in formats.rows(file, Options(**options)).rows] == rows


FEW_REL = {
    "with objects": {"head": {"text": "ada", "indices": [[2, 3]]}, "tail": {"text": "rome", "indices": [[6], [7]]}},
    "with lists": {"h": ["ada lovelace", "Q1", [[2, 3]]], "t": ["rome", "Q2", [[6]]]},
}


@pytest.mark.parametrize("form", FEW_REL)
def test_the_numbers_of_the_words_of_an_entity_tell_its_place(tmp_path, form):
    _, found = read(tmp_path, {"relation": "P1", "tokens": WORDS, **FEW_REL[form]})
    assert list(found.rows) == [(1, {"relation": "P1", "text": MARKED})]


def test_a_file_may_hold_its_rows_by_their_relation(tmp_path):
    row = {"tokens": WORDS, **FEW_REL["with lists"]}
    (tmp_path / "train.json").write_text(json.dumps({"P1": [row, row], "P2": [row]}), encoding="utf-8")
    found = formats.rows(tmp_path / "train.json", Options(marked=True))
    assert [row["relation"] for _, row in found.rows] == ["P1", "P1", "P2"]


def test_parquet_with_places_is_read_as_json_is(tmp_path):
    rows = [{**TACRED, "relation": relation} for relation in ("a", "b")]
    Dataset.from_list(rows).to_parquet(tmp_path / "train.parquet")
    splits = files.read(tmp_path, options=Options(marked=True))
    assert splits["train"]["text"][:] == [MARKED, MARKED]
    assert "token" in files.read(tmp_path)["train"].column_names


def test_places_in_a_data_set_that_was_saved_are_named_with_the_kinds_of_files_that_are_read(tmp_path):
    columns = ("relation", "token", "subj_start", "subj_end", "obj_start", "obj_end")
    rows = Dataset.from_list([{key: TACRED[key] for key in columns}])
    said = (
        f"mine has no column text; it has {', '.join(columns)}: say which one is the text with data.columns.text=NAME; "
        "its entities are told by their places, which are read from JSON and Parquet: save each split with to_json or "
        "to_parquet"
    )
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        take({"train": rows}, {"text": "marked", "label": "label"}, {}, "mine")
