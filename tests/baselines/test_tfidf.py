"""Bags of words with a linear model: features by their formula, any kind of target, chosen and drawn within train."""

from collections import Counter

import numpy as np
import pytest

from distill.baselines import LabelledTexts, baseline, has_baselines, linear, tfidf
from distill.baselines.features import count_terms
from distill.tasks import TASKS, task
from distill.types import FLOOR

GOOD, BAD = ("a good film", "good fun", "very good , very funny"), ("a bad film", "bad and dull", "dull , dull , dull")
TEXTS = [(text,) for text in (*GOOD, *BAD)]
SENTIMENT = LabelledTexts(TEXTS, np.array([1.0] * 3 + [0.0] * 3), "class", 2)


def accuracy(train):
    return lambda logits, positions: float((logits.argmax(1) == train.targets[positions]).mean())


def ranks(train):
    return lambda logits, positions: -float(((logits[:, 0] - train.targets[positions]) ** 2).mean())


def test_a_word_weighs_by_its_count_and_its_rarity():
    features, _ = count_terms([("a b b",), ("a",), ("c",)])
    (words, _) = features._blocks
    place = words.vocabulary_
    row = features([("b a b",)]).toarray()[0][: len(place)]
    documents = {"a": 2, "b": 1, "b b": 1, "a b": 1, "c": 1}
    counted = Counter({"a": 1, "b": 2, "a b": 1})  # "b a" is no term of train
    weights = {
        term: (1 + np.log(count)) * (1 + np.log((1 + 3) / (1 + documents[term]))) for term, count in counted.items()
    }
    length = np.sqrt(sum(weight**2 for weight in weights.values()))
    expected = {term: weights.get(term, 0.0) / length for term in place}
    assert {term: row[number] for term, number in place.items()} == pytest.approx(expected, abs=1e-6)


def test_a_pair_is_what_both_share_and_where_they_differ_in_either_direction():
    features, rows = count_terms([("a b", "a c")])
    alone, _ = count_terms([("a b",), ("a c",)])
    assert [block.vocabulary_ for block in features._blocks] == [block.vocabulary_ for block in alone._blocks]
    one, other = alone([("a b",), ("a c",)]).toarray()
    width = len(alone._blocks[0].vocabulary_)
    a, b = one[:width], other[:width]
    row, turned = features([("a b", "a c"), ("a c", "a b")]).toarray()
    assert np.array_equal(rows.toarray(), [row]), "those of the training texts are made as any others"
    expected = [a * b, np.maximum(a - b, 0), np.maximum(b - a, 0), [a @ b]]
    assert row[: 3 * width + 1] == pytest.approx(np.concatenate(expected), abs=1e-6)
    assert turned[width : 2 * width] == pytest.approx(row[2 * width : 3 * width])


def test_texts_of_any_script_have_terms_and_texts_without_any_have_none():
    assert count_terms([("很好",), ("不好",)])[0]([("很好",)]).nnz > 0
    bare = tfidf.fit(LabelledTexts([("",), (" ",), ("",)], np.array([0.0, 1.0, 1.0]), "class", 2), lambda *_: 0.0, 1)
    assert bare.logits([("",), ("new words",)]).shape == (2, 2)


def test_words_that_tell_the_class_are_learnt_and_new_texts_answered():
    model = tfidf.fit(SENTIMENT, accuracy(SENTIMENT), seed=1)
    logits = model.logits([("good music",), ("a dull plot",)])
    assert logits.dtype == np.float32
    assert logits.argmax(1).tolist() == [1, 0]
    assert (logits[:, 0] == 0).all(), "of two classes the first is the reference"
    assert "logistic regression" in model.description


def test_the_same_seed_gives_the_same_model():
    one, other = (tfidf.fit(SENTIMENT, accuracy(SENTIMENT), seed=3) for _ in range(2))
    assert np.array_equal(one.model.weights, other.model.weights)
    assert one.description == other.description


