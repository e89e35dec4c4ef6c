"""Let a model learn with the rounding of its 8-bit form, so that the exported file answers as the model does.

In each forward pass weights and inputs of linear layers, and rows of embeddings, are rounded as the export rounds them
(``distill.export.int8``), in the float numbers that stand for them (fake quantization: Jacob et al. 2018,
arXiv:1712.05877; with a teacher: Polino et al. 2018, arXiv:1802.05668). A gradient passes through the rounding as if it
were not there, and stops where an input was cut off (the straight-through estimator: Bengio et al. 2013,
arXiv:1308.3432). The ranges of inputs are those of the least squared error on a sample of train, as in the export, and
are measured anew as the weights move: a pure function of weights and sample, the same on all ranks and after a resume.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers import PreTrainedModel

from distill.models import adapters
from distill.models.eight_bits import BINS, FEW_ROWS, LARGEST_PAIR, LARGEST_WEIGHT, STEPS, Range, best_range
from distill.models.forward import outputs
from distill.types import Batch, at_least_float32

_Calls: TypeAlias = Sequence[tuple[nn.Module, Tensor]]
"""Linear layers in the order in which they are asked, each with what it reads."""
_TINY = torch.finfo(torch.float32).tiny


class RoundedLinear(nn.Linear):
    """A linear layer that rounds its weights and its input to 8 bits, and nothing else.

    The weights of one with low-rank adapters are those with the adapters folded in, as they are exported.

    The buffers ``input_scale`` and ``input_zero`` are those of the layer's input: a checkpoint holds them.
    """

    input_scale: Tensor
    input_zero: Tensor

    def __init__(self, read: nn.Module) -> None:
        """Take over the parameters of a layer, with adapters or without; its input's range is still to be measured."""
        layer, adapted = adapters.without(read), read if adapters.is_adapter(read) else None
        super().__init__(layer.in_features, layer.out_features, bias=layer.bias is not None, device="meta")
        self.weight, self.bias, self.rounds, self.adapted = layer.weight, layer.bias, True, adapted
        self.register_buffer("input_scale", torch.ones((), device=layer.weight.device))
        self.register_buffer("input_zero", torch.zeros((), dtype=torch.int32, device=layer.weight.device))
        self.train(layer.training)

    def read_within(self, within: Range) -> None:
        """Set the range of the input."""
        self.input_scale.fill_(float(within.scale))
        self.input_zero.fill_(int(within.zero))

    def forward(self, input: Tensor) -> Tensor:
        """Return the layer's result ``[..., outputs]`` from rounded numbers."""
        weights = self.weight if self.adapted is None else self.weight + adapters.added(self.adapted)
        if not self.rounds:
            return linear(input, weights, self.bias)
        steps = at_least_float32(input)
        read = torch.fake_quantize_per_tensor_affine(steps, self.input_scale, self.input_zero, 0, STEPS)
        return linear(read, rounded_weights(weights), self.bias)

    def plain(self) -> nn.Module:
        """Return a layer of the same parameters that rounds nothing, with its adapters where it has some."""
        if self.adapted is not None:
            return self.adapted.train(self.training)
        layer = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        layer.weight, layer.bias = self.weight, self.bias
        return layer.train(self.training)


class RoundedEmbedding(nn.Embedding):
    """Embeddings whose rows are rounded to 8 bits, each on a scale of its own."""

    def __init__(self, layer: nn.Embedding) -> None:
        """Take over the table."""
        rows, width = layer.weight.shape
        super().__init__(rows, width, padding_idx=layer.padding_idx, _weight=layer.weight, _freeze=False)
        self.weight, self.rounds = layer.weight, True
        self.train(layer.training)

    def forward(self, input: Tensor) -> Tensor:
        """Return rounded rows ``[..., width]``."""
        rows = super().forward(input)
        return rounded_rows(rows) if self.rounds else rows

    def plain(self) -> nn.Embedding:
        """Return the same table, which rounds nothing."""
        rows, width = self.weight.shape
        layer = nn.Embedding(rows, width, padding_idx=self.padding_idx, _weight=self.weight, _freeze=False)
        layer.weight = self.weight
        return layer.train(self.training)


def rounded_weights(weights: Tensor) -> Tensor:
    """Return a linear layer's weights ``[outputs, inputs]`` as 8 bits keep them, with a gradient of 1.

    The scale of an output is max(max|w| / 127, p / 128), where p is the largest sum of two neighbouring inputs' weights
    of one sign. The export raises it by a hair in the rare case that rounding makes two of them 129 all the same.
    """
    with torch.no_grad():
        of_signs = (weights.clamp(min=0), weights.clamp(max=0).neg())
        pairs = [(each[:, 1:] + each[:, :-1]).amax(1) for each in of_signs if each.shape[1] > 1]
        scale = torch.stack([weights.abs().amax(1) / LARGEST_WEIGHT, *(pair / LARGEST_PAIR for pair in pairs)]).amax(0)
        scale = scale.float().clamp(min=_TINY)
        zero = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weights, scale, zero, 0, -LARGEST_WEIGHT, LARGEST_WEIGHT)


def rounded_rows(rows: Tensor) -> Tensor:
    """Return rows of embeddings ``[..., width]`` as 8 bits keep them, with a gradient of 1."""
    with torch.no_grad():
        scale = (rows.abs().amax(-1, keepdim=True) / LARGEST_WEIGHT).clamp(min=_TINY)
        lost = torch.round(rows / scale) * scale - rows
    return rows + lost


