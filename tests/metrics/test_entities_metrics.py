"""Metrics of entities against seqeval's own."""

import random

import pytest
from seqeval.metrics import classification_report, f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from distill.metrics import entities

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-EVENT-X", "I-EVENT-X"]


def tagged(seed, like=None, tags=TAGS):
    chance = random.Random(seed)  # noqa: S311
    if like is None:
        return [chance.choices(tags, weights=[5] + [1] * (len(tags) - 1), k=chance.randrange(12)) for _ in range(80)]
    return [[tag if chance.random() < 0.85 else chance.choice(tags) for tag in sentence] for sentence in like]


def test_entities_score_what_seqeval_says_strictly():
    truth = tagged(0)
    guesses = tagged(1, truth)
    found = entities.score(guesses, truth, TAGS, [])
    for name, metric in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
        assert found.metrics[name] == pytest.approx(metric(truth, guesses, mode="strict", scheme=IOB2), abs=1e-12)
    assert list(found.metrics) == ["f1", "precision", "recall"]


def test_the_table_is_seqevals_report():
    truth = tagged(2)
    guesses = tagged(3, truth)
    table = entities.score(guesses, truth, TAGS, []).table
    report = classification_report(truth, guesses, mode="strict", scheme=IOB2, output_dict=True)
    assert list(table) == ["PER", "LOC", "EVENT-X", "micro", "macro", "weighted"]
    for name, row in table.items():
        twin = report[name if name in report else f"{name} avg"]
        assert list(row.values()) == pytest.approx(
            [twin[key] for key in ("precision", "recall", "f1-score", "support")]
        )


@pytest.mark.parametrize(
    ("guess", "counts"),
    [
        ("B-PER I-PER O B-LOC", (2, 2, 2)),
        ("B-PER O O B-LOC", (1, 2, 2)),
        ("B-PER I-PER O B-PER", (1, 2, 2)),
        ("I-PER I-PER O B-LOC", (1, 1, 2)),
        ("B-PER B-PER O I-LOC", (0, 2, 2)),
        ("O O O O", (0, 0, 2)),
    ],
)
def test_only_whole_entities_of_the_right_type_count(guess, counts):
    found = entities.score([guess.split()], [["B-PER", "I-PER", "O", "B-LOC"]], TAGS, [])
    assert tuple(found.statistics["f1"][0]) == counts


def test_text_without_entities_scores_zero_and_its_types_stay_out_of_the_mean():
    found = entities.score([["O"], []], [["O"], []], TAGS, [])
    assert found.metrics == {"f1": 0, "precision": 0, "recall": 0}
    found = entities.score([["B-PER"]], [["B-PER"]], TAGS, [])
    assert found.table["macro"] == {"precision": 1, "recall": 1, "f1": 1, "support": 1}


def test_a_tag_of_another_scheme_is_refused():
    with pytest.raises(ValueError, match=r"^the tag 'S-PER' is not IOB2: O, or B- or I- and a type$"):
        entities.score([["O"]], [["O"]], ["O", "B-PER", "S-PER"], [])
