import hashlib
from collections import Counter

import pytest

from distill.data.embedded import sentiment

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def sample():
    return sentiment.sample()


@pytest.fixture(scope="module")
def made():
    return sentiment._splits()


def digest(splits):
    rows = [(split, row["text"], row["label"]) for split in SPLITS for row in splits[split]]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_the_sample_is_the_same_each_time(sample):
    assert digest(sample) == digest(sentiment.sample())
    assert digest(sample) == "c8e7ca540a328a4dfb40c05005120fbd40a5983d62db9ef1b7d030d0a52ec94c"


def test_it_has_the_promised_sizes_columns_and_labels(sample):
    assert {split: len(rows) for split, rows in sample.items()} == {"train": 6000, "validation": 800, "test": 800}
    for rows in sample.values():
        assert set(rows.column_names) == {"text", "label"}
        assert set(rows["label"]) == {0, 1}


def test_no_sentence_stands_twice_nor_in_two_splits(sample):
    counts = Counter(text for rows in sample.values() for text in rows["text"])
    assert counts.total() == len(counts) == 7600


def test_sentences_are_lower_case_and_neither_short_nor_long(sample):
    for text in (text for rows in sample.values() for text in rows["text"]):
        assert text == text.lower()
        assert 5 <= sum(word.isalpha() for word in text.split()) <= 25


def test_labels_are_balanced(sample):
    for rows in sample.values():
        assert 0.45 <= sum(rows["label"]) / len(rows) <= 0.55


def test_one_label_in_twenty_is_wrong_and_only_in_train(made):
    wrong = {split: sum(row["label"] != row["truth"] for row in rows) / len(rows) for split, rows in made.items()}
    assert wrong["train"] == pytest.approx(0.05, abs=0.01)
    assert wrong["validation"] == wrong["test"] == 0


def test_the_vocabulary_is_small_and_has_many_words_of_each_opinion(sample):
    words = {word for text in sample["train"]["text"] for word in text.split()}
    assert 300 <= len(words) <= 700
    negative, positive = (
        {word for kind in sentiment._OPINIONS.values() for word in kind[opinion].split()} for opinion in (0, 1)
    )
    assert min(len(negative & words), len(positive & words)) >= 50
    assert not negative & positive


def test_words_without_their_order_do_not_tell_the_opinion(sample):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    counter = CountVectorizer()
    model = LogisticRegression(max_iter=1000).fit(
        counter.fit_transform(sample["train"]["text"]), sample["train"]["label"]
    )
    accuracy = model.score(counter.transform(sample["test"]["text"]), sample["test"]["label"])
    assert 0.6 < accuracy <= 0.8
