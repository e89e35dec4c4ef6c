import hashlib
import re
from collections import Counter, defaultdict

import pytest

from distill.data.embedded import SAMPLES, relations

RELATIONS = ("Cause-Effect", "Component-Whole", "Entity-Destination", "Product-Producer")
LABELS = {f"{relation}({order})" for relation in RELATIONS for order in ("e1,e2", "e2,e1")} | {"Other"}
MARKED = re.compile(r"<e1>(\w+)</e1>(.*)<e2>(\w+)</e2>")
# What stands between the marks and tells the label to a reader, written down apart from the grammar.
TELLING = {
    r"^ (caused|triggered) (the|a|an|this)": "Cause-Effect(e1,e2)",
    r"^ was (caused|triggered) by": "Cause-Effect(e2,e1)",
    r"^ (was a part )?of": "Component-Whole(e1,e2)",
    r"^ (contained|had) (the|a|an|this)( \w+)? $": "Component-Whole(e2,e1)",
    r"^ was (put|moved|brought) into": "Entity-Destination(e1,e2)",
    r"^ received": "Entity-Destination(e2,e1)",
    r"^ was (made|built|designed) by": "Product-Producer(e1,e2)",
    r"^ (made|built|designed) (the|a|an|this)": "Product-Producer(e2,e1)",
    r"^ (stood near|had nothing to do with|resembled)": "Other",
}


@pytest.fixture(scope="module")
def sample():
    return relations.sample()


@pytest.fixture(scope="module")
def rows(sample):
    return [row for split in sample.values() for row in split]


def digest(splits):
    rows = [(split, *row.values()) for split in ("train", "test") for row in splits[split]]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_the_sample_is_the_same_each_time(sample):
    assert digest(sample) == digest(SAMPLES["relations"]())
    assert digest(sample) == "7448539dc6ae0185fb2e754aa012a5d3446990bebf064935f1fd521d00fc8822"


def test_it_has_the_promised_sizes_and_columns_and_no_validation(sample):
    assert {split: len(rows) for split, rows in sample.items()} == {"train": 2500, "test": 400}
    for split in sample.values():
        assert {name: kind.dtype for name, kind in split.features.items()} == {"text": "string", "label": "string"}


def test_no_sentence_stands_twice_nor_in_two_splits(rows):
    assert len({row["text"] for row in rows}) == len(rows) == 2900


def test_each_split_has_every_relation_in_both_directions(sample):
    for split in sample.values():
        assert set(split["label"]) == LABELS


def test_about_one_in_seven_is_of_no_relation(sample):
    assert Counter(sample["train"]["label"])["Other"] / 2500 == pytest.approx(0.15, abs=0.02)


def test_each_mark_stands_once_and_in_order_around_a_word(rows):
    for text in (row["text"] for row in rows):
        assert re.findall(r"<.*?>", text) == ["<e1>", "</e1>", "<e2>", "</e2>"]
        first, _, second = MARKED.search(text).groups()
        assert first != second


def test_sentences_have_a_capital_and_a_full_stop_and_no_trace_of_the_grammar(rows):
    for text in (row["text"] for row in rows):
        plain = re.sub("<.*?>", "", text)
        assert plain[0].isupper()
        assert plain.endswith(" .")
        assert not re.search(r"[$@#_]|  |\b[Aa] [aeiou]|\b[Aa]n [^aeiou]", plain)


@pytest.mark.parametrize("telling", TELLING)
def test_the_words_between_tell_relation_and_direction(rows, telling):
    labels = {row["label"] for row in rows if re.search(telling, MARKED.search(row["text"])[2])}
    assert labels == {TELLING[telling]}


def test_the_marked_nouns_are_shared_by_the_relations(rows):
    relations_of = defaultdict(set)
    for row in rows:
        first, _, second = MARKED.search(row["text"]).groups()
        for noun in (first, second):
            relations_of[noun].add(row["label"].partition("(")[0])
    assert all(len(found) >= 4 for found in relations_of.values())


def test_the_marked_nouns_alone_do_not_tell_the_label(sample):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    counter = CountVectorizer(analyzer=re.compile(r"<e\d>\w+").findall)
    model = LogisticRegression(max_iter=50).fit(
        counter.fit_transform(sample["train"]["text"]), sample["train"]["label"]
    )
    assert model.score(counter.transform(sample["test"]["text"]), sample["test"]["label"]) < 0.5
