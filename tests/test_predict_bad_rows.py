"""``python -m distill.predict`` where some rows cannot be used."""

import csv
import json
import re

import pytest
from predicted import SAYS, answers, inputs, jsonl

from distill.data import answering


@pytest.fixture
def run(predict_command):
    return predict_command


QUOTED = "a field with , in it stands in double quotes, and a quote in it is written twice"
GOOD = {"text": "the tower"}
BAD = [
    ('{"text": ""}', "no text"),
    ('{"text": null}', "no text"),
    ('{"n": 1}', "no text"),
    ('{"text": 3}', "the column text cannot be the text: it holds numbers (3); a text is expected"),
    ('{"text": ["a", "b"]}', "the column text cannot be the text: it holds lists (['a', 'b']); a text is expected"),
    ('{"text": NaN}', "no text"),
    ('{"text": "a", "text": "b"}', "in text a key that stands twice"),
    ('{"text": "\\ud83d"}', "in text half of a pair of surrogates, '\\ud83d', which is no text"),
    (json.dumps({"text": "a" * 1_000_001}), "1,000,001 characters in text: a text may have 1,000,000"),
    ('{"text": "a", "id": 7}', "an id, unlike those before it"),
    ('{"text": ', "no JSON: Expecting value: line 1 column 10 (char 9)"),
    ("[1]", "no JSON object"),
]


def test_every_row_that_cannot_be_used_has_an_error_in_its_place(models, run, tmp_path, monkeypatch):
    monkeypatch.setattr(answering, "AT_ONCE", 5)
    lines = [json.dumps(GOOD)]
    for line, _ in BAD:
        lines += [line, json.dumps(GOOD)]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(lines) + "\n")
    code, said = run(f"model={models('classification')}", f"input={source}", f"output={target}")
    assert code == 0, said
    told = answers(target)
    assert [record["id"] for record in told] == list(range(1, len(lines) + 1))
    assert [record["error"] for record in told[1::2]] == [reason for _, reason in BAD]
    assert all(set(record) == {"id", "error"} for record in told[1::2])
    assert all(set(record) == {"id", "label", "probability"} for record in told[0::2])
    count, errors = said.splitlines()
    assert re.fullmatch(rf"25 examples in \S+ s \(.+ a second\): {target}", count)
    assert errors == "12 of them have an error for an answer, the first 2: no text"


def test_one_empty_text_of_201_leaves_200_answers(models, run, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("n,text\n" + "".join(f"{n},{'' if n == 100 else 'the tower'}\n" for n in range(201)))
    code, said = run(f"model={models('classification')}", f"input={source}", f"output={target}", "columns.id=n")
    assert code == 0, said
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "label", "probability", "error"]
    assert [row["id"] for row in rows] == [str(n) for n in range(201)]
    assert [row for row in rows if row["error"]] == [{"id": "100", "label": "", "probability": "", "error": "no text"}]
    assert sum(row["label"] in ("no", "yes") for row in rows) == 200


@pytest.mark.parametrize("name", SAYS)
def test_every_task_answers_the_rows_around_one_without_inputs(name, models, run, tmp_path):
    first, second, *_ = inputs(name)
    source, target = jsonl(tmp_path / "in.jsonl", [first, dict.fromkeys(first), second]), tmp_path / "out.jsonl"
    assert run(f"model={models(name)}", f"input={source}", f"output={target}")[0] == 0
    one, bad, other = answers(target)
    assert bad == {"id": 2, "error": f"no {next(iter(first))}"}
    assert set(one) == set(other) == {"id", *SAYS[name]}


