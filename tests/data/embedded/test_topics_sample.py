import hashlib
import re
from collections import Counter

import pytest

from distill.data.embedded import SAMPLES, topics

SPLITS = ("train", "validation", "test")
TOPICS = {"economy", "health", "science", "sports", "travel", "weather"}
# Words that tell a topic to a reader, written down apart from the grammar.
TELLING = {
    r"inflation|share prices|interest rates|budget": "economy",
    r"blood pressure|vaccine|hospitals|patients": "health",
    r"telescope|gene|physicists|molecules": "science",
    r"match|striker|marathon|league": "sports",
    r"tourists|passengers|ferry|luggage": "travel",
    r"rain|snow|fog|forecasters": "weather",
}


@pytest.fixture(scope="module")
def sample():
    return {split: rows.to_list() for split, rows in topics.sample().items()}


@pytest.fixture(scope="module")
def rows(sample):
    return [row for split in sample.values() for row in split]


def digest(splits):
    rows = [(split, row["text"], row["label"]) for split in SPLITS for row in splits[split]]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_the_sample_is_the_same_each_time(sample):
    assert digest(sample) == digest(SAMPLES["topics"]())
    assert digest(sample) == "bb49d25a189c0ce358f5ee85f7eed6e7e5755f917074e4e40d0f79ec1a45cbab"


def test_it_has_the_promised_sizes_and_columns():
    splits = topics.sample()
    assert {split: len(rows) for split, rows in splits.items()} == {"train": 2000, "validation": 300, "test": 300}
    for rows in splits.values():
        assert set(rows.column_names) == {"text", "label"}
        assert rows.features["text"].dtype == rows.features["label"].feature.dtype == "string"


def test_no_text_stands_twice_nor_in_two_splits(rows):
    assert len({row["text"] for row in rows}) == len(rows) == 2600


def test_each_item_has_one_to_three_different_topics_in_order_of_name(rows):
    assert {len(row["label"]) for row in rows} == {1, 2, 3}
    for row in rows:
        assert row["label"] == sorted(set(row["label"]))


def test_each_split_has_every_topic_in_a_part_of_its_items(sample):
    for split in sample.values():
        counts = Counter(topic for row in split for topic in row["label"])
        assert set(counts) == TOPICS
        assert all(0.15 < count / len(split) < 0.45 for count in counts.values())


def test_some_combinations_are_common_and_some_rare(sample):
    counts = Counter(tuple(row["label"]) for row in sample["train"])
    assert counts["travel", "weather"] > 150
    assert 10 < sum(count < 10 for count in counts.values()) < 30


def test_items_have_eight_to_twenty_words_a_capital_and_a_full_stop(rows):
    for text in (row["text"] for row in rows):
        words = text.split(" ")
        assert all(words)
        assert 8 <= sum(word.isalpha() for word in words) <= 20
        assert text[0].isupper()
        assert text.endswith(" .")
        assert not re.search(r"[$@_\d]|\b[Aa] [aeiou]", text)


@pytest.mark.parametrize("telling", TELLING)
def test_an_item_with_a_telling_word_has_its_topic(rows, telling):
    found = [row["label"] for row in rows if re.search(rf"\b({telling})\b", row["text"], re.IGNORECASE)]
    assert len(found) > 100
    assert all(TELLING[telling] in label for label in found)


@pytest.mark.parametrize("word", ["record", "pressure", "cold", "season", "flight", "fell"])
def test_a_word_of_several_topics_does_not_tell_which(rows, word):
    alone = {row["label"][0] for row in rows if len(row["label"]) == 1 and word in row["text"].split()}
    assert len(alone) >= 2


def test_some_items_say_two_things_of_their_only_topic(rows):
    joined = [row for row in rows if len(row["label"]) == 1 and re.search(r" (while|as|but|;) ", row["text"])]
    assert len(joined) > 50
