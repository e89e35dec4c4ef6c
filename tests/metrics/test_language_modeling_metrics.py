"""Language-modelling metrics."""

import numpy as np
import pytest
import torch

from distill.metrics import language_modeling
from distill.types import IGNORE


def scores(*batches):
    metrics = language_modeling.collection()
    for logits, labels in batches:
        metrics.update(logits, labels)
    return {name: value.item() for name, value in metrics.compute().items()}


def rows(count=60, vocabulary=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, vocabulary, generator=generator)
    return logits, torch.randint(0, vocabulary, (count,), generator=generator)


def test_perplexity_and_accuracy_match_numpy_over_batches_of_unequal_size():
    logits, labels = rows()
    chances = np.exp(logits.double().numpy())
    chances /= chances.sum(axis=1, keepdims=True)
    found = scores((logits[:50], labels[:50]), (logits[50:], labels[50:]))
    assert found["perplexity"] == pytest.approx(np.exp(-np.log(chances[np.arange(60), labels]).mean()), rel=1e-5)
    assert found["accuracy"] == pytest.approx((logits.argmax(1) == labels).float().mean().item())


def test_a_uniform_guess_has_the_perplexity_of_the_vocabulary():
    assert scores((torch.zeros(10, 40), torch.arange(10)))["perplexity"] == pytest.approx(40, rel=1e-5)


def test_an_unlikely_token_leaves_perplexity_finite_also_in_half_precision():
    logits = torch.zeros(400, 40)
    logits[0, 0] = 1e4
    labels = torch.ones(400, dtype=torch.long)
    assert np.isfinite(scores((logits.bfloat16(), labels))["perplexity"])


def test_rows_that_are_not_masked_count_in_nothing():
    logits, labels = rows()
    padded = torch.cat([logits, torch.randn(30, 40)]), torch.cat([labels, torch.full((30,), IGNORE)])
    assert scores(padded) == pytest.approx(scores((logits, labels)))


def test_the_headline_is_perplexity_and_less_is_better():
    assert language_modeling.HEADLINE == ("perplexity", "min")
    assert language_modeling.HEADLINE.name in language_modeling.collection()


@pytest.mark.parametrize("sync", [True, False])
def test_ranks_are_joined_only_when_asked(sync):
    assert all(metric.sync_on_compute is sync for metric in language_modeling.collection(sync=sync).values())
