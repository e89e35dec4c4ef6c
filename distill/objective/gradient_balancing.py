"""Weights that give each term a share of the gradient, instead of weights to be guessed."""

import math
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from distill.objective.gradients import gradient_norm


class GradientBalancer(nn.Module):
    """Weighs terms such that weight · gradient norm is in given proportions, whatever their own sizes.

    The norms are measured now and then and smoothed. With s the shares as parts of 1, n the smoothed norms and N their
    geometric mean weighed by s, a term's weight is s · N / n: terms of equal norms get their shares as weights. The
    factor N / n is held between 1 / bound and bound, so that a term that is almost learnt is not blown up. (GradNorm,
    Chen et al. 2018, arXiv:1711.02257, learns such weights; here they follow from the norms alone.)

    Norms of one micro-batch are noisier than those of the whole batch, and larger for it; they are compared with each
    other, so that matters only where a step has many parts, of which terms that compare few examples then get less
    than their share. A norm of 0, or that is not finite, leaves the last one as it was.

    Args:
        shares: name of a term to its share; only their proportions count.
        every: measure at each so-many-th optimiser step, the first included.
        smoothing: how much of the old norm stays at each measurement, from 0 (nothing) to below 1.
        bound: how many times above or below its share a weight may go.

    Raises:
        ValueError: where there is no share, or one of the numbers is not as above.
    """

    # The names of the buffers are keys in checkpoints, and stay.
    norms: Tensor
    last: Tensor
    target: Tensor

    def __init__(
        self, shares: Mapping[str, float], every: int = 50, smoothing: float = 0.5, bound: float = 100.0
    ) -> None:
        """Begin unmeasured: the weights are the shares."""
        super().__init__()
        _check(shares, every, smoothing, bound)
        self.names = tuple(shares)
        self.every, self.smoothing, self.bound = every, smoothing, bound
        # What the run has measured is all that a resumed one needs; the shares are settings, and may change.
        self.register_buffer("norms", torch.zeros(len(shares)))
        self.register_buffer("last", torch.zeros(len(shares)))
        target = torch.tensor(list(shares.values()), dtype=torch.float32)
        self.register_buffer("target", target / target.sum(), persistent=False)

    def due(self, step: int) -> bool:
        """Tell whether this optimiser step is to be measured; do so in one of its micro-batches."""
        return step % self.every == 0

    def weights(self) -> dict[str, Tensor]:
        """Return the weight of each term, on the module's device: a pure function of what was measured."""
        return dict(zip(self.names, self._weights().unbind(), strict=True))

    def measured(self) -> dict[str, float]:
        """Return each term's share in the last measurement, before the weights followed it; 0 before the first."""
        return dict(zip(self.names, self.last.tolist(), strict=True))

    def measure(
        self,
        values: Mapping[str, Tensor],
        parameters: Iterable[Tensor],
        average: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        """Measure the terms and let the weights follow.

        Args:
            values: each term's unweighted value with its graph, which is kept: ``Objective.values``.
            parameters: of the student, all or its last shared layer; one backward pass through them for each term.
            average: takes the norms ``[terms]`` of this process to their mean over all; none where there is one.
        """
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        norms = torch.stack([gradient_norm(values[name], trained) for name in self.names]).to(self.norms)
        self.update(norms if average is None else average(norms))

    @torch.no_grad()
    def update(self, norms: Tensor) -> None:
        """Take in the norms ``[terms]`` of a measurement, in the order of ``names``."""
        valid = norms.isfinite() & (norms > 0)
        valid_norms = torch.where(valid, norms, 0.0)
        pulls = self._weights() * valid_norms
        self.last.copy_(pulls / pulls.sum().clamp(min=torch.finfo(torch.float32).tiny))
        smoothed = torch.where(self.norms > 0, torch.lerp(valid_norms, self.norms, self.smoothing), valid_norms)
        self.norms.copy_(torch.where(valid, smoothed, self.norms))

    def _weights(self) -> Tensor:
        known, target = self.norms > 0, self.target
        logs = torch.where(known, self.norms, 1.0).log()
        part = torch.where(known, target, 0.0)
        mean = (part * logs).sum() / part.sum().clamp(min=torch.finfo(torch.float32).tiny)
        limit = math.log(self.bound)
        return target * torch.where(known, (mean - logs).clamp(-limit, limit), 0.0).exp()


def _check(shares: Mapping[str, float], every: int, smoothing: float, bound: float) -> None:
    if not shares:
        raise ValueError("shares need a term")
    for name, share in shares.items():
        if not 0 < share < math.inf:
            raise ValueError(f"the share of {name} must be above 0 and finite, not {share}; leave the term out instead")
    if every < 1:
        raise ValueError(f"shares are measured every step or more rarely, not every {every}")
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must be from 0 to below 1, not {smoothing}")
    if not 1 < bound < math.inf:
        raise ValueError(f"the bound of the weights must be above 1 and finite, not {bound}")
