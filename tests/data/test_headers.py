"""A table without a header is told by its first row, which stands in the place of the names of columns."""

import json
import re

import pytest
from datasets import Dataset

from distill.data.columns import Rules, take
from distill.data.inputs import Inputs
from distill.data.sources import Wanted, load, unlabelled
from distill.errors import DataError, RowError

PHRASES = ["a dog runs home", "the cat sees a dog", "a cat runs", "the dog sees the cat", "a dog sleeps"]
SENTENCES = ["It rained.", "Snow fell!", "Who came?", "No one was there.", "nothing"]
REVIEWS = [f"this is the text of a review that goes on, film {number}, and on with the words" for number in range(20)]


SAID = (
    "{} seems to have no names of columns: where they are looked for stands {}; "
    "write a first line with a name for each column, or, where this is one, give {}"
)
LABEL = "{}, which is a label of other rows"
ROLES = {"text": "text", "label": "label"}


def source(name, texts):
    rows = Dataset.from_dict({name: texts, "other": [[text] for text in texts]})
    return take({"train": rows}, {"text": "text"}, {}, "here").columns["text"]


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def columns_of(path, roles=ROLES, **named):
    request = Wanted("mine", "local", str(path), None, None)
    return load(request, roles, named, lambda: {}).columns


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("great stuff 0", ["great stuff 1", "great stuff 2"]),
        ("the dog runs", PHRASES),
        ("Help me !", SENTENCES),
        ("Who was it?", ["Where am I?", "Who came?", "It rained."]),
        ("ein Hund läuft", ["ein Hund schläft", "Ein Hund läuft weg", "läuft er weg"]),
    ],
)
def test_a_name_that_looks_as_the_texts_below_it_is_one_of_them(name, texts):
    with refused(SAID.format("here", name, f"\"data.columns.text='{name}'\"")):
        source(name, texts)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("text of the review", REVIEWS),
        ("Review text", PHRASES),
        ("a dog", PHRASES),
        ("text 1", PHRASES),
        ("What did you see?", PHRASES),
        ("How was your stay?", [text.replace("?", ".") for text in SENTENCES]),
        ("How likely is it that you would recommend us to any of your friends or colleagues?", SENTENCES),
        ("text", SENTENCES),
    ],
)
def test_a_name_of_several_words_is_one_where_texts_look_otherwise(name, texts):
    assert source(name, texts) == name


@pytest.mark.parametrize("head", ["0,1", ",0,1", "Unnamed: 0,0,1", "index,0,1"])
def test_names_that_count_from_0_up_are_those_that_pandas_gives(tmp_path, head):
    rows = "".join(f"{f'{number},' * (head != '0,1')}the film was {number},{number % 2}\n" for number in range(6))
    (tmp_path / "train.csv").write_text(f"{head}\n{rows}", encoding="utf-8")
    assert columns_of(tmp_path) == {"text": "0", "label": "1"}


def test_numbers_that_do_not_count_columns_are_a_row(tmp_path):
    (tmp_path / "train.csv").write_text("It was long,0\nIt was bad,1\nIt is old,0\n", encoding="utf-8")
    with refused(SAID.format(tmp_path, LABEL.format(0), "data.columns.label=0")):
        columns_of(tmp_path, text="It was long")


def test_a_name_that_is_a_label_too_is_taken_where_it_is_named(tmp_path):
    lines = "".join(f"the film {number} was long,{'spam' if number % 2 else 'ham'}\n" for number in range(6))
    file = tmp_path / "train.csv"
    file.write_text(f"message,spam\n{lines}", encoding="utf-8")
    with refused(SAID.format(file, LABEL.format("spam"), "data.columns.label=spam")):
        columns_of(file)
    assert columns_of(file, label="spam") == {"text": "message", "label": "spam"}


def test_of_two_texts_and_a_label_the_role_of_the_label_is_left_open(tmp_path):
    lines = "".join(f"film {number},it was long {number},{'spam' if number % 2 else 'ham'}\n" for number in range(6))
    (tmp_path / "train.csv").write_text(f"title,message,spam\n{lines}", encoding="utf-8")
    with refused(SAID.format(tmp_path, LABEL.format("spam"), "data.columns.ROLE=spam")):
        columns_of(tmp_path)
    with refused(
        f"{tmp_path} has no column text; it has title, message, spam: "
        "say which one is the text with data.columns.text=NAME"
    ):
        columns_of(tmp_path, label="spam")


@pytest.mark.parametrize("name", ["it was the film number 0 that I saw, and I saw it twice, on a day of rain", "spam"])
def test_names_in_files_without_a_first_line_of_names_are_no_row(tmp_path, name):
    rows = [{"text": f"the film {number} was long", name: "spam" if number % 2 else "ham"} for number in range(6)]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Dataset.from_list(rows).to_parquet(tmp_path / "train.parquet")
    Dataset.from_list(rows).save_to_disk(tmp_path / "saved")
    for each in ("train.jsonl", "train.parquet", "saved"):
        assert columns_of(tmp_path / each) == {"text": "text", "label": name}


def test_the_way_to_name_a_column_of_texts_without_labels_is_that_of_their_settings(tmp_path):
    file = tmp_path / "more.csv"
    file.write_text("great stuff 0,id\n" + "".join(f"great stuff {number},x\n" for number in range(1, 5)))
    with refused(SAID.format(file, "great stuff 0", "\"+data.unlabelled.columns.text='great stuff 0'\"")):
        unlabelled(str(file), {"text": "text"}, {}, Rules())


def test_rows_to_predict_whose_names_are_texts_may_lack_a_header():
    inputs = Inputs({"source": "text"})
    way = "; where these are the first row, write a first line with a name for each column"
    said = "line 2 of here has no source; it has {}: say which is the source with columns.source=NAME{}"
    with pytest.raises(RowError, match=f"^{re.escape(said.format('a dog, the cat', way))}$"):
        inputs.example({"a dog": "a cat", "the cat": "the dog"}, "line 2 of here")
    with pytest.raises(RowError, match=f"^{re.escape(said.format('a dog, label', ''))}$"):
        inputs.example({"a dog": "a cat", "label": "x"}, "line 2 of here")
