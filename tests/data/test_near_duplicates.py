import random

import pytest
from datasets import Dataset

from distill.data.near_duplicates import SIMILAR, near_duplicates, shingles, similarity


def texts(*values):
    return Dataset.from_dict({"text": list(values)})


def near(rows, *others):
    return near_duplicates(texts(*rows), [texts(*others)], ["text"]).tolist()


@pytest.mark.parametrize(
    ("text", "reference", "found"),
    [
        ("a good film", "A good film!", True),
        ("a good film", "a bad film", False),
        ("good", "good.", True),
        ("good", "bad", False),
        ("this is not a good film at all", "this is a good film at all", False),
        ("we saw it in an old cinema by the river last night", "We saw it, in an old cinema by the river last", True),
        ("很好的电影", "很好的电影。", True),
        ("很好的电影", "很差的电影", False),
        (":-)", ":-)", True),
        (":-)", ":-(", False),
    ],
)  # fmt: skip
def test_short_texts_are_near_where_they_say_the_same_alone(text, reference, found):
    assert near([text], reference) == [found]


def test_a_long_text_bears_another_word_in_its_middle():
    words = [f"w{number}" for number in range(40)]
    other = [*words[:20], "other", *words[21:]]
    assert near([" ".join(words)], " ".join(other)) == [True]
    assert near([" ".join(words[:12])], " ".join([*words[:6], "other", *words[7:12]])) == [False]


def test_those_that_are_found_are_those_of_a_comparison_of_all_pairs():
    """MinHash and the filter before it lose none here, and add none: each pair is compared by hand."""
    draw = random.Random(0)  # noqa: S311  (no secret)
    vocabulary = [f"w{number}" for number in range(50)]
    references = [" ".join(draw.choices(vocabulary, k=draw.randrange(1, 60))) for _ in range(60)]
    rows = []
    for text in references:
        words = text.split()
        for _ in range(draw.randrange(4)):
            words[draw.randrange(len(words))] = draw.choice(vocabulary)
        rows.append(" ".join(words))
    right = [any(similarity(shingles(row), shingles(each)) >= SIMILAR for each in references) for row in rows]
    assert 10 < sum(right) < 55
    assert near(rows, *references) == right


def test_each_text_of_a_row_has_to_be_near():
    rows = Dataset.from_dict({"context": ["one two three four five"] * 2, "question": ["who is it", "what is it"]})
    other = Dataset.from_dict({"context": ["one two three four five"], "question": ["Who is it?"]})
    assert near_duplicates(rows, [other], ["context", "question"]).tolist() == [True, False]


def test_lists_of_words_are_compared_like_texts():
    rows, other = (
        Dataset.from_dict({"tokens": [["Rain", "fell", "."]]}),
        Dataset.from_dict({"tokens": [["rain", "fell"]]}),
    )
    assert near_duplicates(rows, [other], ["tokens"]).tolist() == [True]


def test_nothing_is_near_to_nothing():
    assert near_duplicates(texts("a"), [], ["text"]).tolist() == [False]
