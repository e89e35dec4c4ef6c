import hashlib
import re
from collections import Counter, defaultdict

import pytest

from distill.data.embedded import SAMPLES, questions

COARSE = {"ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"}
# Heads and frames that tell the class to a reader, written down apart from the grammar.
TELLING = {
    r"^Who (invented|was the first|won) ": "HUM:ind",
    r"^W\w+ (company|team|band|club) ": "HUM:gr",
    r"^(In )?w\w+ (city|town|capital lies) ": "LOC:city",
    r"^(In )?w\w+ (country|republic) ": "LOC:country",
    r"^How many ": "NUM:count",
    r"^(When|(in )?w\w+ (year|century)) ": "NUM:date",
    r"^(How much|w\w+ capital did) ": "NUM:money",
    r"^W\w+ (animal|bird|fish swims) ": "ENTY:animal",
    r"^W\w+ (food|soup|fish is served) ": "ENTY:food",
    r"^Why ": "DESC:reason",
    r" stand for \?$": "ABBR:exp",
}


@pytest.fixture(scope="module")
def sample():
    return questions.sample()


@pytest.fixture(scope="module")
def rows(sample):
    return [row for split in sample.values() for row in split]


def digest(splits):
    rows = [(split, *row.values()) for split in ("train", "test") for row in splits[split]]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_the_sample_is_the_same_each_time(sample):
    assert digest(sample) == digest(SAMPLES["questions"]())
    assert digest(sample) == "97f94f2b6404b1fd2a6b333bd06ea55cf82895fa60d0bcfe4d517870ad2ca876"


def test_it_has_the_promised_sizes_and_columns_and_no_validation(sample):
    assert {split: len(rows) for split, rows in sample.items()} == {"train": 2500, "test": 400}
    for split in sample.values():
        assert {name: kind.dtype for name, kind in split.features.items()} == {
            "text": "string",
            "label": "string",
            "fine_label": "string",
        }


def test_no_question_stands_twice_nor_in_two_splits(rows):
    assert len({row["text"] for row in rows}) == len(rows) == 2900


def test_each_split_has_every_class_and_a_fine_class_has_its_coarse_one(sample):
    for split in sample.values():
        assert set(split["label"]) == COARSE
        assert len(set(split["fine_label"])) == 16
        assert all(fine.split(":")[0] == label for fine, label in zip(split["fine_label"], split["label"], strict=True))


def test_classes_are_unequal_and_abbreviations_rare(sample):
    shares = {label: n / 2500 for label, n in Counter(sample["train"]["label"]).items()}
    assert shares["ABBR"] == pytest.approx(0.03, abs=0.01)
    assert max(shares.values()) < 0.25
    fine = Counter(sample["train"]["fine_label"])
    assert max(fine.values()) > 10 * min(fine.values())


def test_questions_have_five_to_fourteen_words_a_capital_and_a_mark(rows):
    for text in (row["text"] for row in rows):
        *words, mark = text.split(" ")
        assert 5 <= len(words) <= 14
        assert all(words)
        assert text[0].isupper()
        assert mark == ("." if words[0] == "Name" else "?")
        assert not re.search(r"[$@_]|\ba [aeiou]", text)


def test_what_begins_questions_of_all_classes_and_the_first_word_tells_few(sample):
    first = defaultdict(Counter)
    for row in sample["train"]:
        first[row["text"].split()[0]][row["label"]] += 1
    assert set(first["What"]) == COARSE
    assert sum(max(labels.values()) for labels in first.values()) / 2500 < 0.6


@pytest.mark.parametrize("telling", TELLING)
def test_a_question_is_labelled_by_its_question_word_and_head(rows, telling):
    labels = {row["fine_label"] for row in rows if re.search(telling, row["text"], re.IGNORECASE)}
    assert labels == {TELLING[telling]}


@pytest.mark.parametrize(
    ("head", "labels"),
    [
        ("fish", {"ENTY:animal", "ENTY:food"}),
        ("capital", {"LOC:city", "NUM:money"}),
        ("figure", {"HUM:ind", "NUM:count"}),
        ("number", {"NUM:count"}),
    ],
)
def test_for_some_heads_the_verb_decides(rows, head, labels):
    assert {row["fine_label"] for row in rows if row["text"].startswith(f"What {head} ")} == labels


def test_heads_of_one_class_also_describe_what_another_asks_about(rows):
    described = {row["label"] for row in rows if re.search(r" the (city|town) (on|where) ", row["text"])}
    assert described >= COARSE - {"ABBR", "LOC"}
