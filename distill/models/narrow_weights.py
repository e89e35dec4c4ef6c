"""The weights of a narrower copy of an encoder with BERT's layers, one part after the other."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear
from transformers import PreTrainedModel

from distill.models.factors import fitted_norm, most, projected_reading, root, scores, shared_basis, sums


@dataclass(frozen=True)
class Width:
    """Of a model: its states, heads of attention, and inner units of a layer."""

    hidden_size: int
    heads: int
    intermediate_size: int


def _norms(model: PreTrainedModel) -> list[str]:
    """The names of the norms that make the states, in their order, without that of the embeddings."""
    layers = range(model.config.num_hidden_layers)
    return [f"encoder.layer.{layer}.{part}output.LayerNorm" for layer in layers for part in ("attention.", "")]


class Copy:
    """The weights of a narrower copy, by their names."""

    def __init__(
        self, wide: PreTrainedModel, inputs: dict[str, Tensor], width: Width, head: tuple[str | None, str]
    ) -> None:
        """Find the basis that all layers share.

        Args:
            wide: the model that is copied.
            inputs: what its linear layers and norms read of some texts, each ``[tokens, width]``, in double precision.
            width: of the copy.
            head: names of the layer between states and outputs, if there is one, and of the layer of outputs.
        """
        self.wide, self.inputs, self.width, self.head = wide, inputs, width, head
        self.old = {name: weight.double() for name, weight in wide.state_dict().items()}
        self.new: dict[str, Tensor] = {}
        self.base = wide.base_model_prefix
        self.project = f"{self.base}.embeddings_project" in inputs
        first = f"{self.base}.embeddings_project" if self.project else f"{self.base}.embeddings.LayerNorm"
        self.points = [first, *(f"{self.base}.{name}" for name in _norms(wide))]
        self.states = [self._output(name) for name in self.points]
        self.basis = shared_basis(self.states, width.hidden_size)

    def made(self) -> dict[str, Tensor]:
        """All of them."""
        self._embeddings()
        for layer in range(self.wide.config.num_hidden_layers):
            name, before, between = f"{self.base}.encoder.layer.{layer}", *self.states[2 * layer : 2 * layer + 2]
            self._attention(f"{name}.attention", before)
            self._norm(f"{name}.attention.output.LayerNorm")
            inner, outer = f"{name}.intermediate.dense", f"{name}.output.dense"
            chosen = self._units(inner, outer, between.mean(0), self.width.intermediate_size)
            self._write(outer, self.old[f"{outer}.weight"][:, chosen], self._left_out(outer, chosen))
            self._norm(f"{name}.output.LayerNorm")
        self._outputs()
        return self.new

    def _output(self, name: str) -> Tensor:
        module = self.wide.get_submodule(name)
        weight, bias = self.old[f"{name}.weight"], self.old[f"{name}.bias"]
        if isinstance(module, nn.LayerNorm):
            return layer_norm(self.inputs[name], weight.shape, weight, bias, module.eps)
        return linear(self.inputs[name], weight, bias)

    def _embeddings(self) -> None:
        for name, weight in self.old.items():
            if name.startswith(f"{self.base}.embeddings."):
                same = self.project or weight.dim() != 2
                self.new[name] = weight if same else weight @ self.basis
        if self.project:
            name = f"{self.base}.embeddings_project"
            self._write(name, self.old[f"{name}.weight"], self.old[f"{name}.bias"])
        else:
            self._norm(f"{self.base}.embeddings.LayerNorm")

    def _norm(self, name: str) -> None:
        """The narrow norm that comes nearest to what the wide one makes of the texts, number by number."""
        eps = cast(nn.LayerNorm, self.wide.get_submodule(name)).eps
        wanted = self.states[self.points.index(name)] @ self.basis
        self.new[f"{name}.weight"], self.new[f"{name}.bias"] = fitted_norm(self.inputs[name] @ self.basis, wanted, eps)

    def _write(self, name: str, weight: Tensor, bias: Tensor) -> None:
        """A linear layer whose outputs are states."""
        self.new[f"{name}.weight"], self.new[f"{name}.bias"] = self.basis.mT @ weight, self.basis.mT @ bias

    def _read(self, name: str, mean: Tensor) -> tuple[Tensor, Tensor]:
        """Weight and bias of a linear layer that reads narrow states, whose wide ones have this mean."""
        return projected_reading(self.old[f"{name}.weight"], self.old[f"{name}.bias"], self.basis, mean)

    def _units(self, inner: str, outer: str, mean: Tensor, count: int) -> Tensor:
        """Copy the inner units that matter most; say which."""
        adds = self.inputs[outer].var(0, correction=0) * self.old[f"{outer}.weight"].square().sum(0)
        chosen = most(adds, count)
        weight, bias = self._read(inner, mean)
        self.new[f"{inner}.weight"], self.new[f"{inner}.bias"] = weight[chosen], bias[chosen]
        return chosen

    def _left_out(self, outer: str, chosen: Tensor) -> Tensor:
        """The bias of a layer that goes without all inputs but the chosen ones, and gets their mean instead."""
        mean = self.inputs[outer].mean(0).index_fill(0, chosen, 0.0)
        return linear(mean, self.old[f"{outer}.weight"], self.old[f"{outer}.bias"])

    def _attention(self, name: str, before: Tensor) -> None:
        heads, mean, states = self.wide.config.num_attention_heads, before.mean(0), before @ self.basis
        size = self.width.hidden_size // self.width.heads
        q, k, v = (self._read(f"{name}.self.{each}", mean) for each in ("query", "key", "value"))
        weight, bias = (self.old[f"{name}.output.dense.{each}"] for each in ("weight", "bias"))
        roots = root(torch.cat([states, torch.ones(len(states), 1)], dim=1)), root(states - states.mean(0))
        queries, keys = zip(
            *(scores(*pair, roots[0], size) for pair in zip(_by_head(q, heads), _by_head(k, heads), strict=True)),
            strict=True,
        )
        values = v[0].chunk(heads)
        added = [
            sums(out, value, roots[1], size)
            for out, value in zip((self.basis.mT @ weight).chunk(heads, 1), values, strict=True)
        ]
        chosen = most(torch.stack([each[2] for each in added]), self.width.heads).tolist()
        for part, made in (("query", queries), ("key", keys)):
            whole = torch.cat([made[head] for head in chosen])
            self.new[f"{name}.self.{part}.weight"], self.new[f"{name}.self.{part}.bias"] = whole[:, :-1], whole[:, -1]
        value = torch.cat([added[head][1] for head in chosen])
        out = torch.cat([added[head][0] for head in chosen], dim=1)
        # Attention adds up to 1, so what all values have in common is added whatever the scores are.
        common = self.basis.mT @ (bias + weight @ (v[0] @ states.mean(0) + v[1])) - out @ (value @ states.mean(0))
        self.new |= {
            f"{name}.self.value.weight": value, f"{name}.self.value.bias": torch.zeros(len(value)),
            f"{name}.output.dense.weight": out, f"{name}.output.dense.bias": common,
        }  # fmt: skip

    def _outputs(self) -> None:
        inner, outer = self.head
        if inner is None:
            weight, bias = self._read(outer, self.states[-1].mean(0))
        else:
            chosen = self._units(inner, outer, self.inputs[inner].mean(0), self.width.hidden_size)
            weight, bias = self.old[f"{outer}.weight"][:, chosen], self._left_out(outer, chosen)
        self.new[f"{outer}.weight"], self.new[f"{outer}.bias"] = weight, bias


def _by_head(part: tuple[Tensor, Tensor], heads: int) -> tuple[Tensor, ...]:
    """Weight and bias side by side, ``[head width, narrow + 1]``, of each head."""
    return torch.cat([part[0], part[1].unsqueeze(1)], dim=1).chunk(heads)
