"""Entities as spans of characters, in the files that tools for annotating write."""

import json
import re

import pytest
from datasets import Dataset

from distill.data import files, formats
from distill.data.columns import take
from distill.data.formats import Options, Unreadable
from distill.data.formats.character_spans import words_and_tags
from distill.data.formats.spans_as_written import Span
from distill.errors import DataError

TEXT = "In Paris, Ada Lovelace was seen!"
WORDS = ["In", "Paris", ",", "Ada", "Lovelace", "was", "seen", "!"]
TAGS = ["O", "B-LOC", "O", "B-PER", "I-PER", "O", "O", "O"]
SPANS = [[3, 8, "LOC"], [10, 22, "PER"]]
ROLES, NAMED = {"tokens": "texts", "label": "tags"}, {"tokens": "tokens", "label": "ner_tags"}


def objects(start, end, label):
    return [{start: span[0], end: span[1], label: span[2]} for span in SPANS]


def of_label_studio(labels):
    values = [{"start": start, "end": end, "text": TEXT[start:end], "labels": [label]} for start, end, label in labels]
    result = [{"value": value, "type": "labels", "from_name": "label"} for value in values]
    return {"id": 7, "annotations": [{"was_cancelled": True, "result": []}, {"result": result}], "data": {"text": TEXT}}


ROWS = {
    "doccano": {"text": TEXT, "label": SPANS},
    "doccano with relations": {"id": 1, "text": TEXT, "entities": objects("start_offset", "end_offset", "label")},
    "objects": {"sentence": TEXT, "entities": objects("start", "end", "entity_group")},
    "prodigy": {"text": TEXT, "spans": objects("start", "end", "label"), "answer": "accept"},
    "label studio": of_label_studio(SPANS),
    "label studio, short": {
        "text": TEXT,
        "label": [{"start": 3, "end": 8, "labels": ["LOC"]}, {"start": 10, "end": 22, "labels": ["PER"]}],
    },
}


def read(tmp_path, *rows, name="train.jsonl", **rules):
    file = tmp_path / name
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    splits = files.read(file, options=Options(words=True, **rules))
    return take(dict(splits), ROLES, NAMED, "mine", problems=splits.problems, absent=splits.absent), splits.notes


@pytest.mark.parametrize("form", ROWS)
def test_a_text_with_spans_becomes_words_with_tags(tmp_path, form):
    taken, notes = read(tmp_path, ROWS[form], ROWS[form])
    assert taken.splits["train"][0] == {"tokens": WORDS, "label": TAGS}
    assert "holds spans of characters" in notes[-1]


def test_a_json_list_of_tasks_is_read_as_lines_of_them_are(tmp_path):
    (tmp_path / "train.json").write_text(json.dumps([ROWS["label studio"]] * 2, indent=1), encoding="utf-8")
    splits = files.read(tmp_path / "train.json", options=Options(words=True))
    assert take(dict(splits), ROLES, NAMED, "mine").splits["train"][1] == {"tokens": WORDS, "label": TAGS}


def test_words_are_the_tokens_of_the_tool_where_it_gives_them(tmp_path):
    tokens = [{"text": "In", "start": 0, "end": 2}, {"text": "Paris,", "start": 3, "end": 9}]
    row = {"text": "In Paris,", "tokens": tokens, "spans": [{"start": 3, "end": 8, "label": "LOC"}]}
    taken, _ = read(tmp_path, row, row)
    assert taken.splits["train"][0] == {"tokens": ["In", "Paris", ","], "label": ["O", "B-LOC", "O"]}


ARGILLA = {
    "text": "In Paris, Ada",
    "tokens": ["In", "Paris,", "Ada"],
    "annotation": [{"label": "LOC", "start": 3, "end": 9}],
}


