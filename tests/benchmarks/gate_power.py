"""How often the gate holds up a model of the same recipe, and how often it catches a label that is 10 points worse.

    python tests/benchmarks/gate_power.py RUN [RUN] [rows=3000] [pairs=200]

A finished run of several seeds, of which the first two are taken, or two runs of one recipe and other seeds, whose
tasks give one label each. From what their students said of test,
rows are drawn with replacement, and the two answers to each row are given to an old and a new model at random: then
neither is better, and each verdict that holds the new one up is a false alarm. For each label, the new model then loses
10 points of recall, by 10 of 100 rows of the label that it had right; caught is what the gate holds up by that name.
"""

import sys
from pathlib import Path

import numpy as np

from distill.comparison import runs
from distill.comparison.verdict import LABEL
from distill.data.slices import Slice
from distill.metrics import classification, leading
from distill.pipeline.kept_scores import kept_scores
from distill.pipeline.paired_checks import Draws, Rules, compare

QUICK = Draws(resamples=20, exchanges=999)


def said_of_test(kept):
    """What a run's student says of each row, what is right, and the names of the labels."""
    marks = kept.score.scored.marks
    gold = np.argmax(marks.statistics[:, 2 * len(marks.names) :], axis=1)
    return np.asarray(kept.score.predictions), gold, marks.names


def drawn(draw, both, gold, rows):
    """Some rows, drawn with replacement, with the answers of an old and a new model of one recipe."""
    places = draw.integers(len(gold), size=rows)
    turned = draw.random(rows) < 0.5
    old, new = (each[places] for each in both)
    return np.where(turned, new, old), np.where(turned, old, new), gold[places]


def worse_at(draw, said, gold, label, labels):
    """The same answers with 10 points of recall less at a label."""
    right = np.flatnonzero((gold == label) & (said == label))
    lost = draw.permutation(right)[: round(0.1 * (gold == label).sum())]
    changed = said.copy()
    changed[lost] = (label + draw.integers(1, labels, size=len(lost))) % labels
    return changed


def checks(old, new, gold, names):
    """What the gate finds, with two slices that say nothing."""
    scored = [classification.score(each.tolist(), gold.tolist(), names, ()) for each in (old, new)]
    halves = [Slice("half", str(start), np.arange(start, len(gold), 2)) for start in range(2)]
    return compare(*scored, leading(classification, None), Rules(), "test", halves, QUICK)


def main(folders, rows=3000, pairs=200):
    """Print the share of false alarms, and for each label its rows, those it takes, and how often it is caught."""
    students = [kept for folder in folders for kept in kept_scores(runs.read(Path(folder)))]
    (one, gold, names), (other, _, _) = map(said_of_test, students[:2])
    print(f"rows that exactly one has right: {np.mean((one == gold) != (other == gold)):.1%} of {len(gold)}")
    false, caught, sizes = 0, np.zeros(len(names)), {name: [] for name in names}
    for number in range(pairs):
        draw = np.random.default_rng(number)
        old, new, right = drawn(draw, (one, other), gold, rows)
        found = checks(old, new, right, names)
        false += any(check.worse for check in found)
        for check in found:
            if check.kind == LABEL:
                sizes[check.name].append((check.rows, check.needed))
        for label, name in enumerate(names):
            worse = checks(old, worse_at(draw, new, right, label, len(names)), right, names)
            caught[label] += any(check.worse and check.kind == LABEL and check.name == name for check in worse)
    print(f"false alarms: {false} of {pairs}")
    for label, name in enumerate(names):
        count, needed = np.mean(sizes[name] or [(0, 0)], axis=0)
        print(f"{name}: {count:.0f} rows, needed about {needed:.0f}: caught {caught[label]:.0f} of {pairs}")


if __name__ == "__main__":
    given = dict(word.split("=") for word in sys.argv[1:] if "=" in word)
    main([word for word in sys.argv[1:] if "=" not in word], **{name: int(value) for name, value in given.items()})
