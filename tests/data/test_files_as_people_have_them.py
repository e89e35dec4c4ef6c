"""Files as tools and people write them are read as they are meant, or named for what they are in one sentence."""

import gzip
import json
import re
from decimal import Decimal

import pyarrow as pa
import pytest
from datasets import Dataset
from pyarrow import parquet

from distill.data import files, formats
from distill.data.columns import take
from distill.data.formats import Options
from distill.errors import DataError

ROLES = {"text": "text", "label": "label"}


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def rows(folder, name, content, **options):
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return [dict(row) for _, row in formats.rows(file, Options(**options)).rows]


def columns(**named):
    return {"train": Dataset.from_dict(named)}


def chosen(roles, **named):
    return take(columns(**named), roles, {}, "here").columns


@pytest.mark.parametrize(
    "line", ['"he said \\"no, never\\" then",1', '"he said ""no, never"" then", 1', '"he said ""no, never"" then",1']
)
def test_quotes_within_quotes_are_doubled_or_behind_a_backslash(tmp_path, line):
    table = rows(tmp_path, "a.csv", f"text,label\n{line}\n")
    assert [row["text"] for row in table] == ['he said "no, never" then']


def test_backslashes_that_stand_before_no_quote_of_a_field_stay(tmp_path):
    text = 'text,label\n"the path \\""here"" ok",1\n"C:\\dir\\",0\nG\\"odel,1\n'
    assert [row["text"] for row in rows(tmp_path, "a.csv", text)] == ['the path \\"here" ok', "C:\\dir\\", 'G\\"odel']


def test_a_space_after_the_delimiter_does_not_make_a_quote_part_of_the_field(tmp_path):
    table = rows(tmp_path, "a.csv", 'label, text\n1, "a, b"\n0, "c"\n')
    assert table == [{"label": "1", "text": "a, b"}, {"label": "0", "text": "c"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'text,label\n"Good film,1\nnice,1\n"Bad film,0\nfine,1\n',
            "line 2 of {file} has a quote that is closed only in the middle of a field in line 4: a field in quotes is "
            "quoted as a whole, and a quote in it is written twice",
        ),
        ("text,label\na,1\ntext,label\n", "line 3 of {file} is the header once more: leave it out"),
        (
            "# mine\ntext,label\n",
            "line 2 of {file} has 2 fields, but the header has 1: the first line names the columns, and is '# mine'",
        ),
        ("[\n{}\n]\n", "{file} holds JSON; call it a.jsonl"),
    ],
)
def test_tables_that_would_lose_rows_are_refused(tmp_path, text, message):
    with refused(message.format(file=tmp_path / "a.csv")):
        rows(tmp_path, "a.csv", text)


def test_lines_of_fasttext_are_labels_and_a_text(tmp_path):
    assert rows(tmp_path, "a.txt", "__label__neg bad film\n__label__pos good\n") == [
        {"label": "neg", "text": "bad film"}, {"label": "pos", "text": "good"},
    ]  # fmt: skip
    assert rows(tmp_path, "b.txt", "__label__a __label__b x\n__label__a y\n") == [
        {"label": ["a", "b"], "text": "x"}, {"label": ["a"], "text": "y"},
    ]  # fmt: skip
    with refused(f"{tmp_path}/c.txt holds JSON; call it c.jsonl"):
        rows(tmp_path, "c.txt", '{"text": "a"}\n')


def test_json_with_commas_after_rows_or_any_key_around_them_is_read(tmp_path):
    table = [{"text": "a"}, {"text": "b"}]
    assert rows(tmp_path, "a.jsonl", "".join(f"{json.dumps(row)},\n" for row in table)) == table
    assert rows(tmp_path, "b.json", json.dumps({"payload": table})) == table
    chat = {"messages": [{"role": "user", "content": "a"}]}
    assert rows(tmp_path, "c.json", json.dumps(chat)) == [chat]
    with refused(f"line 1 of {tmp_path}/d.jsonl is no JSON object: rows are objects with a key for each column"):
        rows(tmp_path, "d.jsonl", '["a", "b"]\n["c", "d"]\n')


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", "{}\n{}\n"), ("a.json", "[{}, {}]")])
def test_what_python_writes_for_a_value_that_is_missing_is_none(tmp_path, name, content):
    content = content.replace("{}", '{"text": "a", "label": NaN, "score": [1.5, NaN]}', 1)
    table = rows(tmp_path, name, content.replace("{}", '{"text": "b", "label": 1, "score": [2.5, 3.5]}'))
    assert [(row["label"], row["score"]) for row in table] == [(None, [1.5, None]), (1, [2.5, 3.5])]