def test_words_of_the_tool_are_found_in_the_text_where_it_does_not_say_their_places(tmp_path):
    taken, notes = read(tmp_path, ARGILLA, {**ARGILLA, "annotation": []})
    assert taken.splits["train"].to_list() == [
        {"tokens": ["In", "Paris,", "Ada"], "label": ["O", "B-LOC", "O"]},
        {"tokens": ["In", "Paris,", "Ada"], "label": ["O", "O", "O"]},
    ]
    assert "text is split into the words of tokens, each with a tag" in notes[0]


@pytest.mark.parametrize("tokens", [["In", "Rome", "Ada"], ["In", "Ada"]])
def test_words_that_do_not_stand_in_their_text_are_named_by_their_line(tmp_path, tokens):
    reason = f"has in annotation spans of a text that does not have the word {tokens[1]!r} where it should stand"
    with pytest.raises(DataError, match=f"^{re.escape(f'line 2 of {tmp_path}/train.jsonl {reason}')}$"):
        read(tmp_path, ARGILLA, {**ARGILLA, "tokens": tokens})


def test_places_that_are_texts_of_digits_are_numbers(tmp_path):
    spans = [{"start": "3", "end": "8", "label": "LOC"}, {"start": "10", "end": "22", "label": "PER"}]
    taken, _ = read(tmp_path, *[{"text": TEXT, "spans": spans}] * 2)
    assert taken.splits["train"]["label"][0] == TAGS


SPACY = [TEXT, {"entities": SPANS}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.json", [SPACY, SPACY]),
        ("train.json", {"classes": ["LOC", "PER"], "annotations": [None, SPACY, SPACY]}),
        ("train.jsonl", None),
    ],
)
def test_training_data_of_spacy_is_read(tmp_path, name, content):
    lines = f"{json.dumps(SPACY)}\n{json.dumps(SPACY)}\n"
    (tmp_path / name).write_text(json.dumps(content) if content else lines, encoding="utf-8")
    splits = files.read(tmp_path / name, options=Options(words=True))
    assert take(dict(splits), ROLES, NAMED, "mine").splits["train"].to_list() == [{"tokens": WORDS, "label": TAGS}] * 2


def test_categories_of_spacys_training_data_are_an_object_of_labels(tmp_path):
    (tmp_path / "train.json").write_text(json.dumps([["a b", {"cats": {"X": 1.0, "Y": 0.0}}]] * 2), encoding="utf-8")
    roles = {"text": "text", "label": "labels"}
    assert take(dict(files.read(tmp_path)), roles, {}, "mine").splits["train"]["label"][:] == [["X"], ["X"]]


def test_a_text_without_entities_has_outside_tags_alone(tmp_path):
    taken, _ = read(tmp_path, {"text": TEXT, "label": []}, {"text": "None here.", "label": []})
    assert taken.splits["train"][1] == {"tokens": ["None", "here", "."], "label": ["O", "O", "O"]}


def test_a_span_within_a_word_cuts_it():
    assert words_and_tags("pre-Paris era", [Span(4, 9, "LOC")]) == (["pre-", "Paris", "era"], ["O", "B-LOC", "O"])


def test_white_space_at_the_ends_of_a_span_is_left_out():
    assert words_and_tags("In Paris now", [Span(2, 9, "LOC")])[1] == ["O", "B-LOC", "O"]


def test_a_span_that_stands_twice_counts_once():
    assert words_and_tags("In Paris", [Span(3, 8, "LOC"), Span(3, 8, "LOC", "Paris")])[1] == ["O", "B-LOC"]


def test_neighbours_of_one_label_stay_two_entities():
    assert words_and_tags("Ada Grace", [Span(0, 3, "PER"), Span(4, 9, "PER")])[1] == ["B-PER", "B-PER"]


