"""A teacher's answers beside those of who has not read the rows."""

import warnings

import numpy as np
import pytest

from distill.metrics import chance, classification, entities, multilabel, pairs, spans

DRAW = np.random.default_rng(0)


def of_labels(found, right, names, metrics=classification):
    score, constant = chance.beside_guesses(metrics, found, right, names, seed=0)
    found, right = np.asarray(found), np.asarray(right)
    return chance.labels(found, right, names, metrics.HEADLINE.name, score, constant)


def test_who_always_says_one_label_is_refused_and_who_knows_some_is_not():
    right = [0] * 50 + [1] * 50
    said = of_labels([0] * 100, right, ["neg", "pos"])
    assert (said.refused, said.said) == (True, "gets 50.0% of them right, and who always says 'neg' 50.0%")
    assert of_labels([0] * 49 + [1] + [0] * 50, right, ["neg", "pos"]).refused
    better = of_labels([0] * 50 + [0] * 48 + [1] * 2, right, ["neg", "pos"])
    assert (better.refused, better.hardly) == (False, True)
    good = of_labels([0] * 45 + [1] * 50 + [0] * 5, right, ["neg", "pos"])
    assert (good.refused, good.hardly) == (False, False)


def test_who_knows_a_rare_label_is_taken_though_the_other_one_is_right_more_often():
    right = [0] * 54 + [1] * 6
    good = of_labels([0] * 47 + [1] * 7 + [1] * 5 + [0], right, ["fine", "rude"])
    assert (good.refused, good.hardly) == (False, True)
    assert good.said == "gets 86.7% of them right, and who always says 'fine' 90.0%"
    assert of_labels([0] * 47 + [1] * 7 + [0] * 5 + [1], right, ["fine", "rude"]).refused
    three = [0] * 70 + [1] * 20 + [2] * 10
    assert of_labels([0] * 70 + [2] * 20 + [1] * 10, three, ["none", "yes", "no"]).refused


def test_decisions_that_know_rare_labels_are_taken_though_others_are_right_more_often():
    right = np.zeros((60, 3), dtype=int)
    right[:50, 0], right[50:54, 1], right[56:, 2] = 1, 1, 1
    found = right.copy()
    found[:12, 0], found[:9, 1], found[9:18, 2] = 0, 1, 1
    good = chance.decisions(found, right, multilabel, ["a", "b", "c"])
    assert not good.refused
    assert chance.decisions(np.roll(found, 7, axis=0), right, multilabel, ["a", "b", "c"]).refused


def test_guesses_at_many_labels_are_refused_though_chance_makes_them_a_little_better():
    right = list(range(10)) * 20
    refused = [of_labels(DRAW.integers(0, 10, 200).tolist(), right, list("abcdefghij")).refused for _ in range(20)]
    assert sum(refused) >= 17
    half = [label if DRAW.random() < 0.4 else int(DRAW.integers(10)) for label in right]
    assert not of_labels(half, right, list("abcdefghij")).refused


@pytest.mark.parametrize("labels", [2, 3, 5])
def test_exchanged_names_are_found(labels):
    right = list(range(labels)) * 20
    found = [(label + 1) % labels if DRAW.random() < 0.9 else label for label in right]
    said = of_labels(found, right, list("abcde")[:labels])
    assert said.refused
    assert said.exchanged == tuple((label - 1) % labels for label in range(labels))
    assert 0.8 < said.would <= 1


def test_two_exchanged_names_of_several_are_found_though_most_answers_are_right():
    right = [0] * 60 + list(range(1, 4)) * 20
    found = [{1: 2, 2: 1}.get(label, label) for label in right]
    said = of_labels(found, right, ["O", "B-PER", "B-LOC", "I-LOC"])
    assert (said.refused, said.exchanged, said.would) == (True, (0, 2, 1, 3), 1.0)
    confused = [2 if label == 1 else label for label in right]
    assert not of_labels(confused, right, ["O", "B-PER", "B-LOC", "I-LOC"]).refused


def test_labels_that_are_only_wrong_have_no_other_names():
    right = [0, 1] * 30
    assert of_labels([0] * 60, right, ["a", "b"]).exchanged == ()
    assert of_labels([1, 1, 0, 0] * 15, right, ["a", "b"]).exchanged == ()


def test_pairs_of_which_half_are_right_are_refused_whatever_their_f1():
    right = [0] * 50 + [1] * 50
    assert of_labels([1] * 100, right, ["no", "yes"], pairs).refused
    assert not of_labels([0] * 40 + [1] * 10 + [0] * 20 + [1] * 30, right, ["no", "yes"], pairs).refused


