import csv
import gzip
import io
import json
import os
import re
from pathlib import Path

import pytest
from pyarrow import parquet

from distill.data import sinks
from distill.data.cells import listed
from distill.data.streaming import read
from distill.data.writing import ENDINGS, kind, printing, refuse_target, writing
from distill.errors import DataError


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def write(sink, rows):
    for row in rows:
        sink.write(row)


def written(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


ANSWERS = [
    {"id": "T1", "label": 'Zürich, "yes"', "probability": 0.5},
    {"id": "T2", "error": "no text"},
    {"id": "T3", "label": "b", "probability": 1.0},
]
FILLED = [{"label": None, "probability": None, "error": None, **answer} for answer in ANSWERS]
"""The answers as a table has them."""


def test_the_kind_of_a_file_is_its_ending():
    kinds = ["jsonl", "tsv", "csv", "json", "parquet", "jsonl", "tsv", "csv", "json"]
    assert [kind(Path(f"a.b{ending}")) for ending in ENDINGS] == kinds
    for name in ("jsonl", "a.parquet.gz", "a.txt"):
        with pytest.raises(DataError, match=f"^{name}: answers are not written in this kind of file; known are .jsonl"):
            kind(Path(name))


def test_each_kind_of_file_holds_every_answer_and_error(tmp_path):
    for ending in ENDINGS:
        with writing(tmp_path / f"out{ending}", errors=True) as sink:
            write(sink, ANSWERS)
    texts = {
        ending: (gzip.open if ending.endswith(".gz") else open)(
            tmp_path / f"out{ending}", "rt", encoding="utf-8"
        ).read()
        for ending in ENDINGS
        if ending != ".parquet"
    }
    assert json.loads(texts[".json"]) == [json.loads(line) for line in texts[".jsonl"].splitlines()] == ANSWERS
    for ending in (".json", ".jsonl", ".csv", ".tsv"):
        assert texts[ending] == texts[f"{ending}.gz"]
    cells = [{name: "" if value is None else str(value) for name, value in answer.items()} for answer in FILLED]
    assert list(csv.DictReader(io.StringIO(texts[".csv"]))) == cells
    assert [line.split("\t") for line in texts[".tsv"].splitlines()][1:] == [
        [answer[name] for name in ("id", "label", "probability", "error")] for answer in cells
    ]
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist() == FILLED


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_table_that_begins_with_errors_has_the_columns_of_its_first_answer(tmp_path, name):
    with writing(tmp_path / name, errors=True) as sink:
        write(sink, [ANSWERS[1], *ANSWERS])
    rows = [row for _, row in read(tmp_path / name)]
    assert list(rows[0]) == ["id", "label", "probability", "error"]
    assert [row["error"] or None for row in rows] == ["no text", None, "no text", None]


def test_a_table_of_errors_alone_has_ids_and_errors(tmp_path):
    with writing(tmp_path / "out.csv", errors=True) as sink:
        write(sink, ANSWERS[1:2] * 2)
    assert (tmp_path / "out.csv").read_text() == "id,error\nT2,no text\nT2,no text\n"


def test_a_table_does_not_hold_errors_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(sinks, "_MOST_HELD", 3)
    message = (
        "none of the first 3 rows can be answered, so it is not known which columns their answers have; the first has "
        "no text: see more of them with an output of JSON lines"
    )
    with refused(message), writing(tmp_path / "out.csv", errors=True) as sink:
        write(sink, ANSWERS[1:2] * 4)
    assert list(tmp_path.iterdir()) == []


def test_no_answers_are_an_empty_array_a_file_without_lines_or_a_header_alone(tmp_path):
    for name, content in (("out.json", "[]\n"), ("out.jsonl", ""), ("out.csv", "id\n"), ("out.tsv", "id\n")):
        with writing(tmp_path / name):
            pass
        assert (tmp_path / name).read_text() == content
    for name in ("out.csv", "out.parquet"):
        with writing(tmp_path / name, errors=True):
            pass
    assert (tmp_path / "out.csv").read_text() == "id,error\n"
    table = parquet.read_table(tmp_path / "out.parquet")
    assert (table.column_names, table.num_rows) == (["id", "error"], 0)


def test_parquet_takes_thousands_of_answers_with_lists_that_are_empty_at_first(tmp_path):
    rows = [{"id": number, "labels": [] if number < 1500 else ["a"], "none": None} for number in range(2500)]
    with writing(tmp_path / "out.parquet") as sink:
        write(sink, rows)
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist() == rows
    assert parquet.ParquetFile(tmp_path / "out.parquet").num_row_groups == 3


def test_ids_of_several_types_are_texts_in_parquet_or_are_refused(tmp_path):
    with writing(tmp_path / "out.parquet") as sink:
        write(sink, [{"id": number, "label": "a"} for number in ("a", 7, None, [1])])
    assert [row["id"] for row in parquet.read_table(tmp_path / "out.parquet").to_pylist()] == ["a", "7", None, "[1]"]
    for ids in ((7, [1]), (*range(1000), "late")):
        with (
            pytest.raises(DataError, match=r"^answers have no single type in a column \(.+\): write JSON lines$"),
            writing(tmp_path / "other.parquet") as sink,
        ):
            write(sink, [{"id": number, "label": "a"} for number in ids])
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


def test_standard_output_takes_answers_as_they_come(capsys):
    with printing("jsonl") as sink:
        sink.write(ANSWERS[0])
        assert json.loads(capsys.readouterr().out) == ANSWERS[0]
        sink.write(ANSWERS[2])
    assert json.loads(capsys.readouterr().out) == ANSWERS[2]


def test_a_list_in_the_cell_of_a_table_is_read_back_as_it_was(tmp_path):
    lists = [["a", "b"], ["one  label", "[two]", "th\tree"], []]
    with writing(tmp_path / "out.tsv") as sink:
        write(sink, [{"labels": labels} for labels in lists])
    assert [listed(row["labels"]) for _, row in read(tmp_path / "out.tsv")] == lists


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_rows_are_written_as_objects_or_under_a_header(tmp_path, ending):
    rows = [
        {"label": "Zürich\n", "tags": ["O", "B-X"], "all": {"a": 0.5}},
        {"label": "b\tc", "tags": ["a b"], "all": {}},
    ]
    for name in ("out.jsonl", "out.tsv"):
        with writing(tmp_path / (name + ending)) as sink:
            write(sink, rows)
    opened = gzip.open if ending else open
    with opened(tmp_path / f"out.jsonl{ending}", "rt", encoding="utf-8") as file:
        assert [json.loads(line) for line in file] == rows
    with opened(tmp_path / f"out.tsv{ending}", "rt", encoding="utf-8") as file:
        assert file.read() == ('label\ttags\tall\nZürich\t["O", "B-X"]\t{"a": 0.5}\nb c\t["a b"]\t{}\n')


def test_what_a_spreadsheet_would_run_is_a_text_in_a_table_and_numbers_stay_numbers(tmp_path):
    row = {
        "=id": "=1+1", "a": "+cmd", "b": "-x", "c": "@sum", "d": "\t=1", "e": "-1.5", "f": -2e-05,
        "g": "a=b", "h": ["=1"],
    }  # fmt: skip
    for name in ("out.tsv", "out.jsonl"):
        with writing(tmp_path / name) as sink:
            sink.write(row)
    lines = (tmp_path / "out.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["'=id", *"abcdefgh"]
    assert lines[1].split("\t") == ["'=1+1", "'+cmd", "'-x", "'@sum", "'=1", "-1.5", "-2e-05", "a=b", '["=1"]']
    assert json.loads((tmp_path / "out.jsonl").read_text()) == row


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_what_is_interrupted_leaves_no_file_and_keeps_the_one_before(tmp_path, error):
    file = written(tmp_path, "out.jsonl", "before")
    with pytest.raises(error), writing(file) as sink:  # noqa: PT012
        sink.write({"a": 1})
        raise error
    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_where_nothing_can_be_written_is_said(tmp_path):
    with (
        refused(f"{tmp_path}/no/out.tsv cannot be written: No such file or directory"),
        writing(tmp_path / "no" / "out.tsv"),
    ):
        pass


def test_rows_of_a_table_have_the_columns_of_the_first(tmp_path):
    with writing(tmp_path / "t.tsv") as sink:
        write(sink, [{"a": 1, "b": 2}, {"b": 3, "a": None}])
    assert (tmp_path / "t.tsv").read_text() == "a\tb\n1\t2\n\t3\n"


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_an_answer_with_more_than_those_before_it_is_no_row_of_their_table(tmp_path, name):
    more = "answer 2 has entities, unlike those before it: write JSON lines, or give rows of one kind"
    with refused(more), writing(tmp_path / name) as sink:
        write(sink, [{"id": 1, "tags": ["O"]}, {"id": 2, "tags": ["O"], "entities": []}])
    assert not (tmp_path / name).exists()


def test_the_input_under_any_name_a_folder_and_a_place_that_is_not_there_are_no_target(tmp_path, monkeypatch):
    source = written(tmp_path, "in.jsonl", "{}\n")
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "link.jsonl").symlink_to(source)
    (tmp_path / "hard.jsonl").hardlink_to(source)
    monkeypatch.chdir(tmp_path / "folder.jsonl")
    for name in ("../in.jsonl", "../link.jsonl", "../hard.jsonl", str(source)):
        with refused(f"{name} is the input itself; give another file as output"):
            refuse_target(Path(name), source)
    with refused(f"{tmp_path}/folder.jsonl is a folder, not a file; give a file"):
        refuse_target(tmp_path / "folder.jsonl", source)
    with refused(f"{tmp_path}/none/out.tsv: there is no folder {tmp_path}/none"):
        refuse_target(tmp_path / "none" / "out.tsv", source)
    refuse_target(tmp_path / "out.jsonl", source)
    refuse_target(tmp_path / "hard.jsonl", tmp_path / "none.jsonl")  # a missing input is told by who reads it


def test_pipes_devices_and_what_is_printed_to_are_no_target_and_stay(tmp_path):
    source, pipe, link = tmp_path / "in.jsonl", tmp_path / "pipe.jsonl", tmp_path / "link.jsonl"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for target in (pipe, link):
        with refused(f"{target} is a pipe, not a file; give a file"):
            refuse_target(target, source)
    with refused("/dev/zero is a device or a socket, not a file; give a file, or -"):
        refuse_target(Path("/dev/zero"), source, "jsonl", instead="give a file, or -")
    printed = tmp_path / "printed.jsonl"
    printed.symlink_to("/proc/self/fd/1")
    for target in (printed, Path("/dev/stdout")):
        with refused(f"{target} is what this command prints to; give a file"):
            refuse_target(target, source)
    assert pipe.is_fifo()
    assert printed.is_symlink()


def test_a_link_leads_to_the_file_that_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    link, astray = tmp_path / "link.jsonl", tmp_path / "astray.jsonl"
    link.symlink_to("there/out.jsonl")
    astray.symlink_to("none/out.jsonl")
    for _ in range(2):
        refuse_target(link, tmp_path / "in.jsonl")
        with writing(link) as sink:
            sink.write({"a": 1})
    assert link.is_symlink()
    assert (tmp_path / "there" / "out.jsonl").read_text() == '{"a": 1}\n'
    with refused(f"{astray}: there is no folder {tmp_path}/none"):
        refuse_target(astray, tmp_path / "in.jsonl")


@pytest.mark.parametrize("name", ["out.jsonl", "out.tsv"])
def test_a_number_that_is_none_is_refused_and_what_was_there_stays(tmp_path, name):
    (tmp_path / name).write_text("before")
    with refused("answer 2 is no finite number: is the model whole?"), writing(tmp_path / name) as sink:
        write(sink, [{"p": 0.5}, {"p": float("nan")}])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: "before"}
