"""Make the weights of a narrower copy, one part after the other."""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear, rms_norm
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from distill.student.narrow.architectures import FAMILIES, inner_size
from distill.student.narrow.attention import (
    Attention,
    Heads,
    WeightAndBias,
    best_heads,
    constant_output,
    head_worth,
    joint_moment_root,
    mixed_heads,
    whole_heads,
)
from distill.student.narrow.factorization import fitted_norm, largest, projected_reading, shared_basis
from distill.student.narrow.sublayers import Part, below, head_of, parts, points


class NarrowCopy:
    """The weights of a narrower copy, by their names."""

    def __init__(self, wide: PreTrainedModel, inputs: Mapping[str, Tensor], narrower: PreTrainedModel) -> None:
        """Find the basis that all layers share.

        Args:
            wide: the model that is copied.
            inputs: the inputs of its linear layers and norms on some texts, each ``[tokens, width]``.
            narrower: a model of the copy's size.
        """
        self.wide, self.inputs, self.narrower, self.config = wide, inputs, narrower, narrower.config
        self.family, self.head = FAMILIES[self.config.model_type], head_of(wide)
        self.points = points(wide, self.head)
        self.last = next(place for place, point in enumerate(self.points) if self.head.reads in point.readers)
        self.old, self.new = wide.state_dict(), cast(dict[str, Tensor], {})
        self.shared: dict[str, Heads] = {}
        self.words = wide.get_input_embeddings().weight
        self.tied = wide.get_submodule(self.head.outer).weight is self.words
        # Some models multiply embeddings by the root of the width, or divide what the head of words reads by it.
        ratio = (wide.config.hidden_size / self.config.hidden_size) ** 0.5
        grows, shrinks = (getattr(self.config, name, False) for name in ("scale_embedding", "scale_decoder_outputs"))
        self.embedded = ratio if grows else 1.0
        self.heard = 1 / ratio if (grows and self.tied) or (shrinks and self.head.outer == "lm_head") else 1.0
        self.folded = [self._folded(place) for place in range(len(self.points))]
        states = [self._states(place) for place in range(len(self.points))]
        # What all states have in common goes into the biases of what reads them, and else has to be in the basis.
        biased = [all(self._biased(name) for name in point.readers) for point in self.points]
        self.means = [rows.mean(0) * moves for rows, moves in zip(states, biased, strict=True)]
        gaps = [rows - mean for rows, mean in zip(states, self.means, strict=True)]
        centred = isinstance(wide.get_submodule(self.points[self.last].norm), nn.LayerNorm)
        self.basis = shared_basis(gaps, self.config.hidden_size, centred=centred)
        self.states = [rows @ self.basis for rows in states]
        if self.head.inner is not None and self.points[self.last].stays:
            self.means[self.last] = self._input(self.head.inner).mean(0)  # of first tokens alone

    def weights(self) -> dict[str, Tensor]:
        """Return all weights of the copy."""
        self._embeddings()
        for place in range(len(self.points)):
            self._norm(place)
        for part in parts(self.wide):
            if part.source is None:
                self._feed_forward(part)
            else:
                self._attention(part)
        self._outputs()
        return self.new

    def _input(self, name: str) -> Tensor:
        return self.inputs[name].double()

    def _biased(self, name: str) -> bool:
        return f"{name}.bias" in self.old

    def _linear(self, name: str) -> WeightAndBias:
        """Return weight and bias of a layer of the wide model; a bias that it does without is 0."""
        weight = self.old[f"{name}.weight"].double()
        if isinstance(self.wide.get_submodule(name), Conv1D):
            weight = weight.mT
        return weight, self.old[f"{name}.bias"].double() if self._biased(name) else weight.new_zeros(len(weight))

    def _put(self, name: str, weight: Tensor, bias: Tensor) -> None:
        """Put weight and bias into the copy; a bias only where the wide model has one."""
        self.new[f"{name}.weight"] = weight.mT if isinstance(self.wide.get_submodule(name), Conv1D) else weight
        if self._biased(name):
            self.new[f"{name}.bias"] = bias

    def _put_parts(self, names: Sequence[str], pairs: Sequence[WeightAndBias]) -> None:
        """Put each pair into a layer of its own, or all into one."""
        if len(names) < len(pairs):
            pairs = [cast(WeightAndBias, tuple(map(torch.cat, zip(*pairs, strict=True))))]
        for name, pair in zip(names, pairs, strict=True):
            self._put(name, *pair)

    def _folded(self, place: int) -> WeightAndBias | None:
        """Return scale and shift of a norm, where they can go into the layers that read its output."""
        point = self.points[place]
        if point.stays or (self._biased(point.norm) and not all(map(self._biased, point.readers))):
            return None
        return self._linear(point.norm)

    def _states(self, place: int) -> Tensor:
        """Return the states of the wide model at this point."""
        name = self.points[place].norm
        module, rows = self.wide.get_submodule(name), self._input(name)
        if f"{name}.weight" not in self.old:
            return rows
        if isinstance(module, nn.Linear):
            return linear(rows, *self._linear(name))
        scaled, (scale, shift) = _normalised(module, rows), self._linear(name)
        return scaled if self.folded[place] else scaled * scale + shift

    def _embeddings(self) -> None:
        projected = self.points[0].norm.endswith("embeddings_project")
        apart = {part.distances for part in parts(self.wide)}
        for name, module in self.wide.named_modules(remove_duplicate=False):  # both stacks may share one
            if isinstance(module, nn.Embedding) and not module.weight.requires_grad:  # sines, by the width alone
                self.new[f"{name}.weight"] = cast(Tensor, self.narrower.get_submodule(name).weight).detach()
            elif isinstance(module, nn.Embedding) and name not in apart:
                weight = self.old[f"{name}.weight"].double()
                scale = self.embedded if name.endswith(("shared", "embed_tokens")) else 1.0  # positions are not scaled
                self.new[f"{name}.weight"] = weight if projected else scale * weight @ self.basis
            elif projected and name == f"{below(self.wide)}{self.family.first}":
                self._put(name, *self._linear(name))

    def _norm(self, place: int) -> None:
        """Fit the narrow norm to the wide one's output on the texts, number by number."""
        name = self.points[place].norm
        module = self.wide.get_submodule(name)
        if isinstance(module, nn.Linear):
            self._write(name, *self._linear(name))
        elif f"{name}.weight" in self.old:
            scaled, target = _normalised(module, self._input(name) @ self.basis), self.states[place]
            if self.tied and place == self.last:
                target = target * self.heard
            self._put(name, *fitted_norm(scaled, target, shifts=self._biased(name)))

    def _write(self, name: str, weight: Tensor, bias: Tensor) -> None:
        """Put a linear layer whose outputs are states."""
        self._put(name, self.basis.mT @ weight, self.basis.mT @ bias)

    def _read(self, names: Sequence[str], place: int, parts: int = 1) -> list[WeightAndBias]:
        """Return linear layers that read narrow states, or the parts of one."""
        pairs = []
        for name in names:
            weight, bias = self._linear(name)
            if (folded := self.folded[place]) is not None:
                weight, bias = weight * folded[0], bias + weight @ folded[1]
            pairs.append(projected_reading(weight, bias, self.basis, self.means[place]))
        if len(pairs) == parts:
            return pairs
        return [cast(WeightAndBias, pair) for pair in zip(*(tensor.chunk(parts) for tensor in pairs[0]), strict=True)]

    def _units(
        self, inner: Sequence[str], outer: str, place: int, count: int, parts: int = 1
    ) -> tuple[Tensor, WeightAndBias]:
        """Copy the inner units that matter most; return them, and the layer that adds them."""
        (weight, bias), inner_units = self._linear(outer), self._input(outer)
        mean = inner_units.mean(0)
        adds = (inner_units - mean * self._biased(outer)).square().mean(0) * weight.square().sum(0)
        chosen = largest(adds, count)
        factors = self._read(inner, place, parts)
        self._put_parts(inner, [(rows[chosen], shift[chosen]) for rows, shift in factors])
        return chosen, (weight[:, chosen], bias + weight @ mean.index_fill(0, chosen, 0.0))

    def _feed_forward(self, part: Part) -> None:
        factors = max(len(part.reads), 1 + self.family.fused)
        _, added = self._units(part.reads, part.adds, part.place, inner_size(self.config), factors)
        self._write(part.adds, *added)

    def _attention(self, part: Part) -> None:
        wide = self._wide_attention(part)
        if self.family.whole:
            narrow = whole_heads(wide, self._heads(part, wide), self.config)
        else:
            relative = self.states[self.last + 1 :]  # distances count as much as states
            roots = joint_moment_root(self.states[part.place], *relative), joint_moment_root(wide.states, *relative)
            narrow = mixed_heads(wide, roots, self.wide.config, self.config)
        self._put_parts(part.reads, narrow[0])
        mean = wide.states.mean(0)
        wide_constant = constant_output((wide.qkv, wide.out), mean, self.wide.config)
        bias = wide_constant - constant_output(narrow, mean, self.config)
        self._put(part.adds, narrow[1], self.basis.mT @ self._linear(part.adds)[1] + bias)
        for name in self.family.kept:
            self._put(f"{part.layer}.{name}", *self._linear(f"{part.layer}.{name}"))

    def _wide_attention(self, part: Part) -> Attention:
        source = cast(int, part.source)
        if source == part.place:
            read = self._read(part.reads, source, 3)
        else:
            read = [*self._read(part.reads[:1], part.place), *self._read(part.reads[1:], source, 2)]
        out = self.basis.mT @ self._linear(part.adds)[0]
        return Attention(read, out, self.states[source], self._biased(part.adds))

    def _heads(self, part: Part, attention: Attention) -> Heads:
        """Return the heads that are kept whole: the same wherever they share what they add for distances."""
        if part.distances is None:
            return best_heads(head_worth(attention, self.wide.config), self.config)
        if part.distances not in self.shared:
            sharing = [self._wide_attention(twin) for twin in parts(self.wide) if twin.distances == part.distances]
            total = torch.stack([head_worth(twin, self.wide.config) for twin in sharing]).sum(0)
            heads = self.shared[part.distances] = best_heads(total, self.config)
            self.new[f"{part.distances}.weight"] = self.old[f"{part.distances}.weight"][:, heads.queries]
        return self.shared[part.distances]

    def _outputs(self) -> None:
        inner, outer, norm = self.head.inner, self.head.outer, self.head.norm
        if inner is None:
            weight, bias = self._read([outer], self.last)[0]
            self._put(outer, weight * (self.embedded if self.tied else self.heard), bias)
            self.new |= {name: self.old[name] for name in ("final_logits_bias",) if name in self.old}
            return
        chosen, added = self._units([inner], outer, self.last, self.config.hidden_size)
        self._put(outer, *added)
        if norm is not None:
            scaled = _normalised(self.wide.get_submodule(norm), self._input(norm)[:, chosen])
            self._put(norm, *fitted_norm(scaled, self._input(outer)[:, chosen], shifts=self._biased(norm)))


def _normalised(module: nn.Module, rows: Tensor) -> Tensor:
    """Return the output of a norm before it scales and shifts."""
    if isinstance(module, nn.LayerNorm):
        return layer_norm(rows, rows.shape[-1:], eps=module.eps)
    return rms_norm(rows, rows.shape[-1:], eps=cast(float, module.variance_epsilon))
