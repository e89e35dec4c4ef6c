"""The ledger's intervals hold the rate at which labels are really wrong."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from distill.stages.ledger import of_labels

DRAWS, GOLD = 100, 200
NAMES = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
FEW = 0.05  # of a label that is rarer, some draws have no gold row, or a handful
SHARES = (0.02, 0.2, 0.24, 0.22, 0.16, 0.16)
KINDS = ("uniform", "by label")
REAL = Path(__file__).parents[3] / "shared" / "data"


def rates_of(kind, names, often):
    """How often each label is wrong: all alike, or one far more often than the others."""
    return dict.fromkeys(names, 0.3) if kind == "uniform" else dict.fromkeys(names, 0.1) | {often: 0.5}


def audited(random, names, right, rates):
    """What a labeller that errs at these rates says of gold rows with these right labels."""
    wrong = random.random(len(right)) < [rates[names[label]] for label in right]
    said = np.where(wrong, (right + random.integers(1, len(names), size=len(right))) % len(names), right)
    return of_labels(names, [np.array([label]) for label in said], [np.array([label]) for label in right])


def covered(draw, names, shares, rates):
    """In how many draws the interval holds the true rate: of all rows, and of those of each label."""
    true = 1 - sum(share * rates[name] for share, name in zip(shares, names, strict=True))
    within, of_label = 0, dict.fromkeys(names, 0)
    for number in range(DRAWS):
        random = np.random.default_rng(number)
        found = audited(random, names, draw(random), rates)
        within += found["interval"][0] <= true <= found["interval"][1]
        for name, share in found["by_label"].items():
            of_label[name] += share["interval"][0] <= 1 - rates[name] <= share["interval"][1]
    return within, {name: of_label[name] for name, share in zip(names, shares, strict=True) if share >= FEW}


@pytest.mark.parametrize("kind", KINDS)
def test_the_true_rate_lies_in_the_interval_in_nine_draws_of_ten(kind):
    def draw(random):
        return random.choice(len(NAMES), size=GOLD, p=SHARES)

    within, of_label = covered(draw, NAMES, SHARES, rates_of(kind, NAMES, "DESC"))
    assert within >= 0.9 * DRAWS
    assert min(of_label.values()) >= 0.9 * DRAWS, of_label


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data sets are not beside this checkout")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", ["sst2", "trec"])
def test_of_the_corrupted_labels_of_real_files_it_lies_there_as_often(data, kind):
    with (REAL / data / "train.tsv").open(encoding="utf-8", newline="") as file:
        labels = [row["label"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    counts = Counter(labels)
    names = tuple(sorted(counts))
    right = np.searchsorted(names, labels)
    shares = [counts[name] / len(labels) for name in names]

    def draw(random):
        return random.choice(right, size=GOLD, replace=False)

    within, of_label = covered(draw, names, shares, rates_of(kind, names, names[-1]))
    assert within >= 0.9 * DRAWS
    assert min(of_label.values()) >= 0.9 * DRAWS, of_label
