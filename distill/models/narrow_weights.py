"""The weights of a narrower copy, one part after the other."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear, rms_norm
from transformers import PretrainedConfig, PreTrainedModel
from transformers.pytorch_utils import Conv1D

from distill.models.factors import fitted_norm, most, projected_reading, root, scores, shared_basis, sums
from distill.models.narrow_families import FAMILIES, head_size, inner_size
from distill.models.narrow_places import Part, head_of, parts, points

Pair: TypeAlias = tuple[Tensor, Tensor]
"""Weight ``[out, in]`` and bias ``[out]`` of a linear layer, or scale and shift of a norm."""


class Copy:
    """The weights of a narrower copy, by their names."""

    def __init__(self, wide: PreTrainedModel, inputs: Mapping[str, Tensor], config: PretrainedConfig) -> None:
        """Find the basis that all layers share.

        Args:
            wide: the model that is copied.
            inputs: what its linear layers and norms read of some texts, each ``[tokens, width]``.
            config: of the copy.
        """
        self.wide, self.inputs, self.config = wide, inputs, config
        self.family, self.head = FAMILIES[config.model_type], head_of(wide)
        self.points = points(wide, self.head)
        self.last = next(place for place, point in enumerate(self.points) if self.head.reads in point.readers)
        self.old, self.new = wide.state_dict(), cast(dict[str, Tensor], {})
        self.folded = [self._folded(place) for place in range(len(self.points))]
        states = [self._states(place) for place in range(len(self.points))]
        # What all states have in common goes into the biases of what reads them, and else has to be in the basis.
        biased = [all(self._biased(name) for name in point.readers) for point in self.points]
        self.means = [each.mean(0) * moves for each, moves in zip(states, biased, strict=True)]
        gaps = [each - mean for each, mean in zip(states, self.means, strict=True)]
        centred = isinstance(wide.get_submodule(self.points[self.last].norm), nn.LayerNorm)
        self.basis = shared_basis(gaps, config.hidden_size, centred=centred)
        self.states = [each @ self.basis for each in states]
        if self.head.inner is not None and self.points[self.last].stays:
            self.means[self.last] = self._given(self.head.inner).mean(0)  # of first tokens alone

    def made(self) -> dict[str, Tensor]:
        """All of them."""
        self._embeddings()
        for place in range(len(self.points)):
            self._norm(place)
        for part in parts(self.wide):
            if part.source is None:
                self._feed_forward(part)
            else:
                self._attention(part, part.source)
        self._outputs()
        return self.new

    def _given(self, name: str) -> Tensor:
        return self.inputs[name].double()

    def _biased(self, name: str) -> bool:
        return f"{name}.bias" in self.old

    def _linear(self, name: str) -> Pair:
        """Of the wide model; a bias that it does without is 0."""
        weight = self.old[f"{name}.weight"].double()
        if isinstance(self.wide.get_submodule(name), Conv1D):
            weight = weight.mT
        return weight, self.old[f"{name}.bias"].double() if self._biased(name) else weight.new_zeros(len(weight))

    def _put(self, name: str, weight: Tensor, bias: Tensor) -> None:
        """Into the copy; a bias only where the wide model has one."""
        self.new[f"{name}.weight"] = weight.mT if isinstance(self.wide.get_submodule(name), Conv1D) else weight
        if self._biased(name):
            self.new[f"{name}.bias"] = bias

    def _put_parts(self, names: Sequence[str], pairs: Sequence[Pair]) -> None:
        """Each into a layer of its own, or all into one."""
        if len(names) < len(pairs):
            pairs = [cast(Pair, tuple(map(torch.cat, zip(*pairs, strict=True))))]
        for name, pair in zip(names, pairs, strict=True):
            self._put(name, *pair)

    def _folded(self, place: int) -> Pair | None:
        """Scale and shift of a norm, where they can go into the layers that read what it makes."""
        point = self.points[place]
        if point.stays or (self._biased(point.norm) and not all(map(self._biased, point.readers))):
            return None
        return self._linear(point.norm)

    def _states(self, place: int) -> Tensor:
        """What is read of the wide model here."""
        name = self.points[place].norm
        module, given = self.wide.get_submodule(name), self._given(name)
        if isinstance(module, nn.Linear):
            return linear(given, *self._linear(name))
        scaled, (scale, shift) = _normalised(module, given), self._linear(name)
        return scaled if self.folded[place] else scaled * scale + shift

    def _embeddings(self) -> None:
        projected = self.points[0].norm.endswith("embeddings_project")
        for name, module in self.wide.named_modules(remove_duplicate=False):  # both stacks may share one
            if isinstance(module, nn.Embedding):
                weight = self.old[f"{name}.weight"].double()
                self.new[f"{name}.weight"] = weight if projected else weight @ self.basis
            elif projected and name == f"{self.wide.base_model_prefix}.{self.family.first}":
                self._put(name, *self._linear(name))

    def _norm(self, place: int) -> None:
        """The narrow norm that comes nearest to what the wide one makes of the texts, number by number."""
        name = self.points[place].norm
        module = self.wide.get_submodule(name)
        if isinstance(module, nn.Linear):
            self._write(name, *self._linear(name))
        else:
            scaled = _normalised(module, self._given(name) @ self.basis)
            self._put(name, *fitted_norm(scaled, self.states[place], shifts=self._biased(name)))

    def _write(self, name: str, weight: Tensor, bias: Tensor) -> None:
        """A linear layer whose outputs are states."""
        self._put(name, self.basis.mT @ weight, self.basis.mT @ bias)

    def _read(self, names: Sequence[str], place: int, parts: int = 1) -> list[Pair]:
        """Linear layers that read narrow states, or the parts of one."""
        made = []
        for name in names:
            weight, bias = self._linear(name)
            if (folded := self.folded[place]) is not None:
                weight, bias = weight * folded[0], bias + weight @ folded[1]
            made.append(projected_reading(weight, bias, self.basis, self.means[place]))
        if len(made) == parts:
            return made
        return [cast(Pair, pair) for pair in zip(*(each.chunk(parts) for each in made[0]), strict=True)]

    def _units(self, inner: Sequence[str], outer: str, place: int, count: int, parts: int = 1) -> tuple[Tensor, Pair]:
        """Copy the inner units that matter most; which, and what adds them, the mean of the others in its bias."""
        (weight, bias), given = self._linear(outer), self._given(outer)
        mean = given.mean(0)
        adds = (given - mean * self._biased(outer)).square().mean(0) * weight.square().sum(0)
        chosen = most(adds, count)
        self._put_parts(inner, [(each[chosen], more[chosen]) for each, more in self._read(inner, place, parts)])
        return chosen, (weight[:, chosen], bias + weight @ mean.index_fill(0, chosen, 0.0))

    def _feed_forward(self, part: Part) -> None:
        _, added = self._units(part.reads, part.adds, part.place, inner_size(self.config), 1 + self.family.gated)
        self._write(part.adds, *added)

    def _attention(self, part: Part, source: int) -> None:
        names, name = part.reads, part.adds
        if source == part.place:
            read = self._read(names, source, 3)
        else:
            read = [*self._read(names[:1], part.place), *self._read(names[1:], source, 2)]
        weight, bias = self._linear(name)
        weight, bias = self.basis.mT @ weight, self.basis.mT @ bias
        mean = self.states[source].mean(0)
        # With a bias, what varies decides; else all that there is.
        spread = root(self.states[source] - mean * self._biased(name))
        if self.family.rotary:
            made, out = self._whole(read, weight, spread)
        else:
            made, out = self._mixed(read, weight, (self._moment(part.place), self._moment(source)), spread)
        self._put_parts(names, made)
        # Attention adds up to 1, so what all values have in common is added whatever the scores are.
        common = [_added(weight, read[2], mean, self.wide.config), _added(out, made[2], mean, self.config)]
        self._put(name, out, bias + common[0] - common[1])
        for kept in self.family.kept:
            self._put(f"{part.layer}.{kept}", *self._linear(f"{part.layer}.{kept}"))

    def _mixed(
        self, parts: list[Pair], weight: Tensor, both: tuple[Tensor, Tensor], spread: Tensor
    ) -> tuple[list[Pair], Tensor]:
        """Queries, keys and values of heads made anew, and what adds them."""
        heads, size = self.wide.config.num_attention_heads, self.config.hidden_size // self.config.num_attention_heads
        halves = zip(_by_head(parts[0], heads), _by_head(parts[1], heads), strict=True)
        queries, keys = zip(*(scores(query, key, both, size) for query, key in halves), strict=True)
        pairs = zip(weight.chunk(heads, 1), parts[2][0].chunk(heads), strict=True)
        added = [sums(out, value, spread, size) for out, value in pairs]
        chosen = most(torch.stack([each[2] for each in added]), self.config.num_attention_heads).tolist()
        made = [torch.cat([part[head] for head in chosen]) for part in (queries, keys)]
        value = torch.cat([added[head][1] for head in chosen])
        return (
            [*((each[:, :-1], each[:, -1]) for each in made), (value, value.new_zeros(len(value)))],
            torch.cat([added[head][0] for head in chosen], dim=1),
        )

    def _moment(self, place: int) -> Tensor:
        """A root of what queries or keys read here, with a 1 at its end; distances count as much as states."""
        read = [
            torch.cat([each, torch.ones(len(each), 1)], dim=1)
            for each in (self.states[place], *self.states[self.last + 1 :])
        ]
        return root(torch.cat([each * (len(read[0]) / len(each)) ** 0.5 for each in read]))

    def _whole(self, parts: list[Pair], weight: Tensor, spread: Tensor) -> tuple[list[Pair], Tensor]:
        """Queries, keys and values of the heads that add most, and what adds them."""
        size, (heads, groups), (asked, wanted) = head_size(self.config), _heads(self.wide.config), _heads(self.config)
        values = (parts[2][0] @ spread).chunk(groups)
        adds = [out @ values[head * groups // heads] for head, out in enumerate(weight.chunk(heads, 1))]
        worth = torch.stack([each.square().sum() for each in adds]).view(groups, -1)
        best = [most(each, asked // wanted) for each in worth]
        chosen = most(torch.stack([each[few].sum() for each, few in zip(worth, best, strict=True)]), wanted)
        queries = torch.cat([group * (heads // groups) + best[group] for group in chosen.tolist()])
        rows = [(each[:, None] * size + torch.arange(size)).flatten() for each in (queries, chosen, chosen)]
        return [(each[row], more[row]) for (each, more), row in zip(parts, rows, strict=True)], weight[:, rows[0]]

    def _outputs(self) -> None:
        inner, outer, norm = self.head.inner, self.head.outer, self.head.norm
        if inner is None:
            self._put(outer, *self._read([outer], self.last)[0])
            self.new |= {name: self.old[name] for name in ("final_logits_bias",) if name in self.old}
            return
        chosen, added = self._units([inner], outer, self.last, self.config.hidden_size)
        self._put(outer, *added)
        if norm is not None:
            scaled = _normalised(self.wide.get_submodule(norm), self._given(norm)[:, chosen])
            self._put(norm, *fitted_norm(scaled, self._given(outer)[:, chosen], shifts=self._biased(norm)))


def _normalised(module: nn.Module, given: Tensor) -> Tensor:
    """What a norm makes before it scales and shifts."""
    if isinstance(module, nn.LayerNorm):
        return layer_norm(given, given.shape[-1:], eps=module.eps)
    return rms_norm(given, given.shape[-1:], eps=cast(float, module.variance_epsilon))


def _heads(config: PretrainedConfig) -> tuple[int, int]:
    """How many there are of queries, and of keys and values."""
    heads: int = config.num_attention_heads
    return heads, getattr(config, "num_key_value_heads", None) or heads


def _added(out: Tensor, value: Pair, state: Tensor, config: PretrainedConfig) -> Tensor:
    """What all heads add that find the values of the same ``state`` everywhere."""
    heads, groups = _heads(config)
    found = linear(state, *value).view(groups, -1).repeat_interleave(heads // groups, 0)
    return out @ found.flatten()


def _by_head(part: Pair, heads: int) -> tuple[Tensor, ...]:
    """Weight and bias side by side, ``[head width, narrow + 1]``, of each head."""
    return torch.cat([part[0], part[1].unsqueeze(1)], dim=1).chunk(heads)
