import hashlib
import re

import pytest

from distill.data.embedded import SAMPLES, abstracts

SPLITS = ("train", "validation", "test")
SUMMARY = re.compile(
    r"(?:We (?P<verb>\w+) a|A) (?P<method>\w+ \w+) for (?P<doing>\w+)ing (?P<things>\w+ \w+) (?P<rest>.+)\."
)
EARLIER = re.compile(r"(Earlier|Others) ")


@pytest.fixture(scope="module")
def sample():
    return SAMPLES["abstracts"]()


@pytest.fixture(scope="module")
def rows(sample):
    return [(split, row["source"], row["target"]) for split in SPLITS for row in sample[split]]


def sentences(text):
    return re.findall(r"[^.]+\.", text)


def test_the_sample_is_the_same_each_time(rows):
    again = abstracts.sample()
    assert rows == [(split, row["source"], row["target"]) for split in SPLITS for row in again[split]]
    assert (
        hashlib.sha256(repr(rows).encode()).hexdigest()
        == "ef2a98a409d6716789b03343b2851c303169f1a8ee08a820c4dfba8b59a53ad4"
    )


def test_it_has_the_promised_sizes_and_columns(sample):
    assert {split: len(sample[split]) for split in SPLITS} == {"train": 1200, "validation": 60, "test": 100}
    assert all(set(split.column_names) == {"source", "target"} for split in sample.values())


def test_no_abstract_stands_twice_and_most_summaries_are_new_in_test(sample, rows):
    assert len({source for _, source, _ in rows}) == 1360
    seen = set(sample["train"]["target"])
    assert sum(target in seen for target in sample["test"]["target"]) < 30


def test_an_abstract_has_3_to_5_sentences_and_a_summary_one(rows):
    for _, source, target in rows:
        assert 3 <= len(sentences(source)) <= 5
        assert 40 <= len(source.split()) <= 80
        assert len(sentences(target)) == 1
        assert 8 <= len(target.split()) <= 16


def test_the_vocabulary_is_small_and_all_of_it_is_in_train(sample):
    known = {
        split: {word.lower() for row in sample[split] for text in row.values() for word in re.findall(r"\w+", text)}
        for split in SPLITS
    }
    assert 100 <= len(known["train"]) <= 300
    assert known["validation"] | known["test"] <= known["train"]


def test_a_summary_joins_the_problem_the_method_and_the_finding_of_three_sentences(rows):
    for _, source, target in rows:
        said = SUMMARY.fullmatch(target)
        own = [text for text in sentences(source) if not EARLIER.match(text.strip())]
        stem = said["doing"].removesuffix("l").rstrip("e")
        problem = [at for at, text in enumerate(own) if re.search(rf"to {stem}\w* {said['things']}", text, re.I)]
        claim = [at for at, text in enumerate(own) if f" a {said['method']} that" in text]
        finding = [at for at, text in enumerate(own) if said["rest"].removeprefix("that ") in text]
        assert len(problem) == len(claim) == len(finding) == 1
        assert problem[0] < claim[0] < finding[0]
        assert (f"We {said['verb']} a" in own[claim[0]]) == bool(said["verb"])


def test_most_abstracts_tell_of_other_work_which_is_not_in_the_summary(rows):
    traps = [(text, target) for _, source, target in rows for text in sentences(source) if EARLIER.match(text.strip())]
    assert len(traps) > 0.6 * len(rows)
    for trap, target in traps:
        said = SUMMARY.fullmatch(target)
        assert said["method"] not in trap
        assert said["things"] not in trap
        assert said["rest"].removeprefix("that ") not in trap