def test_marks_that_are_wrong_and_entities_too_far_apart_are_errors(models, run, tmp_path):
    far = f"<e1>{'tower ' * 60}</e1> by <e2>Paris</e2>"
    texts = [
        "<e1>a</e1> b",
        "<e1>a</e1> in <e2>Paris</e2>",
        far,
        "</e1>a<e1> in <e2>Paris</e2>",
        "<e1>a</e1> <e2> </e2>",
    ]
    source, target = jsonl(tmp_path / "in.jsonl", [{"text": text} for text in texts]), tmp_path / "out.jsonl"
    code, said = run(f"model={models('relation_extraction')}", f"input={source}", f"output={target}")
    assert code == 0, said
    one, good, long, closed, empty = answers(target)
    assert one == {"id": 1, "error": "<e2> 0 times, not once"}
    assert set(good) == {"id", "label", "probability"}
    assert long["error"].startswith("data.max_length=48 has no room for both entities of: '<e1>tower tower")
    assert closed == {"id": 4, "error": "closes an entity before it opens it"}
    assert empty == {"id": 5, "error": "an entity without words"}


@pytest.mark.parametrize(
    ("name", "text", "reasons"),
    [
        ("in.tsv", "text\tn\nthe tower\t1\nshort\nthe\ttower\tlong\nthe\t2\n",
         {3: "1 field too few", 4: "3 fields, but the header has 2"}),
        ("in.csv", "text,n\nthe tower,1\nshort\n,2\n", {3: "1 field too few", 4: "no text"}),
        ("in.txt", "the tower\n\nParis\n", {2: "no text"}),
        ("in.json", '[{"text": "the tower"}, 3, {"text": ""}]',
         {2: "no JSON object: rows are objects with a key for each column", 3: "no text"}),
    ],
)  # fmt: skip
def test_rows_of_other_files_keep_their_places_too(models, run, tmp_path, name, text, reasons):
    (tmp_path / name).write_text(text)
    code, said = run(f"model={models('classification')}", f"input={tmp_path / name}", f"output={tmp_path}/out.jsonl")
    assert code == 0, said
    told = answers(tmp_path / "out.jsonl")
    assert {record["id"]: record["error"] for record in told if "error" in record} == reasons
    numbers = [record["id"] for record in told]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


@pytest.mark.parametrize(
    ("name", "text", "arguments", "message"),
    [
        ("in.csv", "sentence\na\nb\n", (),
         "line 2 of IN has no text; it has sentence: say which is the text with columns.text=NAME"),
        ("in.csv", "text\na\n", ("columns.id=ticket",),
         "line 2 of IN has no ticket; it has text: say which is the id with columns.id=NAME"),
        ("in.jsonl", "the tower\nof Paris\n", (), "line 1 of IN is no JSON: Expecting value: line 1 column 1 (char 0)"),
        ("in.csv", "text,text\na,b\n", (), "IN names the column text twice"),
        ("in.jsonl", '{"text": "a"}\n{"text": "b"\n\xff\n', (),
         "line 3 of IN is no UTF-8: byte 0xff at position 0; save it as UTF-8, for example, where it is of Windows, "
         "by: iconv -f CP1252 -t UTF-8"),
    ],
)  # fmt: skip
def test_a_file_is_refused_for_what_is_wrong_with_all_of_it(models, run, tmp_path, name, text, arguments, message):
    source = tmp_path / name
    source.write_text(text, encoding="latin-1")
    given = (f"model={models('classification')}", f"input={source}", f"output={tmp_path}/out.jsonl", *arguments)
    assert run(*given) == (2, f"distill: {message.replace('IN', str(source))}\n")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_column_that_only_later_rows_lack_is_an_error_of_theirs(models, run, tmp_path, monkeypatch):
    monkeypatch.setattr(answering, "AT_ONCE", 2)
    source = jsonl(tmp_path / "in.jsonl", [GOOD, GOOD, {"n": 1}, {"n": 2}, GOOD])
    assert run(f"model={models('classification')}", f"input={source}", f"output={tmp_path}/out.jsonl")[0] == 0
    assert [record.get("error") for record in answers(tmp_path / "out.jsonl")] == [
        None,
        None,
        "no text",
        "no text",
        None,
    ]


