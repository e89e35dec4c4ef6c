"""How hard a term pulls at what is trained."""

from collections.abc import Sequence

import torch
from torch import Tensor

from distill.types import at_least_float32


def gradient_norm(value: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """Return the norm of a value's gradient over all the parameters together, 0 where none is reached.

    The graph is kept, no parameter's ``grad`` is touched, and no hook on it runs, so that it may be called between
    forward and backward pass, under DDP too.
    """
    if not parameters or not value.requires_grad:
        return torch.zeros((), device=value.device)
    gradients = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
    norms = [at_least_float32(gradient).norm() for gradient in gradients if gradient is not None]
    return torch.stack(norms).norm() if norms else torch.zeros((), device=value.device)
