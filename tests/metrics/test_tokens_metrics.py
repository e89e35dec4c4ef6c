"""Metrics of tags against scikit-learn's report."""

import random
from itertools import chain

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, classification_report, f1_score

from distill.metrics import entities, tokens
from distill.types import IGNORE

UNIVERSAL = ["NOUN", "VERB", "DET"]
CHUNKS = ["O", "B-NP", "I-NP"]


def tagged(tags, seed=0):
    chance = random.Random(seed)  # noqa: S311
    truth = [chance.choices(tags, k=chance.randrange(9)) for _ in range(50)]
    return [[tag if chance.random() < 0.7 else chance.choice(tags) for tag in each] for each in truth], truth


@pytest.mark.parametrize("tags", [UNIVERSAL, CHUNKS])
def test_tags_score_what_scikit_learn_says_without_the_outside(tags):
    guesses, truth = tagged(tags)
    found = tokens.score(guesses, truth, tags, [])
    flat, right = list(chain(*guesses)), list(chain(*truth))
    scored = [tag for tag in tags if tag != "O"]
    assert found.metrics == {
        "f1": pytest.approx(f1_score(right, flat, labels=scored, average="micro")),
        "accuracy": pytest.approx(accuracy_score(right, flat)),
    }
    report = classification_report(right, flat, labels=scored, output_dict=True)
    report["micro avg"] = report.get("micro avg") or {  # left out where it would be the accuracy
        **dict.fromkeys(("precision", "recall", "f1-score"), report["accuracy"]), "support": len(right)
    }  # fmt: skip
    assert list(found.table) == [*scored, "micro", "macro", "weighted"]
    for name, row in found.table.items():
        twin = report[name if name in report else f"{name} avg"]
        assert list(row.values()) == pytest.approx(
            [twin[key] for key in ("precision", "recall", "f1-score", "support")]
        )


def test_without_an_outside_f1_is_the_accuracy():
    metrics = tokens.score(*tagged(UNIVERSAL), UNIVERSAL, []).metrics
    assert metrics["f1"] == pytest.approx(metrics["accuracy"])


def test_the_statistics_count_tags_sentence_by_sentence():
    found = tokens.score([["B-NP", "O"], [], ["O", "B-NP"]], [["B-NP", "B-NP"], [], ["O", "O"]], CHUNKS, [])
    assert found.statistics["f1"].tolist() == [[1, 1, 2], [0, 0, 0], [0, 1, 0]]
    assert found.metrics == {"f1": 0.5, "accuracy": 0.5}


def test_sentences_without_words_have_no_accuracy():
    found = tokens.score([[]], [[]], CHUNKS, [])
    assert found.metrics["f1"] == 0
    assert np.isnan(found.metrics["accuracy"])


@pytest.mark.parametrize("module", [tokens, entities])
def test_what_is_watched_agrees_with_scikit_learn_and_leaves_out_ignored_rows(module):
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (90,), generator=generator)
    logits = torch.randn(90, 3, generator=generator)
    labels[::4] = IGNORE
    metrics = module.collection(3)
    metrics.update(logits[:40], labels[:40])
    metrics.update(logits[40:], labels[40:])
    kept = labels != IGNORE
    truth, guesses = labels[kept].numpy(), logits.argmax(1)[kept].numpy()
    found = {name: value.item() for name, value in metrics.compute().items()}
    assert found == {
        "f1_macro": pytest.approx(f1_score(truth, guesses, average="macro")),
        "accuracy": pytest.approx(accuracy_score(truth, guesses)),
    }
