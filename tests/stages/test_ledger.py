"""The ledger of a labeller: its errors on gold rows, with intervals that hold the true rate."""

import numpy as np
import pytest

from distill.config.teacher import TeacherConfig
from distill.data.answers.labelled import Counts
from distill.data.embedded import questions, sentiment
from distill.stages.ledger import cost, of_labels

DRAWS, GOLD = 100, 300


def rows(labels):
    return [np.array([label]) for label in labels]


@pytest.fixture(scope="module", params=[sentiment, questions], ids=["two labels", "six labels"])
def stored(request):
    """The labels of a sample by their numbers, in no order."""
    labels = request.param.sample()["train"]["label"][:]
    names = sorted(set(labels))
    return np.random.default_rng(1).permutation([names.index(label) for label in labels]), [str(name) for name in names]


def corrupted(labels, count, rates, random):
    """The labels with those of each wrong at its rate, any other one instead."""
    wrong = random.random(len(labels)) < rates[labels]
    others = (labels + random.integers(1, count, size=len(labels))) % count
    return np.where(wrong, others, labels)


@pytest.mark.parametrize("by_label", [False, True], ids=["uniform", "by label"])
def test_the_true_rate_of_errors_lies_in_the_interval(stored, by_label):
    labels, names = stored
    rates = np.linspace(0.1, 0.4, len(names)) if by_label else np.full(len(names), 0.25)
    true = rates[labels].mean()
    inside = np.zeros(1 + len(names))
    for draw in range(DRAWS):
        random = np.random.default_rng(draw)
        right = labels[random.permutation(len(labels))[:GOLD]]
        found = of_labels(names, rows(corrupted(right, len(names), rates, random)), rows(right))
        low, high = found["interval"]
        inside[0] += 1 - high <= true <= 1 - low
        for number, name in enumerate(names):
            low, high = found["by_label"][name]["interval"]
            inside[1 + number] += 1 - high <= rates[number] <= 1 - low
    assert inside[0] >= 0.9 * DRAWS
    assert (inside[1:] >= 0.9 * DRAWS).all()


def test_what_is_said_instead_is_counted_by_the_right_label():
    found = of_labels(["a", "b"], rows([0, 1, 1, 1]), rows([0, 0, 0, 1]))
    assert found["accuracy"] == 0.5
    assert found["by_label"]["a"]["share"] == pytest.approx(1 / 3)
    assert found["by_label"]["a"]["said"]["b"]["rows"] == 3
    assert found["by_label"]["a"]["said"]["b"]["share"] == pytest.approx(2 / 3)
    assert found["by_label"]["b"]["said"].keys() == {"b"}


def test_words_of_one_text_count_together():
    said = [np.array([0, 0, 0, 1]), np.array([1, 1])]
    right = [np.array([0, 0, 0, 0]), np.array([1, 1])]
    found = of_labels(["O", "B-PER"], said, right)
    assert (found["unit"], found["counted"]) == ("words", 6)
    assert found["accuracy"] == pytest.approx(5 / 6)
    low, high = found["interval"]
    assert low == pytest.approx(3 / 4)
    assert high == 1


@pytest.mark.parametrize(
    ("price", "recorded", "expected"),
    [
        (None, None, None),
        (0.01, None, {"total": 4.0, "recorded": False, "price_per_row": 0.01, "break_even_rows": 400}),
        (None, 8.0, {"total": 8.0, "recorded": True, "price_per_row": 0.02, "break_even_rows": 400}),
        (0.01, 8.0, {"total": 8.0, "recorded": True, "price_per_row": 0.01, "break_even_rows": 800}),
        (0.0, None, {"total": 0.0, "recorded": False, "price_per_row": 0.0, "break_even_rows": 0}),
    ],
)
def test_the_cost_is_that_of_the_file_or_of_the_settings(price, recorded, expected):
    counts = Counts(400, 390, 10, 0, 0, recorded=recorded)
    assert cost(TeacherConfig(price_per_row=price), counts) == expected
