"""Metrics of answers against torchmetrics' own."""

import random
import re
import string
from collections import Counter

import pytest
import torch
from torchmetrics.functional.text import squad

from distill.metrics import spans
from distill.types import IGNORE

WORDS = ["The", "the", "an", "Eiffel", "tower,", "Tower", "in", "Paris", "paris!", "1889", "U.S.", "café", "—", "a"]


def answers(count=150):
    chance = random.Random(0)  # noqa: S311
    drawn = [[" ".join(chance.choices(WORDS, k=chance.randrange(5))) for _ in range(4)] for _ in range(count)]
    return [texts[0] for texts in drawn], [texts[1 : 2 + chance.randrange(3)] for texts in drawn]


def twin(predictions, references):
    given = [{"prediction_text": text, "id": str(row)} for row, text in enumerate(predictions)]
    right = [
        {"answers": {"answer_start": [0] * len(texts), "text": texts}, "id": str(row)}
        for row, texts in enumerate(references)
    ]
    return {name: value.item() / 100 for name, value in squad(given, right).items()}


def test_answers_score_what_torchmetrics_says():
    predictions, references = answers()
    found = spans.score(predictions, references, [], ["all"] * 150)
    assert list(found.metrics) == ["f1", "exact_match"]
    assert found.metrics == pytest.approx(twin(predictions, references))
    assert found.table == {"all": {**found.metrics, "support": 150}}


@pytest.mark.parametrize(
    ("answer", "right", "f1", "match"),
    [
        ("the Eiffel Tower", ["Eiffel tower."], 1, 1),
        ("Eiffel Tower in Paris", ["Eiffel Tower"], 2 / 3, 0),
        ("in Paris", ["Rome", "Paris", "in Paris, France"], 4 / 5, 0),
        ("Paris Paris", ["Paris"], 2 / 3, 0),
        ("Rome", ["Paris"], 0, 0),
        ("U.S.", ["us"], 1, 1),
        ("", ["Paris"], 0, 0),
        ("the", ["a"], 1, 1),
    ],
)
def test_the_best_of_several_answers_counts_without_case_punctuation_and_articles(answer, right, f1, match):
    found = spans.score([answer], [right], [], ["x"])
    assert found.metrics == {"f1": pytest.approx(f1), "exact_match": match}


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Denver Broncos", ["Denver Broncos", "Denver Broncos", "Denver Broncos"]),
        ("Carolina Panthers", ["Denver Broncos"]),
        (
            "Santa Clara, California",
            [
                "Santa Clara, California",
                "Levi's Stadium",
                "Levi's Stadium in the San Francisco Bay Area at Santa Clara, California.",
            ],
        ),
        ("at Levi's Stadium", ["Levi's Stadium in the San Francisco Bay Area at Santa Clara, California."]),
        ('"golden anniversary" with various gold-themed initiatives', ['"golden anniversary"']),
        ("February 7", ["February 7, 2016", "February 7", "February 7, 2016"]),
        ("Saint Bernadette  Soubirous in 1858", ["Saint Bernadette Soubirous"]),
        ("M\u00fcnchen \u2013 Berlin", ["M\u00fcnchen\u2013Berlin", "die Stra\u00dfe M\u00fcnchen \u2013 Berlin"]),
    ],
)
def test_answers_between_spaces_score_as_squad_scores_them(answer, right):
    assert spans.score([answer], [right], [], ["x"]).metrics == pytest.approx(twin([answer], [right]))


@pytest.mark.parametrize(
    ("answer", "right", "f1", "match"),
    [
        ("北京市", ["北京"], 4 / 5, 0),
        ("北京", ["上海", "北京"], 1, 1),
        ("上海", ["北京"], 0, 0),
        ("1949年 10月", ["1949年10月"], 1, 1),
        ("東京タワー", ["タワー"], 3 / 4, 0),
        ("ไทย", ["ไท"], 4 / 5, 0),
        ("the 北京", ["北京."], 1, 1),
    ],
)
def test_each_character_of_a_script_without_spaces_is_a_word(answer, right, f1, match):
    assert spans.score([answer], [right], [], ["x"]).metrics == {"f1": pytest.approx(f1), "exact_match": match}


def test_starts_and_ends_are_watched_each_on_its_own():
    rows = torch.tensor([[0.0, 5.0, -1e4], [3.0, 0.0, -1e4], [0.0, 0.0, 9.0]])
    watched = spans.collection(3)
    watched.update(rows, torch.tensor([1, 1, IGNORE]))
    assert {name: float(value) for name, value in watched.compute().items()} == {spans.WATCHED.name: 0.5}


def normalized(text):
    """The words of a text as SQuAD's script for version 2 has them."""
    kept = "".join(sign for sign in text.lower() if sign not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def second_version(predictions, references):
    """What SQuAD's script for version 2 says of each answer: F1 and exact match."""
    for answer, texts in zip(predictions, references, strict=True):
        gold = [normalized(text) for text in texts if normalized(text)] or [[]]
        guess, f1 = normalized(answer), []
        for right in gold:
            common = sum((Counter(right) & Counter(guess)).values())
            if not right or not guess:
                f1.append(float(right == guess))
            else:
                f1.append(2 * common / (len(guess) + len(right)) if common else 0.0)
        yield max(f1), float(guess in gold)


def test_where_some_questions_have_no_answer_all_are_scored_as_in_version_2():
    predictions, references = answers(300)
    references[::3] = [[] for _ in references[::3]]
    predictions[::6] = ["" for _ in predictions[::6]]
    found = spans.score(predictions, references, [], ["all"] * 300)
    wanted = list(second_version(predictions, references))
    assert list(found.metrics) == ["f1", "exact_match", "has_answer_f1", "no_answer_f1"]
    without = [f1 for (f1, _), texts in zip(wanted, references, strict=True) if not texts]
    with_ = [f1 for (f1, _), texts in zip(wanted, references, strict=True) if texts]
    assert 0 < sum(without) < len(without)
    assert found.metrics == {
        "f1": pytest.approx(sum(f1 for f1, _ in wanted) / 300),
        "exact_match": pytest.approx(sum(match for _, match in wanted) / 300),
        "has_answer_f1": pytest.approx(sum(with_) / len(with_)),
        "no_answer_f1": pytest.approx(sum(without) / len(without)),
    }
    assert spans.headline(found.statistics["f1"]) == pytest.approx(found.metrics["f1"])


@pytest.mark.parametrize(("answer", "score"), [("", 1.0), ("the", 1.0), (" . ", 1.0), ("Paris", 0.0)])
def test_no_answer_is_right_where_nothing_is_said_and_wrong_elsewhere(answer, score):
    found = spans.score([answer], [[]], [], ["x"]).metrics
    assert found == {"f1": score, "exact_match": score, "no_answer_f1": score}


def test_saying_nothing_is_wrong_where_there_is_an_answer():
    found = spans.score(["", ""], [["Paris"], []], [], ["x", "x"]).metrics
    assert found == {"f1": 0.5, "exact_match": 0.5, "has_answer_f1": 0.0, "no_answer_f1": 1.0}


def test_beside_questions_without_an_answer_a_right_one_of_articles_alone_does_not_count():
    assert spans.score(["a", ""], [["the", "Paris"], []], [], ["x", "x"]).metrics["has_answer_f1"] == 0.0
    assert spans.score(["a"], [["the", "Paris"]], [], ["x"]).metrics["f1"] == 1.0, "as in version 1 before"