def test_tags_of_chance_are_refused_and_those_that_find_entities_are_not():
    names = ["O", "B-PER", "I-PER"]
    right = [["O", "O", "B-PER", "I-PER", "O", "O"]] * 30

    def judged(found):
        score, constant = chance.beside_guesses(entities, found, right, names, seed=0)
        flat = [np.array([names.index(tag) for tags in each for tag in tags]) for each in (found, right)]
        return chance.labels(*flat, names, entities.HEADLINE.name, score, constant, "all words")

    assert judged([["O"] * 6] * 30).refused
    assert judged([["B-PER", "I-PER", "O", "O", "B-PER", "O"]] * 30).refused
    assert not judged(right[:10] + [["O"] * 6] * 20).refused
    assert "of all words right, and who always says 'O' 66.7% (f1 of" in judged(right).said


def test_decisions_that_are_the_same_for_every_row_are_refused():
    right = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0]] * 10)
    names = ["a", "b", "c"]
    for same in ([0, 0, 0], [1, 0, 0], [1, 1, 1]):
        assert chance.decisions(np.array([same] * 40), right, multilabel, names).refused
    assert not chance.decisions(right * (DRAW.random(right.shape) < 0.7), right, multilabel, names).refused


RIGHT = np.linspace(0, 5, 60)
NOISE = DRAW.normal(0, 0.2, 60)


@pytest.mark.parametrize(
    ("found", "fits"),
    [
        ((RIGHT - 3.3) / 1.6 + NOISE * 0.2, "scores on another scale, "),
        (RIGHT / 5 + NOISE * 0.1, "scores on another scale, "),
        (5 - RIGHT + NOISE, "scores on another scale, "),
        (np.full(60, 2.5), "gives each of them the score 2.5, where the data has 0 to 5"),
        (DRAW.normal(0, 0.1, 60) - 4, "has a correlation of "),
        (DRAW.permutation(RIGHT), "has a correlation of "),
    ],
)
def test_scores_on_another_scale_or_of_chance_are_refused(found, fits):
    said = chance.scores(found, RIGHT)
    assert (said.refused or "-0." not in said.said, said.said[: len(fits)]) == (True, fits)


def test_the_line_that_fits_other_scores_is_said():
    said = chance.scores((RIGHT - 3.3) / 1.61, RIGHT).said
    assert said == (
        "scores on another scale, -2.05 to 1.06 where the data has 0 to 5: score ≈ 1.61·answer + 3.30 would fit "
        "(R² of 1.00, as it is -3.31)"
    )
    assert "score ≈ -2.00·answer + 10.00 would fit" in chance.scores(5 - RIGHT / 2, RIGHT).said
    assert "score ≈ 0.50·answer - 1.00 would fit" in chance.scores(2 * RIGHT + 2, RIGHT).said


@pytest.mark.parametrize("found", [RIGHT, RIGHT + NOISE, 0.8 * RIGHT + 0.5 + NOISE, RIGHT + 8 * NOISE])
def test_scores_that_are_near_or_only_shrunk_are_taken(found):
    assert not chance.scores(found, RIGHT).refused


def test_answers_no_better_than_words_at_random_are_refused():
    contexts = [f"the tower of {name} stands near the wide river since the year {year}" for name, year in zip(
        ["paris", "berlin", "rome", "oslo"] * 5, range(1900, 1920), strict=True)]  # fmt: skip
    right = [[context.split()[3]] for context in contexts]
    assert chance.spans(["near"] * 20, right, contexts, spans, 0).refused
    assert chance.spans([""] * 20, right, contexts, spans, 0).refused
    assert not chance.spans([answers[0] for answers in right], right, contexts, spans, 0).refused


def test_who_writes_pays_less_than_for_frequencies_or_is_refused():
    known, right = [1, 1, 1, 2, 3] * 20, [1, 1, 2]
    guessed = -np.log([61 / 110, 61 / 110, 21 / 110]).mean()
    said = chance.tokens(5.0, right, known, 10)
    assert said.refused
    assert said.said == (
        f"pays 5.00 nats for a true token, and who only knows how frequent each token is {guessed:.2f}"
    )
    assert not chance.tokens(guessed - 0.01, right, known, 10).refused
    assert chance.tokens(float("nan"), right, known, 10).refused


def test_a_constant_answer_is_judged_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for many in range(1, 40):
            right = np.array([0] * many + [1] * 13)
            assert not chance._knows(np.zeros_like(right), right)
