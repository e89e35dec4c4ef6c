"""What a file of one text a line may be instead is told by its lines, and a delimiter that nothing reads is refused."""

import re

import pytest
from datasets import Dataset

from distill.config.schema import Config
from distill.data import files
from distill.data.columns import take
from distill.data.sources import Wanted, load
from distill.errors import DataError
from distill.pipeline.prepare_data import prepare

TABLE = "; each of its lines has {} in it, as in a table: call it {}, with a first line that names the columns"
ANY = (
    "; of a .txt each line is a text and nothing else: a table is called .csv or .tsv, with a first line that "
    "names the columns"
)
TABLES = (
    "; the first line of the table names this column alone: leave out a title above the names of columns, or say what "
    "stands between fields with data.delimiter, where it is no comma, semicolon, bar or tab"
)
UNLABELLED = "; texts without labels are given as data.unlabelled.path, beside others that have some"


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize(
    ("lines", "kind", "way"),
    [
        (["ham\tok lar", "spam\tfree entry"], "label", TABLE.format("a tab", ".tsv")),
        (["i feel fine;joy", "i am sad;sadness"], "label", TABLE.format(";", ".csv")),
        (["a dog\tein Hund", "a cat\teine Katze"], "target", TABLE.format("a tab", ".tsv")),
        (["good; or not", "bad", "so so"], "label", ANY),
        (["good, I say", "bad, he says"], "label", ANY),
        (
            ['1\t"<e1>Bo</e1> ran to <e2>Oslo</e2>."', "Other", "Comment:"],
            "label",
            "; it looks like a file of SemEval-2010, with an example in several lines: "
            "write a table of text and label with a row each",
        ),
        (
            ["Hello . __eou__ Hi ! __eou__", "Bye . __eou__"],
            "turns",
            "; turns that end in __eou__ are a list each: write JSON lines of a key turns",
        ),
        (["Hello .", "Bye ."], "turns", ""),
    ],
)
def test_lines_that_look_like_a_table_or_another_format_are_told(tmp_path, lines, kind, way):
    file = tmp_path / "train.txt"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    train = files.read(file)["train"]
    with refused(f"here has no column it; it has text: say which one is the it with data.columns.it=NAME{way}"):
        take({"train": train}, {"text": "text", "it": kind}, {}, "here")


@pytest.mark.parametrize(
    ("name", "content", "column", "way"),
    [
        ("train.csv", "text\nrain fell|x\n", "text", TABLES),
        ("train.tsv", "text\nrain fell\n", "text", TABLES),
        ("train.csv", "My export,,\n,,\ntext,label,x\nrain fell,y,1\nit fell,y,1\nhe fell,y,2\n", "My export", TABLES),
        ("train.jsonl", '{"text": "rain;fell"}\n', "text", UNLABELLED),
        ("train.txt", "rain fell\n", "text", ANY),
    ],
)
def test_texts_alone_are_told_by_the_kind_of_file_that_they_are_of(tmp_path, name, content, column, way):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with refused(
        f"{tmp_path} has no column label; it has {column}: say which one is the label with data.columns.label=NAME{way}"
    ):
        load(Wanted("mine", "local", str(tmp_path), None, None), {"text": "text", "label": "label"}, {}, lambda: {})


def test_texts_alone_of_a_saved_folder_are_not_told_to_be_lines(tmp_path):
    Dataset.from_dict({"text": ["rain fell"]}).save_to_disk(tmp_path)
    for kind, way in (("label", UNLABELLED), ("text", "")):
        with refused(
            f"{tmp_path} has no column it; it has text: say which one is the it with data.columns.it=NAME{way}"
        ):
            load(Wanted("mine", "local", str(tmp_path), None, None), {"text": "text", "it": kind}, {}, lambda: {})


def reading(folder, name, content):
    (folder / name).write_text(content, encoding="utf-8")
    config = Config(task="classification")
    config.data.path, config.data.delimiter = str(folder), "|"
    return config


def test_a_delimiter_that_no_file_reads_is_refused(tmp_path):
    config = reading(tmp_path, "train.jsonl", '{"text": "a", "label": 1}\n{"text": "b", "label": 0}\n' * 10)
    with refused(
        f"data.delimiter=|: stands between fields of files that end in .csv or .tsv, and {tmp_path} has none: "
        "leave it out, or call a table so"
    ):
        prepare(config)
    (tmp_path / "more.csv").write_text("text|id\nrain fell|1\n", encoding="utf-8")
    config.data.unlabelled.path = str(tmp_path / "more.csv")
    assert prepare(config).splits["unlabelled"]["text"][:] == ["rain fell"]