def test_characters_without_spaces_between_words_are_words():
    assert words_and_tags("我在北京。", [Span(2, 4, "LOC")]) == (
        ["我", "在", "北", "京", "。"],
        ["O", "O", "B-LOC", "I-LOC", "O"],
    )


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([[3, 8, "LOC"], [0, 99, "PER"]], "a span from 0 to 99 in a text of 32 characters"),
        ([[8, 3, "LOC"]], "a span from 8 to 3 in a text of 32 characters"),
        ([[3, 8, "LOC"], [6, 13, "PER"]], "spans that overlap, 'Paris' and 'is, Ada': a word has one tag"),
        ([{"start": 4, "end": 9, "label": "LOC", "text": "Paris"}], "the span 'Paris', and its characters are 'aris,'"),
    ],
)
def test_spans_that_cannot_be_are_named_by_their_line(tmp_path, spans, message):
    with pytest.raises(DataError, match=f"^{re.escape(f'line 2 of {tmp_path}/train.jsonl has in label {message}')}$"):
        read(tmp_path, ROWS["doccano"], {"text": TEXT, "label": spans})


def test_a_file_with_braces_in_its_name_is_named_as_it_is(tmp_path):
    message = f"line 1 of {tmp_path}/{{a}}.jsonl has in label a span from 0 to 99 in a text of 32 characters"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read(tmp_path, {"text": TEXT, "label": [[0, 99, "PER"]]}, name="{a}.jsonl")


def test_a_row_of_bad_spans_can_be_left_out(tmp_path):
    file = tmp_path / "train.jsonl"
    bad = {"text": TEXT, "label": [[0, 99, "PER"]]}
    file.write_text("\n".join(map(json.dumps, [ROWS["doccano"], bad])), encoding="utf-8")
    rows = [row for _, row in formats.rows(file, Options(words=True, keep_bad=True)).rows]
    assert rows[0]["text"] == WORDS
    assert isinstance(rows[1], Unreadable)


@pytest.mark.parametrize(
    "row",
    [
        {"tokens": WORDS, "ner_tags": TAGS, "spans": SPANS, "text": TEXT},
        {"tokens": WORDS, "spans": [{"start": 3, "end": 5, "label": "PER"}], "text": TEXT},
        {"tokens": WORDS, "spans": [[0, 1, "PER"]], "name": "a.txt"},
        {"text": TEXT, "label": "O B-LOC O"},
        {"text": TEXT, "label": [[0, 1]]},
        {"text": TEXT, "label": [[3, "8", "LOC"]]},
    ],
)
def test_rows_of_anything_else_stay_as_they_are(tmp_path, row):
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps(row), encoding="utf-8")
    found = formats.rows(file, Options(words=True))
    assert [each for _, each in found.rows] == [row]
    assert found.notes == ()


def test_spans_are_left_alone_where_no_words_are_to_be_labelled(tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps(ROWS["doccano"]), encoding="utf-8")
    assert [each for _, each in formats.rows(file, Options()).rows] == [ROWS["doccano"]]


@pytest.mark.parametrize("form", ["doccano with relations", "objects", "label studio, short"])
def test_spans_in_parquet_are_read_as_those_in_json_are(tmp_path, form):
    file = tmp_path / "train.parquet"
    Dataset.from_list([ROWS[form], {**ROWS[form]}]).to_parquet(file)
    splits = files.read(file, options=Options(words=True))
    assert take(dict(splits), ROLES, NAMED, "mine").splits["train"][:] == {"tokens": [WORDS] * 2, "label": [TAGS] * 2}
    assert "holds spans of characters" in splits.notes[0]


def test_objects_in_parquet_that_are_no_spans_stay(tmp_path):
    file = tmp_path / "train.parquet"
    Dataset.from_list([{"tokens": ["a"], "tags": ["O"], "more": [{"start": 1, "end": 2}]}]).to_parquet(file)
    splits = files.read(file, options=Options(words=True))
    assert splits["train"]["more"][:] == [[{"start": 1, "end": 2}]]


