"""The linear algebra of narrower copies."""

import pytest
import torch

from distill.student.narrow import factorization


def test_queries_and_keys_of_fewer_numbers_keep_the_scores_as_well_as_their_number_allows():
    torch.manual_seed(0)
    states = torch.randn(500, 7, dtype=torch.double) * torch.arange(1, 8)
    query, key = torch.randn(2, 5, 7, dtype=torch.double)
    exact = states @ query.mT @ key @ states.mT / 5**0.5
    left, values, right = torch.linalg.svd(exact, full_matrices=False)
    for size in (1, 3, 5, 6):
        mine, theirs = factorization.factored_scores(query, key, (factorization.moment_root(states),) * 2, size)
        found = states @ mine.mT @ theirs @ states.mT / size**0.5
        best = (left[:, :size] * values[:size]) @ right[:size]  # Eckart-Young: no other of this rank is nearer
        assert torch.allclose(found, best, atol=1e-4 * float(values[0]))


def test_a_basis_holds_the_directions_of_the_largest_spread_and_is_orthonormal():
    torch.manual_seed(0)
    turned = torch.linalg.qr(torch.randn(6, 6, dtype=torch.double)).Q
    states = torch.randn(400, 6, dtype=torch.double) * torch.tensor([9.0, 5.0, 4.0, 0.1, 0.1, 0.1]) @ turned.mT
    basis = factorization.shared_basis([states], 3)
    assert torch.allclose(basis.mT @ basis, torch.eye(3, dtype=torch.double), atol=1e-9)
    assert float((turned[:, :3].mT @ basis).square().sum()) == pytest.approx(3, abs=1e-2)
    assert torch.allclose(factorization.shared_basis([states], 6), torch.eye(6, dtype=torch.double), atol=1e-9)


@pytest.mark.parametrize("width", [1, 3, 6])
def test_a_basis_for_norms_that_take_means_away_keeps_means(width):
    torch.manual_seed(0)
    states = torch.randn(400, 6, dtype=torch.double) * torch.tensor([9.0, 5.0, 4.0, 0.1, 0.1, 0.0])
    basis = factorization.shared_basis([states], width, centred=True)
    assert torch.allclose(basis.mT @ basis, torch.eye(width, dtype=torch.double), atol=1e-9)
    assert torch.allclose((states @ basis).mean(1) * (width / 6) ** 0.5, states.mean(1), atol=1e-9)
    assert width < 6 or torch.allclose(basis, torch.eye(6, dtype=torch.double), atol=1e-9)