def test_the_tags_of_a_file_of_words_may_stand_first(tmp_path):
    (sentence,) = rows(tmp_path, "a.conll", "B-PER\tAnna\nO\tslept\n\n")
    assert (sentence["tokens"], sentence["label"]) == (["Anna", "slept"], ["B-PER", "O"])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("train.dta", "a file of Stata, which is not read: save it as Parquet or CSV with pandas, for example "
         "pandas.read_stata(...).to_parquet('train.parquet')"),
        ("train.tar.gz", "a tar archive, which is not read: unpack it and give the files in it"),
        ("train.spacy", "a DocBin of spaCy, which is not read: "
         "save what to_json gives of each document as a JSON line"),
        ("train.jl", "JSON lines by another ending, which is not read: call it .jsonl"),
    ],
)  # fmt: skip
def test_train_of_another_kind_is_named(tmp_path, name, what):
    (tmp_path / name).write_text("a\n")
    with refused(f"{tmp_path / name} is {what}"):
        files.read(tmp_path)


@pytest.mark.parametrize(
    ("names", "way"),
    [
        (("train.de", "train.en"), "train.de and train.en look like two sides of a translation, a line each: write"),
        (
            ("train_text.txt", "train_labels.txt", "mapping.txt"),
            "; train_text.txt and train_labels.txt look like texts and "
            "their labels, a line each: write them as one table, for example by: (printf 'text\\tlabel\\n'; paste "
            "train_text.txt train_labels.txt) > train.tsv",
        ),
        (("train_1.csv", "train_2.csv"), "take several as one with data.files.train=[train_1.csv,train_2.csv]"),
        (
            ("imdb-train.arrow", "dataset_info.json"),
            "; imdb-train.arrow is a table that load_dataset keeps for itself: load",
        ),
        (("1.txt", "1.ann"), "; 1.ann holds annotations of brat: save each text as a JSON line, with a list of spans"),
        (
            ("part-00000-a.csv", "part-00001-a.csv"),
            "; part-00000-a.csv seems to be a part of a table: call the folder train",
        ),
        (
            ("neg/1.txt", "pos/1.txt"),
            "seems to have a folder for each label, neg, pos, with a text in each file: write",
        ),
    ],
)
def test_a_folder_without_train_is_told_by_what_it_has(tmp_path, names, way):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a\n")
    with pytest.raises(DataError, match=re.escape(way)):
        files.read(tmp_path, {})


@pytest.mark.parametrize("place", ["", "data"])
def test_parts_in_a_folder_that_is_called_as_a_file_are_one_split(tmp_path, place):
    for number in (0, 1):
        file = tmp_path / place / "train.csv" / f"part-0000{number}-a.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"text,label\nfilm {number},good\n")
    assert files.read(tmp_path)["train"]["text"][:] == ["film 0", "film 1"]
    way = f"; part-00000-a.csv seems to be a part of a table: give {file.parent.parent}"
    with pytest.raises(DataError, match=f"{re.escape(way)}$"):
        files.read(file.parent)


def test_parquet_that_is_packed_with_gzip_is_named(tmp_path):
    file = tmp_path / "train.parquet.gz"
    parquet.write_table(pa.table({"text": ["a"]}), tmp_path / "a.parquet")
    file.write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    with refused(f"{file} is packed with gzip, in which Parquet is not read: unpack it with gunzip"):
        files.read(file)