def of_units(text, name, encoding):
    """Places of a name in the units of an encoding, of which each has two bytes, or one."""
    size = 2 if encoding.startswith("utf-16") else 1
    start = len(text[: text.index(name)].encode(encoding)) // size
    return [start, start + len(name.encode(encoding)) // size, "PER"]


NAMES = ["Anna", "Bob", "Cem", "Dora", "Eve", "Finn", "Gil", "Ha", "Ida", "Jo", "Kim", "Lea"]
WAY = "and nearly all such spans fit words: write places of characters, counted from 0, the end not included"


def refused_spans(tmp_path, rows, message):
    with pytest.raises(DataError, match=f"^{re.escape(f'line {message}')}$"):
        read(tmp_path, *rows)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (4, 7, "4 to 7, 'Ann', that begins or ends within a word; where the end is included it"),
        (5, 9, "5 to 9, 'nna ', that begins or ends within a word; where the first character is 1 it"),
        (
            5,
            8,
            "5 to 8, 'nna', that begins or ends within a word; where the first character is 1 and the end included it",
        ),
    ],
)
def test_spans_that_nearly_all_cut_words_are_refused_with_the_count_that_fits(tmp_path, start, end, said):
    rows = [
        {"text": f"Now {each} speaks", "label": [[start, end + len(each) - 4, "PER"]]}
        for each in NAMES
        if len(each) > 2
    ]
    rows = [*rows, {"text": "none here", "label": []}, {"text": "Mia spoke", "label": [[0, 3, "PER"]]}]
    message = f"1 of {tmp_path}/train.jsonl has in label a span from {said} is 'Anna', {WAY}"
    refused_spans(tmp_path, rows, message)


@pytest.mark.parametrize(
    ("before", "encoding", "unit"),
    [("\N{GRINNING FACE} It is", "utf-16-le", "UTF-16 units are"), ("Größe hat", "utf-8", "bytes of UTF-8 are")],
)
def test_places_of_other_units_are_told_by_the_spans_behind_wide_characters(tmp_path, before, encoding, unit):
    texts = [f"{before} {each}, no?" for each in NAMES[:4]]
    plain = [{"text": f"{each} is here", "label": [[0, len(each), "PER"]]} for each in NAMES]
    rows = [{"text": text, "label": [of_units(text, name, encoding)]} for text, name in zip(texts, NAMES, strict=False)]
    start, end, _ = rows[0]["label"][0]
    said = f"a span from {start} to {end}, {texts[0][start:end]!r}, that begins or ends within a word"
    message = f"13 of {tmp_path}/train.jsonl has in label {said}; where {unit} counted it is 'Anna', {WAY}"
    refused_spans(tmp_path, [*plain, *rows], message)


def test_places_that_leave_the_returns_of_lines_out_are_told(tmp_path):
    rows = [{"text": f"So:\r\n{each} spoke", "label": [[4, 4 + len(each), "PER"]]} for each in NAMES]
    said = "a span from 4 to 8, '\\nAnn', that begins or ends within a word; where CR LF counts as one it is 'Anna'"
    refused_spans(tmp_path, rows, f"1 of {tmp_path}/train.jsonl has in label {said}, {WAY}")


def test_spans_that_nearly_all_begin_within_words_are_refused_though_no_count_fits(tmp_path):
    rows = [{"text": f"Then there {each}", "label": [[2, 4, "PER"]]} for each in NAMES]
    said = (
        "a span from 2 to 4, 'en', that begins or ends within a word, as nearly all spans of the file: write places of "
        "characters, counted from 0, the end not included, or words as tokens"
    )
    refused_spans(tmp_path, rows, f"1 of {tmp_path}/train.jsonl has in label {said}")


def row(text, name, *starts, **more):
    return {"text": text, "label": [[start, start + len(name), "PER"] for start in starts], **more}


