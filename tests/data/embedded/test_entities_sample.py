import hashlib
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from distill.data.embedded import SAMPLES, entities

SPLITS = ("train", "validation", "test")
TYPES = {"PER", "ORG", "LOC", "MISC"}


@pytest.fixture(scope="module")
def sample():
    return {split: rows.to_list() for split, rows in entities.sample().items()}


@pytest.fixture(scope="module")
def rows(sample):
    return [row for split in sample.values() for row in split]


def digest(splits):
    rows = [(split, row["tokens"], row["label"]) for split in SPLITS for row in splits[split]]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def spans(row):
    """(type, name, place of its first token), read from tags alone."""
    starts = [at for at, tag in enumerate(row["label"]) if tag.startswith("B-")]
    for at in starts:
        end = at + 1
        while end < len(row["label"]) and row["label"][end].startswith("I-"):
            end += 1
        yield row["label"][at][2:], " ".join(row["tokens"][at:end]), at


def test_the_sample_is_the_same_each_time(sample):
    assert digest(sample) == digest(SAMPLES["entities"]())
    assert digest(sample) == "cb4df2f0ecdda56a8ae9ec64c6e50db9c11433ced88d3cdda6cdfb58ca0865a2"


def test_it_has_the_promised_sizes_and_columns_of_lists():
    splits = entities.sample()
    assert {split: len(rows) for split, rows in splits.items()} == {"train": 2000, "validation": 300, "test": 300}
    for rows in splits.values():
        assert {name: kind.feature.dtype for name, kind in rows.features.items()} == {
            "tokens": "string",
            "label": "string",
        }


def test_no_sentence_stands_twice_nor_in_two_splits(rows):
    assert len({" ".join(row["tokens"]) for row in rows}) == len(rows) == 2600


def test_each_token_has_a_tag_and_the_tags_are_valid_iob2(rows):
    known = {"O"} | {f"{mark}-{kind}" for mark in "BI" for kind in TYPES}
    for row in rows:
        assert len(row["tokens"]) == len(row["label"])
        for before, tag in pairwise(["O", *row["label"]]):
            assert tag in known
            assert tag[0] != "I" or before in (f"B-{tag[2:]}", tag)


def test_entities_have_one_to_three_tokens_and_each_length_occurs_in_each_type(rows):
    lengths = defaultdict(set)
    for row in rows:
        for kind, name, _ in spans(row):
            lengths[kind].add(len(name.split()))
    assert lengths == {kind: {1, 2, 3} for kind in TYPES}


def test_each_split_has_every_type_and_none_is_most_of_them(sample):
    for split in sample.values():
        counts = Counter(kind for row in split for kind, _, _ in spans(row))
        assert set(counts) == TYPES
        assert all(0.1 < count / counts.total() < 0.4 for count in counts.values())


def test_names_stand_for_several_types(sample):
    types = defaultdict(set)
    for row in sample["train"]:
        for kind, name, _ in spans(row):
            types[name].add(kind)
    assert types["Jordan"] >= {"PER", "ORG", "LOC"}
    assert sum(len(kinds) > 1 for kinds in types.values()) > 40


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [("from", "to", "LOC"), ("in", "on", "LOC"), ("president", "arrived", "PER"), ("shares in", "fell", "ORG")],
)
def test_words_around_an_entity_tell_its_type(rows, before, after, kind):
    found = set()
    for row in rows:
        for entity, name, at in spans(row):
            head, tail = row["tokens"][:at], row["tokens"][at + len(name.split()) :]
            if " ".join(head).lower().endswith(before) and tail[:1] == [after]:
                found.add(entity)
    assert found == {kind}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_part_of_the_names_is_not_in_train(sample, split):
    known = {token for row in sample["train"] for token in row["tokens"]}
    for kind in ("PER", "ORG", "LOC"):
        names = [name for row in sample[split] for entity, name, _ in spans(row) if entity == kind]
        new = sum(not known.issuperset(name.split()) for name in names) / len(names)
        assert 0.1 < new < 0.75


def test_about_three_in_a_hundred_sentences_are_long_and_the_others_fit_a_window(sample):
    for split in sample.values():
        lengths = [len(row["tokens"]) for row in split]
        long = [length for length in lengths if length >= 60]
        assert len(long) / len(lengths) == pytest.approx(0.03, abs=0.02)
        assert max(lengths) > 64
        assert max(set(lengths) - set(long)) < 40


def test_sentences_have_a_capital_and_a_full_stop_and_no_trace_of_the_grammar(rows):
    for row in rows:
        assert row["tokens"][0][0].isupper() or row["tokens"][0][0].isdigit()
        assert row["tokens"][-1] == "."
        assert not set("$@[]_ ") & set("".join(row["tokens"]))


def test_capitals_outside_of_entities_and_rows_without_any_occur(sample):
    assert any(set(row["label"]) == {"O"} for row in sample["train"])
    outside = {
        token
        for row in sample["train"]
        for token, tag in zip(row["tokens"][1:], row["label"][1:], strict=True)
        if tag == "O" and token[0].isupper()
    }
    assert {"Monday", "August"} <= outside
