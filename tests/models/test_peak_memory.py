"""The peak of memory is that of the tensors that live at once."""

import pytest
import torch

from distill.models.peak_memory import peak_bytes

CPU = torch.device("cpu")
FLOAT = 4


def test_what_is_gone_no_longer_counts():
    def one_after_the_other():
        for _ in range(5):
            torch.zeros(1000)

    assert peak_bytes(one_after_the_other, CPU) == 1000 * FLOAT


def test_views_and_changes_in_place_take_nothing():
    def compute():
        numbers = torch.zeros(10, 100)
        numbers.view(1000)[:10].add_(1)
        numbers.t().mul_(2)

    assert peak_bytes(compute, CPU) == 1000 * FLOAT


def test_what_was_there_before_does_not_count():
    before = torch.zeros(5000)
    assert peak_bytes(lambda: before.add_(1), CPU) == 0


@pytest.mark.parametrize("layers", [1, 4, 9])
def test_what_a_backward_pass_reads_lives_until_then(layers):
    weights = [torch.ones(50, requires_grad=True) for _ in range(layers)]

    def step():
        numbers = torch.ones(200, 50)
        for weight in weights:
            numbers = (numbers * weight).sigmoid()  # keeps what it is given, and what it has made
        numbers.sum().backward()
        for weight in weights:
            weight.grad = None

    kept = (1 + 2 * layers) * 200 * 50 * FLOAT - (200 * 50 * FLOAT) * (layers - 1)  # a product is gone once it is read
    assert kept <= peak_bytes(step, CPU) <= kept + 4 * 200 * 50 * FLOAT
