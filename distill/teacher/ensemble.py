"""Ask several teachers' stored outputs as those of one teacher."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from distill.inference.generation_ensemble import Combined
from distill.inference.output_columns import ranges
from distill.inference.output_pass import StoredOutputs
from distill.models.device_copies import to_device
from distill.teacher.combining import combine, combine_kept
from distill.types import Batch, Kind, Outputs, at_least_float32, device_of

CombineOutputs = Callable[[Sequence[Outputs], Sequence[int]], Outputs]
"""Makes one answer of all teachers' to the same rows, of examples of these lengths."""


class Ensemble:
    """Several teachers' stored outputs, which answer a batch like one teacher."""

    def __init__(self, stores: Sequence[StoredOutputs], combined: CombineOutputs) -> None:
        """Keep the teachers' stores, in their order, and how their outputs become one."""
        self.stores, self.combined = stores, combined

    def __call__(self, batch: Batch) -> Outputs:
        """Return the common rows for a batch, on its device; of an example in part, as for the whole example."""
        key, example = torch.unique(batch["key"].cpu(), return_inverse=True)
        common, lengths = self.whole(key)
        starts = torch.tensor([0, *lengths]).cumsum(0)
        places, device = ranges(starts[example] + batch["first"].cpu(), batch["count"].cpu()), device_of(batch)
        if common.sparse is None:
            return Outputs(to_device(common.logits[places], device))
        sparse = common.sparse.at(places, device)
        return Outputs(sparse.values, sparse=sparse)

    def examples(self, key: Tensor) -> list[Tensor]:
        """Return all common rows ``[n, width]`` of each of the examples ``key [examples]``."""
        common, lengths = self.whole(key)
        return list(torch.split(common.logits, lengths))

    def whole(self, key: Tensor) -> tuple[Outputs, list[int]]:
        """Return all common rows of the examples ``key [examples]``, and how many each has."""
        outputs, lengths = zip(*(store.whole(key) for store in self.stores), strict=True)
        return self.combined(outputs, lengths[0]), lengths[0]


def combined_logits(
    how: str, kind: Kind, weights: Mapping[str, float], temperature: Callable[[], float] = lambda: 1.0
) -> Combined:
    """Return a function that combines several teachers' logits into one.

    Args:
        how: ``probabilities``, ``logits`` or ``confidence``.
        kind: what a row means.
        weights: what each teacher counts, in their order.
        temperature: returns the temperature at the moment of asking; 1 is how the teachers would be used.
    """
    factors = list(weights.values())
    return lambda logits, lengths: combine(how, kind, logits, factors, temperature(), lengths)


def of_logits(stores: Sequence[StoredOutputs], combined: Combined) -> Ensemble:
    """Return the teachers, in their order, as one whose logits are combined."""
    return Ensemble(
        stores,
        lambda outputs, lengths: Outputs(
            combined(torch.stack([at_least_float32(output.logits) for output in outputs]), lengths)
        ),
    )


def of_kept_logits(stores: Sequence[StoredOutputs], how: str, weights: Mapping[str, float], tokens: int) -> Ensemble:
    """Return the teachers as one, where each store holds some logits of a vocabulary of so many ``tokens``."""
    factors = list(weights.values())

    def combined(outputs: Sequence[Outputs], lengths: Sequence[int]) -> Outputs:
        common = combine_kept(how, [output.sparse for output in outputs if output.sparse], tokens, factors)
        return Outputs(common.values, sparse=common)

    return Ensemble(stores, combined)