@pytest.mark.parametrize(
    "rows",
    [
        [row(f"{each}s Haus", each, 0) for each in NAMES[:9]],
        [row(f"{each}lar {each}", each, 0) for each in NAMES],
        [row(f"pre-{each} {each}", each, 4, 5 + len(each)) for each in NAMES],
        [row(f"서울에서 {each}", "서울", 0) for each in NAMES],
        [row(f"  {each}  ", f" {each} ", 1) for each in NAMES],
        [row(f"ab{each}", each, 2, tokens=[{"start": 2, "end": 2 + len(each)}]) for each in NAMES],
    ],
    ids=["few", "endings", "some", "particles", "white space", "with tokens"],
)
def test_spans_that_may_be_meant_to_cut_words_stay(tmp_path, rows):
    taken, notes = read(tmp_path, *rows)
    assert len(taken.splits["train"]) == len(rows)
    assert "holds spans of characters" in notes[-1]


def test_spans_that_say_their_characters_may_cut_all_words(tmp_path):
    spans = [{"start": 2, "end": 2 + len(each), "label": "PER", "text": each} for each in NAMES]
    taken, _ = read(tmp_path, *({"text": f"ab{span['text']}", "label": [span]} for span in spans))
    assert taken.splits["train"][0] == {"tokens": ["ab", "Anna"], "label": ["O", "B-PER"]}


PREFIXED = "labels in entities begin as tags do, with B- and the like: spans that go on are joined"


@pytest.mark.parametrize(
    "spans",
    [
        [[3, 8, "B-LOC"], [10, 13, "B-PER"], [14, 22, "I-PER"]],
        [[3, 8, "U-LOC"], [10, 13, "B-PER"], [14, 22, "L-PER"]],
        [[0, 2, "O"], [3, 8, "B-LOC"], [10, 22, "B-PER"]],
        [[3, 5, "B-LOC"], [5, 8, "B-LOC"], [10, 13, "B-PER"], [14, 22, "I-PER"]],
    ],
)
def test_spans_with_the_labels_of_tags_are_joined_to_entities(tmp_path, spans):
    taken, notes = read(tmp_path, {"text": TEXT, "entities": spans})
    assert taken.splits["train"][0] == {"tokens": WORDS, "label": TAGS}
    assert notes[-1] == PREFIXED


def test_the_pieces_of_words_that_a_pipeline_of_transformers_labels_are_joined(tmp_path):
    pieces = [
        ("B-LOC", 3, 6, "Par"),
        ("I-LOC", 6, 8, "##is"),
        ("B-PER", 10, 13, "▁Ada"),
        ("I-PER", 14, 22, "ĠLovelace"),
    ]
    entities = [
        {"entity": tag, "score": 0.9, "index": 1, "word": word, "start": start, "end": end}
        for tag, start, end, word in pieces
    ]
    taken, _ = read(tmp_path, {"text": TEXT, "entities": entities})
    assert taken.splits["train"][0] == {"tokens": WORDS, "label": TAGS}


@pytest.mark.parametrize("labels", [("B-cell", "T-cell"), ("E-MAIL", "I-Pad")])
def test_names_that_only_look_like_tags_stay(tmp_path, labels):
    spans = [[3, 8, labels[0]], [10, 22, labels[1]]]
    taken, notes = read(tmp_path, {"text": TEXT, "entities": spans})
    tags = taken.splits["train"]["label"][0]
    assert tags[1] == f"B-{labels[0]}"
    assert tags[4] == f"I-{labels[1]}"
    assert PREFIXED not in notes


def test_spans_with_the_labels_of_tags_that_overlap_are_refused(tmp_path):
    said = f"^line 1 of {re.escape(str(tmp_path))}/train.jsonl has in entities spans that overlap, 'Paris' and 'aris': "
    with pytest.raises(DataError, match=f"{said}a word has one tag$"):
        read(tmp_path, {"text": TEXT, "entities": [[3, 8, "B-LOC"], [4, 8, "I-LOC"]]})
