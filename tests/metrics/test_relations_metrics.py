"""Metrics of relations against what the official scorer of SemEval-2010 task 8 printed."""

import pytest

from distill.metrics import relations

KINDS = [
    "Cause-Effect", "Component-Whole", "Content-Container", "Entity-Destination", "Entity-Origin", "Instrument-Agency",
    "Member-Collection", "Message-Topic", "Product-Producer",
]  # fmt: skip
NAMES = [f"{kind}({direction})" for kind in KINDS for direction in ("e1,e2", "e2,e1")] + ["Other"]

# A published run of the scorer, version 1.2: rows are right relations (the last is Other), columns predicted ones.
CONFUSION = [
    [300, 0, 0, 0, 4, 1, 0, 2, 2, 12],
    [1, 235, 5, 1, 1, 11, 11, 6, 3, 29],
    [0, 5, 160, 7, 2, 0, 1, 1, 1, 11],
    [0, 2, 7, 264, 0, 0, 0, 1, 1, 16],
    [3, 1, 1, 4, 226, 1, 0, 1, 3, 16],
    [0, 4, 1, 1, 1, 118, 0, 4, 5, 21],
    [0, 4, 0, 0, 2, 0, 206, 1, 0, 19],
    [1, 5, 0, 1, 2, 0, 2, 229, 1, 19],
    [5, 1, 2, 0, 4, 9, 0, 3, 177, 27],
    [16, 25, 18, 23, 27, 24, 29, 33, 26, 231],
]
WRONG_DIRECTION = [3, 8, 4, 1, 1, 0, 0, 1, 2]
F1 = [91.88, 78.20, 82.05, 88.89, 85.77, 73.98, 85.65, 84.35, 78.49, 54.16]


def published():
    """Predictions and references that give the confusion above, by name."""
    pairs = [
        (column, row)
        for row, counts in enumerate(CONFUSION)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]
    guesses, truth = ([min(2 * kind, 18) for kind in side] for side in zip(*pairs, strict=True))
    for kind, count in enumerate(WRONG_DIRECTION):
        guesses, truth = guesses + [2 * kind] * count, truth + [2 * kind + 1] * count
    return guesses, truth


def test_the_official_scores_are_met():
    found = relations.score(*published(), NAMES, [])
    assert 100 * found.metrics["f1"] == pytest.approx(83.25, abs=0.005)
    assert found.metrics["accuracy"] == pytest.approx(2146 / 2706)
    assert list(found.table) == [*KINDS, "Other", "micro", "macro", "weighted"]
    for name, f1 in zip([*KINDS, "Other"], F1, strict=True):
        assert 100 * found.table[name]["f1"] == pytest.approx(f1, abs=0.005)
    micro, macro = (
        [100 * found.table[name][key] for key in ("precision", "recall", "f1")] for name in ("micro", "macro")
    )
    assert micro == pytest.approx([83.08, 84.96, 84.01], abs=0.005)
    assert macro == pytest.approx([82.24, 84.38, 83.25], abs=0.005)
    assert found.table["micro"]["support"] == 2254


def test_the_wrong_direction_is_a_mistake_predicted_once_and_missed_once():
    found = relations.score([0, 1], [0, 0], NAMES, [])
    assert found.table["Cause-Effect"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert found.metrics == {"f1": 0.5, "accuracy": 0.5}


def test_relations_that_the_references_lack_are_not_averaged():
    # As the official scorer: Message-Topic is predicted but never right, Other is neither counted.
    found = relations.score([0, 14, 18], [0, 18, 18], NAMES, [])
    assert found.metrics == {"f1": 1, "accuracy": pytest.approx(2 / 3)}


@pytest.mark.parametrize("none", ["Other", "no_relation"])
def test_names_without_a_direction_are_relations_of_their_own(none):
    found = relations.score([0, 1, 2, 1], [0, 0, 2, 2], ["born_in", "works_for", none], [])
    assert list(found.table) == ["born_in", "works_for", none, "micro", "macro", "weighted"]
    assert found.metrics["f1"] == pytest.approx(2 / 3)
    assert found.table["micro"]["support"] == 2


def test_text_without_relations_scores_zero():
    assert relations.score([18], [18], NAMES, []).metrics == {"f1": 0, "accuracy": 1}
