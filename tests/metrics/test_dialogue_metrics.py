"""Metrics of replies by hand and against the metric that is watched."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from distill.metrics import dialogue


def replies(*texts, nll=1.0, tokens=2):
    return [{"nll": nll, "tokens": tokens, "text": text} for text in texts]


def score(predictions, groups=None):
    return dialogue.score(predictions, ["right"] * len(predictions), [], groups or ["x"] * len(predictions))


def test_the_perplexity_is_the_one_watched_while_training():
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(30, 12, generator=generator), torch.randint(0, 12, (30,), generator=generator)
    watched = dialogue.collection(12)
    watched.update(logits, labels)
    parts = torch.arange(30).split(7)
    nats = [F.cross_entropy(logits[part], labels[part], reduction="sum").item() for part in parts]
    found = score([{"nll": nll, "tokens": len(part), "text": ""} for nll, part in zip(nats, parts, strict=True)])
    assert found.metrics["perplexity"] == pytest.approx(watched.compute()["perplexity"].item(), rel=1e-5)


def test_distinct_counts_grams_over_all_replies_and_never_across_two():
    found = score(replies("I do not know", "I do", "know"))
    assert list(found.metrics) == ["perplexity", "distinct_1", "distinct_2"]
    assert found.metrics["distinct_1"] == pytest.approx(4 / 7)
    assert found.metrics["distinct_2"] == pytest.approx(3 / 4)


def test_characters_are_the_words_of_scripts_without_spaces():
    found = score(replies("我不知道", "我不去"))
    assert found.metrics["distinct_1"] == pytest.approx(5 / 7)
    assert found.metrics["distinct_2"] == pytest.approx(4 / 5)


def test_the_table_has_the_perplexity_of_each_group():
    found = score([*replies("a", nll=2.0), *replies("b", "c", nll=4.0, tokens=1)], ["1 turn", "2 turns", "2 turns"])
    assert found.table == {
        "1 turn": {"perplexity": pytest.approx(np.e), "support": 1},
        "2 turns": {"perplexity": pytest.approx(np.e**4), "support": 2},
    }
    assert found.metrics["perplexity"] == pytest.approx(np.exp(10 / 4))


def test_what_is_undefined_is_nan_and_what_is_hopeless_infinite():
    assert np.isnan(list(score(replies("", nll=0.0, tokens=0)).metrics.values())).all()
    assert score(replies("a", nll=5000.0, tokens=1)).metrics["perplexity"] == np.inf
