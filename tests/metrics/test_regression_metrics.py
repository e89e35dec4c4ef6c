"""Regression metrics against SciPy."""

import warnings

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import mean_absolute_error, mean_squared_error

from distill.metrics import regression


def scores(rows=200, seed=0):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 26, rows) / 5  # ties, as in what several people rated
    return np.round(truth + generator.normal(size=rows), 1), truth


def expected(guesses, truth, **tolerance):
    return pytest.approx(
        {
            "pearson": stats.pearsonr(guesses, truth).statistic,
            "spearman": stats.spearmanr(guesses, truth).statistic,
            "mse": mean_squared_error(truth, guesses),
        },
        **tolerance,
    )


def test_scores_are_scored_as_by_scipy():
    guesses, truth = scores()
    found = regression.score(guesses.tolist(), truth.tolist(), [], ["all"] * 200)
    assert found.metrics == expected(guesses, truth, rel=1e-12)


def test_scores_far_from_zero_keep_their_digits():
    guesses, truth = scores()
    found = regression.score(1e8 + guesses, truth - 1e8, [], ["all"] * 200).metrics
    assert found["pearson"] == pytest.approx(stats.pearsonr(guesses, truth).statistic, rel=1e-6)


def test_the_table_shows_means_and_the_error_of_each_band():
    guesses, truth = scores()
    bands = [f"{int(value)} to {int(value) + 1}" for value in truth]
    table = regression.score(guesses, truth, [], bands).table
    rows = np.array(bands) == "2 to 3"
    assert table["2 to 3"] == {
        "gold": pytest.approx(truth[rows].mean()),
        "predicted": pytest.approx(guesses[rows].mean()),
        "mae": pytest.approx(mean_absolute_error(truth[rows], guesses[rows])),
        "support": rows.sum(),
    }


@pytest.mark.parametrize(
    ("guesses", "truth"),
    [([0.1] * 7, list(range(7))), ([1.0, 2.0, 3.0], [0.3] * 3), ([1.0], [2.0]), ([np.nan, 1.0, 2.0], [1.0, 2.0, 3.0])],
)
def test_a_correlation_that_is_undefined_is_nan_without_a_warning(guesses, truth):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = regression.score(guesses, truth, [], ["all"] * len(truth)).metrics
    assert np.isnan([found["pearson"], found["spearman"]]).all()


def test_a_resample_of_equal_scores_has_no_correlation():
    guesses, truth = [0.1, 0.7, 0.7, 0.3], [1.0, 3.3, 3.3, 2.0]
    statistics = regression.score(guesses, truth, [], ["all"] * 4).statistics["pearson"]
    assert np.isnan(regression.headline(statistics[[1, 2, 1, 1]]))


def test_infinite_scores_do_not_stop_the_rest():
    found = regression.score([np.inf, 1.0, 2.0], [3.0, 1.0, 2.0], [], ["all"] * 3).metrics
    assert np.isnan(found["pearson"])
    assert found["spearman"] == pytest.approx(1)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_what_is_watched_takes_rows_as_they_come(kind):
    guesses, truth = scores()
    rows, labels = torch.tensor(guesses)[:, None].to(kind), torch.tensor(truth).float()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics = regression.collection()
        for part in torch.arange(200).split(67):
            metrics.update(rows[part], labels[part])
        found = {name: value.item() for name, value in metrics.compute().items()}
    assert found == expected(rows.double().flatten().numpy(), truth, rel=1e-4)
