"""What a file of one text a line may be instead is told by its lines, and a delimiter that nothing reads is refused."""

import re

import pytest

from distill.config.schema import Config
from distill.data import files
from distill.data.columns import take
from distill.errors import DataError
from distill.pipeline.prepare_data import prepare

TABLE = "; each of its lines has {} in it, as in a table: call it {}, with a first line that names the columns"
ANY = (
    "; of a .txt each line is a text and nothing else, and in a table data.delimiter says what stands between "
    "fields where it is none of , ; | and a tab"
)


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