def test_a_file_that_looks_like_a_split_is_read_or_said_to_be_left(tmp_path):
    for name in ("train-v2.0.csv", "eval.csv", "test_1.csv", "latest.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    read = files.read(tmp_path)
    assert list(read) == ["train", "validation"]
    way = "data.files.validation=NAME and data.files.test=NAME name other files"
    assert read.notes == [f"of {tmp_path} test_1.csv is not read: {way}"]


def test_parts_of_parquet_may_hold_the_same_in_other_types(tmp_path):
    parts = (
        pa.array(["a", "b"], pa.large_string()),
        pa.array(["a", "b"]).dictionary_encode(),
        pa.nulls(2),
    )
    for number, label in enumerate(parts):
        numbers = pa.array([Decimal("1.5"), Decimal(2)], pa.decimal128(6, 2))
        parquet.write_table(
            pa.table({"label": label, "score": numbers}), tmp_path / f"train-0000{number}-of-00003.parquet"
        )
    table = files.read(tmp_path)["train"]
    assert table["label"][:] == ["a", "b", "a", "b", None, None]
    assert table["score"][:2] == [1.5, 2.0]


def test_columns_are_known_by_usual_names_in_any_spelling():
    texts = ["a b c", "d e f"] * 2
    pair = {"text": "text", "pair": "text", "label": "label"}
    found = chosen(pair, id=[1, 2, 3, 4], sentence_A=texts, sentence_B=texts[::-1], Gold_Label=["x", "y"] * 2)
    assert found == {"text": "sentence_A", "pair": "sentence_B", "label": "Gold_Label"}
    assert chosen(ROLES, Text=texts, Title=texts, Label=["x"] * 4, Group=["y"] * 4) == {
        "text": "Text",
        "label": "Label",
    }
    words = {"tokens": "texts", "label": "tags"}
    lists = [["a"]] * 4
    assert chosen(words, Word=lists, POS=lists, Tag=lists) == {"tokens": "Word", "label": "Tag"}


def test_a_column_within_objects_is_named_at_any_depth():
    train = columns(data=[{"d": {"text": "a b"}}] * 4, meta=[{"label": "x"}, {"label": "y"}] * 2)
    named = {"text": "data.d.text", "label": "meta.label"}
    assert take(train, ROLES, named, "here").splits["train"][0] == {"text": "a b", "label": "x"}


def test_columns_that_no_name_tells_are_refused_with_what_they_may_be():
    with pytest.raises(DataError, match=r"; several columns of 0 and 1 are data\.columns\.label=toxic\+rude$"):
        chosen({"text": "text", "label": "labels"}, text=["a b"] * 4, toxic=[0, 1, 0, 1], rude=[1, 1, 0, 0])
    spans = [{"start": 0, "end": 1, "label": "X"}]
    for values, said in (
        (spans, "which are read from JSON and Parquet"),
        (json.dumps(spans), "in the cells of a table"),
    ):
        with pytest.raises(DataError, match=rf"entities holds spans of characters,? {said}"):
            chosen({"tokens": "texts", "label": "tags"}, text=["a b"], entities=[values])
    text = "a film that was long and dull and then went on and on for hours"
    with pytest.raises(
        DataError, match=r"^here seems to have no names of columns: where they are looked for stands a film"
    ):
        chosen(ROLES, **{text: ["b c d"] * 4, "odd": ["x", "y"] * 2})


def test_labels_that_differ_in_capitals_alone_are_said():
    notes = take(columns(text=["a b"] * 4, label=["Yes", "yes", "no", "no"]), ROLES, {}, "here").notes
    assert notes == [
        "the labels Yes, yes differ in capitals or in how accents are coded, and each is a label of its own: where one "
        "is meant, write them alike"
    ]


def test_an_object_of_switches_is_a_set_of_labels_and_a_word_for_nothing_is_no_score():
    several = {"text": "text", "label": "labels"}
    read = take(columns(text=["a b"] * 2, label=[{"x": 1.0, "y": 0.0}, {"x": 1.0, "y": 1.0}]), several, {}, "here")
    assert read.splits["train"]["label"][:] == [["x"], ["x", "y"]]
    with refused("row 2 of train in here has no label; data.on_bad=drop leaves it out"):
        take(columns(text=["a b"] * 2, label=["1.5", "N/A"]), {"text": "text", "label": "score"}, {}, "here")


@pytest.mark.parametrize("name", [None, "Anna"])
def test_a_key_of_objects_in_lists_may_hold_nothing_in_parquet(tmp_path, name):
    turns = [{"role": "user", "content": "a", "name": None}, {"role": "assistant", "content": "b", "name": None}]
    named = [{**turns[0], "name": name}, turns[1]]
    for number, rows in enumerate(([turns] * 3, [named] * 3)):
        Dataset.from_list([{"messages": row} for row in rows]).to_parquet(
            tmp_path / f"train-0000{number}-of-00002.parquet"
        )
    assert files.read(tmp_path)["train"]["messages"][:] == [turns] * 3 + [named] * 3


@pytest.mark.parametrize(
    ("row", "role", "there", "hidden", "entry"),
    [
        ({"text": "EU rejects", "labels": [["ORG", 0, 2]]}, "tokens", "text", "labels", "['ORG', 0, 2]"),
        ({"words": ["EU"], "ner": [[0, 0, "ORG"]]}, "label", "words", "ner", "[0, 0, 'ORG']"),
    ],
)
def test_a_column_that_cannot_be_read_is_named_where_one_is_looked_for(tmp_path, row, role, there, hidden, entry):
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps(row) + "\n" + json.dumps(row) + "\n", encoding="utf-8")
    found = files.read(tmp_path, options=Options(words=True))
    with refused(
        f"here has no column {role}; it has {there}: say which one is the {role} with data.columns.{role}=NAME; "
        f"{hidden} is not read, since line 1 of {file} has in {hidden} a list of unlike entries, {entry}"
    ):
        take(found, {"tokens": "texts", "label": "tags"}, {}, "here", problems=found.problems)
