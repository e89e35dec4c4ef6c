"""A table without a header is told by its first row, which stands in the place of the names of columns."""

import re

import pytest
from datasets import Dataset

from distill.data.columns import take
from distill.data.inputs import Inputs
from distill.errors import DataError, RowError

PHRASES = ["a dog runs home", "the cat sees a dog", "a cat runs", "the dog sees the cat", "a dog sleeps"]
SENTENCES = ["It rained.", "Snow fell!", "Who came?", "No one was there.", "nothing"]
REVIEWS = [f"this is the text of a review that goes on, film {number}, and on with the words" for number in range(20)]


def source(name, texts):
    rows = Dataset.from_dict({name: texts, "other": [[text] for text in texts]})
    return take({"train": rows}, {"text": "text"}, {}, "here").columns["text"]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("great stuff 0", ["great stuff 1", "great stuff 2"]),
        ("the dog runs", PHRASES),
        ("Help me !", SENTENCES),
        ("ein Hund läuft", ["ein Hund schläft", "Ein Hund läuft weg", "läuft er weg"]),
    ],
)
def test_a_name_that_looks_as_the_texts_below_it_is_one_of_them(name, texts):
    message = (
        f"here seems to have no names of columns: where they are looked for stands {name}; "
        "write a first line with a name for each column"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        source(name, texts)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("text of the review", REVIEWS),
        ("Review text", PHRASES),
        ("a dog", PHRASES),
        ("text 1", PHRASES),
        ("What did you see?", PHRASES),
        ("text", SENTENCES),
    ],
)
def test_a_name_of_several_words_is_one_where_texts_look_otherwise(name, texts):
    assert source(name, texts) == name


def test_rows_to_predict_whose_names_are_texts_may_lack_a_header():
    inputs = Inputs({"source": "text"})
    way = "; where these are the first row, write a first line with a name for each column"
    said = "line 2 of here has no source; it has {}: say which is the source with columns.source=NAME{}"
    with pytest.raises(RowError, match=f"^{re.escape(said.format('a dog, the cat', way))}$"):
        inputs.example({"a dog": "a cat", "the cat": "the dog"}, "line 2 of here")
    with pytest.raises(RowError, match=f"^{re.escape(said.format('a dog, label', ''))}$"):
        inputs.example({"a dog": "a cat", "label": "x"}, "line 2 of here")