class FakeQuantization:
    """The rounding of a model in training: it is put in once, and its ranges are measured now and then."""

    def __init__(self, model: PreTrainedModel, batches: Sequence[Batch]) -> None:
        """Let layers of a model round from now on, in place, and measure the ranges of their inputs.

        These are all linear layers that a pass of the model reaches but the last one, which gives the logits, and all
        embeddings of more than 16 rows. Layers that read the same tensor, as queries, keys and values do, have one
        range; one that is asked several times in a pass has one for all of them.

        Args:
            model: a model with a task head that reads.
            batches: a sample of train; padding counts in no range.
        """
        self.model, self.batches = model, batches
        calls = self._calls()
        last = calls[-1][0]
        linear_layers: dict[nn.Module, RoundedLinear] = {
            layer: RoundedLinear(layer) for layer, _ in calls if layer is not last
        }
        tables: dict[nn.Module, RoundedEmbedding] = {
            layer: RoundedEmbedding(layer)
            for layer in model.modules()
            if type(layer) is nn.Embedding and layer.num_embeddings > FEW_ROWS
        }
        _swap(model, {**tables, **linear_layers})
        self.rounded: tuple[RoundedLinear | RoundedEmbedding, ...] = (*linear_layers.values(), *tables.values())
        self.groups = _groups([(linear_layers[layer], read) for layer, read in calls if layer is not last])
        self.calibrate()

    def calibrate(self) -> None:
        """Measure the range of each rounded input, of the least squared error, while nothing is rounded."""
        leaders = [group[0] for group in self.groups]
        whole = [Range(0.0, 0.0) for _ in leaders]
        counts = [np.zeros(BINS) for _ in leaders]

        def widen(place: int, values: Tensor) -> None:
            low, high = whole[place]
            whole[place] = Range(min(low, float(values.min())), max(high, float(values.max())))

        def count(place: int, values: Tensor) -> None:
            low, high = whole[place].bins
            counts[place] += torch.histc(values, BINS, low, high).double().cpu().numpy()

        with self._unrounded():
            self._watch(leaders, widen)
            self._watch(leaders, count)
        for group, found, numbers in zip(self.groups, whole, counts, strict=True):
            within = best_range(numbers, found)
            for layer in group:
                layer.read_within(within)

    @contextmanager
    def _unrounded(self) -> Iterator[None]:
        """Let nothing be rounded for a while."""
        for layer in self.rounded:
            layer.rounds = False
        try:
            yield
        finally:
            for layer in self.rounded:
                layer.rounds = True

    def _calls(self) -> _Calls:
        """Return the linear layers that the first batch of the sample reaches, with what they read."""
        calls: list[tuple[nn.Module, Tensor]] = []
        adapted = [layer for layer in self.model.modules() if adapters.is_adapter(layer)]
        inside = {part for layer in adapted for part in layer.modules()}
        modules = list(self.model.modules())
        layers: list[nn.Module] = [layer for layer in modules if type(layer) is nn.Linear and layer not in inside]
        layers += [layer for layer in adapted if type(adapters.without(layer)) is nn.Linear]
        handles = [
            layer.register_forward_pre_hook(lambda module, given: calls.append((module, given[0]))) for layer in layers
        ]
        self._ask(self.batches[0])
        for handle in handles:
            handle.remove()
        return calls

    def _watch(self, layers: Sequence[RoundedLinear], look: Callable[[int, Tensor], None]) -> None:
        """Show what layers read of the sample, each by its place, without padding."""
        mask = torch.ones(())

        def show(place: int, values: Tensor) -> None:
            by_token = values.ndim > mask.ndim and values.shape[: mask.ndim] == mask.shape
            look(place, values[mask.bool()] if by_token else values)

        handles = [
            layer.register_forward_pre_hook(lambda _, given, place=place: show(place, given[0]))
            for place, layer in enumerate(layers)
        ]
        for batch in self.batches:
            mask = batch["attention_mask"].to(self.model.device)
            self._ask(batch)
        for handle in handles:
            handle.remove()

    @torch.no_grad()
    def _ask(self, batch: Batch) -> None:
        """Run the model without dropout, which leaves its mode and the chance of training as they were."""
        trains = self.model.training
        self.model.train(False)
        outputs(self.model, {name: values.to(self.model.device) for name, values in batch.items()})
        self.model.train(trains)


def without_rounding(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model with plain layers of the same parameters; one that has learnt without rounding as it is."""
    learnt = [layer for layer in model.modules() if isinstance(layer, RoundedLinear | RoundedEmbedding)]
    _swap(model, {layer: layer.plain() for layer in learnt})
    return model


def _swap(model: nn.Module, others: Mapping[nn.Module, nn.Module]) -> None:
    """Put other modules into the places of some of a model's."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if child in others:
                setattr(parent, name, others[child])


def _groups(calls: Sequence[tuple[RoundedLinear, Tensor]]) -> list[list[RoundedLinear]]:
    """Return the layers that read the same tensor when they are first asked, together."""
    groups: dict[int, list[RoundedLinear]] = {}
    for layer, read in dict(reversed(calls)).items():
        groups.setdefault(id(read), []).append(layer)
    return list(groups.values())
