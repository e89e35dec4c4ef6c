"""Drawn tokens teach, on average, what the whole distribution would; the largest alone do not."""

import numpy as np
import pytest
import torch

from distill.inference.reductions import top
from distill.inference.sampled_logits import draw, sampled, uniform
from distill.objective import losses

CLASSES, T = 40, 2.0
DRAW = torch.Generator().manual_seed(0)
TEACHER = 3 * torch.randn(1, CLASSES, generator=DRAW)
STUDENT = 2 * torch.randn(1, CLASSES, generator=DRAW)


def batch(keys, first=None, count=None):
    ones = torch.ones(len(keys), dtype=torch.long)
    return {
        "key": torch.tensor(keys), "first": 0 * ones if first is None else torch.tensor(first),
        "count": ones if count is None else torch.tensor(count),
    }  # fmt: skip


def taught(teacher, indices=None, rest=None):
    """The gradient ``[rows, classes]`` by a student that says the same in each row."""
    student = STUDENT.expand(len(teacher), -1).clone().requires_grad_()
    sparse = () if indices is None else (indices.long(), rest)
    total, _ = losses.soft(student, teacher, T, *sparse)
    (gradient,) = torch.autograd.grad(total, student)
    return gradient


def test_the_mean_gradient_of_many_draws_is_that_of_all_classes_and_of_the_largest_it_is_not():
    draws, samples = 4000, 12
    rows = TEACHER.expand(draws, -1)
    kept = sampled(samples, T, seed=1)(rows, None, batch(list(range(draws))))
    gradients = taught(kept["values"], kept["indices"], kept["rest"])
    whole = taught(TEACHER)[0]
    error = gradients.std(dim=0) / draws**0.5
    assert bool(((gradients.mean(dim=0) - whole).abs() < 5 * error + 1e-6).all())

    largest = top(samples, T)(TEACHER, None, {})
    alone = taught(largest["values"], largest["indices"], torch.tensor([-torch.inf]))[0]
    assert float(((alone - whole).abs() / (5 * error + 1e-6)).max()) > 5, "renormalised, they are biased"
    with_rest = taught(largest["values"], largest["indices"], largest["rest"])[0]
    assert float((with_rest - whole).abs().max()) > 10 * float(error.max()), "a bucket for the others is, too"
    assert (alone - whole).norm() > (with_rest - whole).norm() > 5 * (gradients.mean(dim=0) - whole).norm()


def test_a_row_is_drawn_alike_in_any_batch_on_any_rank_and_after_a_restart():
    rows = torch.randn(9, CLASSES, generator=DRAW)
    keep = sampled(6, T, seed=3)
    together = keep(rows, None, batch([7, -5, 2**62], first=[0, 2, 0], count=[4, 3, 2]))
    for key, first, count, start in ((-5, 2, 3, 4), (7, 0, 4, 0), (-5, 4, 1, 6), (2**62, 1, 1, 8)):
        alone = keep(rows[start : start + count], None, batch([key], [first], [count]))
        assert all(torch.equal(alone[name], together[name][start : start + count]) for name in together)


def test_other_seeds_examples_and_rows_draw_otherwise():
    rows = TEACHER.expand(1, -1)
    found = [
        sampled(20, T, seed)(rows, None, batch([key], [first]))["values"]
        for seed, key, first in ((1, 5, 0), (2, 5, 0), (1, 6, 0), (1, 5, 1))
    ]
    assert not any(torch.equal(found[0], other) for other in found[1:])


def test_each_row_keeps_what_was_drawn_as_shares_and_fills_up_with_classes_that_count_nothing():
    samples = 10
    kept = sampled(samples, T, 1)(TEACHER.expand(5, -1), None, batch(list(range(5))))
    chance = uniform(1, torch.arange(5), torch.zeros(5, dtype=torch.long), samples)
    drawn = draw(TEACHER.expand(5, -1), chance, T)
    for row in range(5):
        counts = np.bincount(drawn[row].numpy(), minlength=CLASSES)
        shares = (kept["values"][row] / T).exp()
        assert float(shares.sum()) == pytest.approx(1)
        assert shares.tolist() == pytest.approx((counts[kept["indices"][row]] / samples).tolist())
        assert len(set(kept["indices"][row].tolist())) == samples
    assert kept["indices"].dtype == torch.int32
    assert kept["rest"].tolist() == [-torch.inf] * 5


def test_the_loss_of_drawn_tokens_is_finite_at_low_temperatures_and_for_a_teacher_that_is_sure():
    sure = torch.full((2, CLASSES), -1e4)
    sure[:, 3] = 0.0
    for temperature in (0.1, 8.0):
        kept = sampled(7, temperature, 1)(sure, None, batch([1, 2]))
        student = torch.randn(2, CLASSES, generator=DRAW, requires_grad=True)
        total, _ = losses.soft(student, kept["values"], temperature, kept["indices"].long(), kept["rest"])
        expected = -(student / temperature).log_softmax(dim=-1)[:, 3].sum() * temperature**2
        assert float(total.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
        (gradient,) = torch.autograd.grad(total, student)
        assert bool(gradient.isfinite().all())


def test_a_vocabulary_smaller_than_the_number_of_draws_is_kept_whole():
    kept = sampled(50, 1.0, 1)(TEACHER[:, :5], None, batch([1]))
    assert sorted(kept["indices"][0].tolist()) == [0, 1, 2, 3, 4]


def test_classes_are_drawn_as_often_as_their_probability_against_numpy():
    chance = torch.rand(1, 20000, generator=DRAW).double()
    found = np.bincount(draw(TEACHER, chance, T)[0].numpy(), minlength=CLASSES) / 20000
    odds = np.exp(TEACHER[0].double().numpy() / T)
    assert found == pytest.approx(odds / odds.sum(), abs=0.015)
    edges = torch.tensor([[0.0, 1.0 - 2**-53]], dtype=torch.double)
    assert draw(torch.tensor([[-torch.inf, 0.0, 0.0, -torch.inf]]), edges, 1.0).tolist() == [[1, 2]]


def test_the_numbers_are_those_of_splitmix_and_evenly_spread():
    found = uniform(5, torch.arange(1000), torch.arange(1000) % 7, 50)
    assert found.shape == (1000, 50)
    assert 0 <= float(found.min()) < float(found.max()) < 1
    shares = np.histogram(found.numpy(), bins=20, range=(0, 1))[0] / found.numel()
    assert shares == pytest.approx([0.05] * 20, abs=0.004)
    assert float(np.corrcoef(found.numpy().T).__abs__().sum() - 50) / (50 * 49) < 0.05

    def mixed(value):
        value = (value + 0x9E3779B97F4A7C15) % 2**64
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
        return value ^ (value >> 31)

    row = mixed(mixed(mixed(5) ^ 17) ^ 3)
    expected = (mixed((row + 2 * 0x9E3779B97F4A7C15) % 2**64) >> 11) * 2.0**-53
    assert float(uniform(5, torch.tensor([17]), torch.tensor([3]), 2)[0, 1]) == expected
