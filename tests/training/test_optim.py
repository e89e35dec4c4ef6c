"""AdamW against its formula."""

import numpy as np
import pytest
import torch
from torch import nn

from distill.training.optim import Optimization


def moved(weight, gradients, lr, decay):
    """AdamW (Loshchilov & Hutter 2019) in NumPy."""
    first, second = np.zeros_like(weight), np.zeros_like(weight)
    for step, gradient in enumerate(gradients, 1):
        weight = weight * (1 - lr * decay)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        weight = weight - lr * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weight


def test_weights_decay_and_biases_do_not():
    torch.manual_seed(0)
    layer, data = nn.Linear(3, 2), torch.randn(4, 5, 3)
    weight, bias = layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()
    optimizer, _ = Optimization("adamw", 0.1, 0.3, 0.9, "constant", 0.0, 4).build([layer])
    gradients = []
    for batch in data:
        optimizer.zero_grad()
        layer(batch).square().sum().backward()
        gradients.append([each.grad.numpy().copy() for each in (layer.weight, layer.bias)])
        optimizer.step()
    ours, theirs = zip(*gradients, strict=True)
    np.testing.assert_allclose(layer.weight.detach().numpy(), moved(weight, ours, 0.1, 0.3), rtol=1e-5)
    np.testing.assert_allclose(layer.bias.detach().numpy(), moved(bias, theirs, 0.1, 0.0), rtol=1e-5)


@pytest.mark.parametrize(
    ("device", "wanted", "fused"), [("cpu", True, True), ("cpu", False, None), ("meta", True, None)]
)
def test_all_weights_on_a_cpu_move_in_one_call_where_they_may(device, wanted, fused):
    optimization = Optimization("adamw", 0.1, 0.3, 0.9, "constant", 0.0, 4, fused=wanted)
    optimizer, _ = optimization.build([nn.Linear(3, 2, device=device)])
    assert optimizer.defaults["fused"] is fused