def test_each_label_of_several_is_learnt_by_itself_also_where_no_example_has_it():
    flags = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=float)
    texts = [("good",), ("good film",), ("good bad",), ("bad",), ("bad film",), ("film",)]
    model = tfidf.fit(LabelledTexts(texts, flags, "labels", 3), lambda *_: 0.0, seed=1)
    likely = 1 / (1 + np.exp(-model.logits([("good",), ("bad",), ("good bad",)])))
    assert (likely[:, 0] > likely[1, 0])[[0, 2]].all()
    assert (likely[:, 1] > likely[0, 1])[[1, 2]].all()
    assert likely[:, 2] == pytest.approx(0.5 / 7), "its smoothed frequency in train"


def test_scores_of_pairs_follow_what_both_texts_share():
    words = [f"word{number}" for number in range(20)]
    pairs = [(" ".join(words[:10]), " ".join(words[start : start + 10])) for start in range(11)]
    train = LabelledTexts(pairs, np.arange(10, -1, -1) / 2, "score", 1)
    model = tfidf.fit(train, ranks(train), seed=1)
    (same,), (apart,) = model.logits([pairs[0], pairs[-1]])
    assert same > apart + 1
    assert "ridge regression" in model.description


def test_a_class_that_no_example_has_cannot_be():
    train = LabelledTexts(TEXTS, np.array([0.0, 0.0, 0.0, 2.0, 2.0, 2.0]), "class", 3)
    logits = tfidf.fit(train, accuracy(train), seed=1).logits([("good film",), ("dull",)])
    assert (logits[:, 1] <= FLOOR + 1).all()
    assert logits.argmax(1).tolist() == [0, 2]


def test_the_best_rated_strength_is_taken_and_the_smallest_of_equals():
    rated = []

    def rate(logits, positions):
        rated.append(sorted(positions.tolist()))
        return [0.1, 0.3, 0.2][len(rated) - 1]

    assert "C=1" in tfidf.fit(SENTIMENT, rate, seed=1).description.split(", ")
    assert rated == [list(range(6))] * 3, "each example is tried once, out of the fold that it stands in"
    assert "C=0.1" in tfidf.fit(SENTIMENT, lambda *_: 0.5, seed=1).description.split(", ")


def test_of_one_example_no_strength_can_be_tried_and_the_smallest_is_taken():
    model = tfidf.fit(LabelledTexts(TEXTS[:1], np.array([1.0]), "class", 2), lambda *_: 0.0, seed=1)
    assert model.logits(TEXTS).argmax(1).tolist() == [1] * len(TEXTS)


def test_folds_hold_each_class_alike_and_no_more_examples_than_allowed():
    train = LabelledTexts([("x",)] * 90, np.array([0.0] * 81 + [1.0] * 9), "class", 2)
    for learnt, held in linear.folds(train, 3, 1000, seed=1):
        assert not set(learnt) & set(held)
        assert train.targets[held].sum() == 3
    assert sum(len(held) for _, held in linear.folds(train, 3, 30, seed=1)) == 30


def test_a_class_of_more_weight_is_found_more_often():
    texts = [("word",)] * 10
    targets = np.array([1.0] * 3 + [0.0] * 7)
    same, weighted = (
        linear.fit(count_terms(texts)[1], LabelledTexts(texts, targets, "class", 2, weights), 1.0, 1)
        for weights in (None, [5 / 7, 5 / 3])
    )
    rows = count_terms(texts)[0](texts[:1])
    assert same(rows)[0, 1] < -0.3 < weighted(rows)[0, 1] < 0.3


def test_its_size_counts_weights_rarities_and_the_terms_themselves():
    model = tfidf.fit(SENTIMENT, accuracy(SENTIMENT), seed=1)
    terms = sum(len(block.vocabulary_) for block in model.features._blocks)
    assert model.parameters == 2 * terms + 1
    letters = sum(len(term) for block in model.features._blocks for term in block.vocabulary_)
    assert model.bytes == 4 * model.parameters + letters


def test_tasks_of_whole_texts_have_baselines():
    with_some = [name for name in TASKS if has_baselines(task(name))]
    assert with_some == ["classification", "pair_classification", "multilabel_classification", "regression"]
    assert baseline("tfidf").title == "TF-IDF with a linear model"
