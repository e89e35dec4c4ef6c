"""The ledger's intervals hold the rate at which labels are really wrong."""

import numpy as np
import pytest

from distill.stages.ledger import of_labels

DRAWS, GOLD = 100, 200
NAMES = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
RARE = "ABBR"  # in some draws no gold row has it
SHARES = (0.02, 0.2, 0.24, 0.22, 0.16, 0.16)
RATES = {"uniform": dict.fromkeys(NAMES, 0.3), "by label": dict.fromkeys(NAMES, 0.1) | {"DESC": 0.5}}


def audited(random, rates):
    """Gold rows, and what a labeller that errs at these rates says of them."""
    right = random.choice(len(NAMES), size=GOLD, p=SHARES)
    wrong = random.random(GOLD) < [rates[NAMES[label]] for label in right]
    said = np.where(wrong, (right + random.integers(1, len(NAMES), size=GOLD)) % len(NAMES), right)
    return of_labels(NAMES, [np.array([label]) for label in said], [np.array([label]) for label in right])


@pytest.mark.parametrize("kind", RATES)
def test_the_true_rate_lies_in_the_interval_in_nine_draws_of_ten(kind):
    rates = RATES[kind]
    true = 1 - sum(share * rates[name] for share, name in zip(SHARES, NAMES, strict=True))
    within, of_label = 0, dict.fromkeys(NAMES, 0)
    for number in range(DRAWS):
        found = audited(np.random.default_rng(number), rates)
        within += found["interval"][0] <= true <= found["interval"][1]
        for name, share in found["by_label"].items():
            of_label[name] += share["interval"][0] <= 1 - rates[name] <= share["interval"][1]
    assert within >= 0.9 * DRAWS
    assert all(count >= 0.9 * DRAWS for name, count in of_label.items() if name != RARE), of_label
