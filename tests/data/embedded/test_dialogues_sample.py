import hashlib
import re

import pytest

from distill.data.embedded import SAMPLES, dialogues

SPLITS = ("train", "validation", "test")
ASKED = re.compile(r"where is the (\w+)|how much is the (\w+)|do I get to the (\w+)|is there a (\w+)|do you like (\w+)")
NAMED = {
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "noon"),
    *("red", "blue", "green", "black", "white", "yellow", "coat", "jacket", "scarf", "hat", "shirt", "sweater"),
}
PRICES = {"ten", "twelve", "fifteen", "twenty", "thirty"}


@pytest.fixture(scope="module")
def sample():
    return SAMPLES["dialogues"]()


@pytest.fixture(scope="module")
def talks(sample):
    return [turns for split in SPLITS for turns in sample[split]["turns"]]


def words(text):
    return re.findall(r"\w+", text)


def test_the_sample_is_the_same_each_time(talks):
    again = dialogues.sample()
    assert talks == [turns for split in SPLITS for turns in again[split]["turns"]]
    digest = hashlib.sha256(repr(talks).encode()).hexdigest()
    assert digest == "ffa2148f1ec6e58dce62657de1c90253bd9bc0a7156effe136bdb3135c666ee3"


def test_it_has_the_promised_sizes_and_columns(sample):
    assert {split: len(sample[split]) for split in SPLITS} == {"train": 600, "validation": 40, "test": 60}
    assert all(split.column_names == ["turns"] for split in sample.values())


def test_no_dialogue_stands_twice(talks):
    assert len({tuple(turns) for turns in talks}) == 700


def test_a_dialogue_has_3_to_7_turns_each_a_whole_utterance(talks):
    assert {len(turns) for turns in talks} == {3, 4, 5, 6, 7}
    for turn in (turn for turns in talks for turn in turns):
        assert re.fullmatch(r"[A-Z][^|$@_]*[.?!]", turn)
        assert "  " not in turn


def test_the_vocabulary_is_small_and_all_of_it_is_in_train(sample):
    known = {
        split: {word.lower() for turns in sample[split]["turns"] for turn in turns for word in words(turn)}
        for split in SPLITS
    }
    assert 100 <= len(known["train"]) <= 250
    assert known["validation"] | known["test"] <= known["train"]


def test_what_is_asked_for_is_taken_up_later(talks):
    asked = 0
    for turns in talks:
        for at, turn in enumerate(turns[:-1]):
            for groups in ASKED.findall(turn):
                asked += 1
                assert "".join(groups) in words(" ".join(turns[at + 1 :])), turns
    assert asked > 300


def test_what_is_confirmed_was_said_before(talks):
    confirmed = 0
    for turns in talks:
        for at, turn in enumerate(turns):
            if turn.startswith(("Good, a table", "Good, so", "Here is your", "Only", "That is")):
                confirmed += 1
                new = set(words(turn)) - set(words(" ".join(turns[:at])))
                assert not new & NAMED, turns
                assert not turn.startswith(("Only", "That")) or not new & PRICES, turns
    assert confirmed > 100


def test_a_thing_is_offered_in_two_colours_that_differ(talks):
    offers = [found for turns in talks for turn in turns for found in re.findall(r"a (\w+) \w+ and a (\w+) one", turn)]
    assert len(offers) > 20
    assert all(first != second for first, second in offers)