def test_the_column_of_ids_may_have_any_name(models, run, tmp_path):
    rows = [{**GOOD, "meta": {"ticket": ticket}, "id": "other"} for ticket in ("T1", None, 3)]
    source = jsonl(tmp_path / "in.jsonl", [*rows, {**GOOD, "id": 1}])
    given = (f"model={models('classification')}", f"input={source}", f"output={tmp_path}/out.jsonl")
    assert run(*given, "columns.id=meta.ticket")[0] == 0
    told = answers(tmp_path / "out.jsonl")
    assert [record["id"] for record in told] == ["T1", None, 3, None]
    assert [record.get("error") for record in told] == [None, None, None, "line 4: no meta.ticket"]
    assert run(*given)[0] == 0
    assert [record["id"] for record in answers(tmp_path / "out.jsonl")] == ["other", "other", "other", 1]


@pytest.mark.parametrize(
    ("name", "text", "arguments", "told"),
    [
        ("in.csv", "id,text,label\n7,good,x\n8,bad\n3,fine,y\n9,a,b,c\ngoes on\n", (),
         [("7", None), ("8", "1 field too few"), ("3", None), ("9", f"4 fields, but the header has 3: {QUOTED}"),
          (None, "line 6: 2 fields too few")]),
        ("in.csv", "text,id\ngood,2\na, b,3\nfine,4\n", (),
         [("2", None), (None, f"line 3: 3 fields, but the header has 2: {QUOTED}"), ("4", None)]),
        ("in.tsv", "ticket\ttext\tn\nT1\tgood\t1\nT2\tbad\n", ("columns.id=ticket",),
         [("T1", None), ("T2", "1 field too few")]),
        ("in.jsonl",
         '{"id": 7, "text": "good"}\n{"id": 8, "text": "bad\n{"id": "a", "text": }\n[1]\n{"text": "a"}\n', (),
         [(7, None), (8, "no JSON: Unterminated string starting at: line 1 column 19 (char 18)"),
          ("a", "no JSON: Expecting value: line 1 column 21 (char 20)"), (None, "line 4: no JSON object"),
          (None, "line 5: no id, unlike those before it")]),
        ("in.jsonl", '{"text": "good", "id": 3}\n{"text": "bad", "id": 4\n{"id": 1.5, "text": \n', (),
         [(3, None), (None, "line 2: no JSON: Expecting ',' delimiter: line 1 column 24 (char 23)"),
          (None, "line 3: no JSON: Expecting value: line 1 column 21 (char 20)")]),
        ("in.jsonl", '{"text": "good"}\n{"id": 8, "text": \n', (),
         [(1, None), (2, "no JSON: Expecting value: line 1 column 19 (char 18)")]),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_never_has_the_id_of_another(models, run, tmp_path, name, text, arguments, told):
    """Its own where that is beyond doubt, else none, and its line in the error; without ids its number."""
    (tmp_path / name).write_text(text)
    given = (f"model={models('classification')}", f"input={tmp_path / name}", f"output={tmp_path}/out.jsonl")
    code, said = run(*given, *arguments)
    assert code == 0, said
    assert [(record["id"], record.get("error")) for record in answers(tmp_path / "out.jsonl")] == told
    first = next(f"{key!r}: {reason}" if key is not None else reason for key, reason in told if reason)
    assert first in said


def test_settings_that_are_none_of_the_allowed_ones_are_refused(run):
    for argument, allowed in (
        ("on_bad=skip", "answer, refuse"),
        ("output_format=txt", "jsonl, tsv, csv, json, parquet"),
        ("input_format=xlsx", "tsv, csv, jsonl, json, ndjson, conll, iob, iob2, bio, bioes, conllu, txt, parquet"),
    ):
        said = run("model=a", "input=b.jsonl", "output=c.jsonl", argument)
        assert said == (2, f"distill: {argument}: allowed is one of {allowed}\n")
