"""Copy a model with narrower states, its weights reduced by truncated singular value decompositions.

All layers share one basis of the states, ``[wide, narrow]``: the directions in which the states of some texts vary most
(as in SliceGPT: Ashkboos et al. 2024, arXiv:2401.15024). Queries with keys, and values with outputs, are factored again
for each head, so that attention scores, and what attention adds, change least (truncated SVD of weights: Ben Noach &
Goldberg 2020, aclanthology.org/2020.aacl-main.88; here weighed by the states that they read). Rotary positions, which
turn each pair of numbers by an angle of its own, leave no such freedom: there, and in T5, whose heads have a width of
their own, the heads that add most are kept whole.
Inner units are chosen by how much what they add varies; the mean of whatever is left out goes into the biases, where
there are any.

A norm scales states number by number, which only the axes of the wide space keep. So the basis lies near some of them,
and a narrow norm is fitted to what the wide one makes of the texts. Where nothing but linear layers reads what a norm
makes (before attention and feed-forward part), its scale and shift go into those layers first, which is exact.

Positions that are sines (Marian's) follow from the width alone: a narrower copy has those of its own width.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models.checkpoint_fitting import untie_head_like
from distill.models.finite_values import require_finite
from distill.models.forward import outputs
from distill.models.loading import from_config
from distill.student.narrow.architectures import FAMILIES, Family, head_size, inner_size
from distill.student.narrow.sublayers import below, head_of, parts, points
from distill.student.narrow.weights import NarrowCopy
from distill.types import IGNORE, Batch


@dataclass(frozen=True)
class Width:
    """The width of a model: its states, its heads of attention, and the inner units of a layer."""

    hidden_size: int
    heads: int
    intermediate_size: int


def why_not_narrowable(config: PretrainedConfig) -> str | None:
    """Return why no narrower copy can be made of a model, as a sentence; none where one can."""
    kind = config.model_type
    if kind not in FAMILIES:
        return f"{kind} models cannot be copied narrower; these can: {', '.join(FAMILIES)}"
    family = FAMILIES[kind]
    needs = dict(family.needs)
    if family.relative is not None:  # what projects its embeddings is not copied
        needs["embedding_size"] = [None, config.hidden_size]
    for name, allowed in needs.items():
        if (value := getattr(config, name, None)) not in allowed:
            return f"{kind} models with {name}={value} cannot be copied narrower"
    for setting, twin in family.equal:
        if (value := getattr(config, setting)) != (needed := getattr(config, twin)):
            both = f"{setting}={value} and {twin}={needed}"
            return f"{kind} models with {both} cannot be copied narrower; allowed is one number for both"
    return None


def narrowed_config(config: PretrainedConfig, width: Width) -> PretrainedConfig:
    """Return the configuration of a narrower copy.

    Raises:
        ModelError: the architecture cannot be copied, or not at this width.
    """
    if why := why_not_narrowable(config):
        raise ModelError(f"student.init=narrow: {why}")
    family = FAMILIES[config.model_type]
    sizes = {
        "hidden_size": (width.hidden_size, config.hidden_size),
        "heads": (width.heads, config.num_attention_heads),
        "intermediate_size": (width.intermediate_size, inner_size(config)),
    }
    for name, (size, largest) in sizes.items():
        if size > largest:
            raise ModelError(f"student.architecture.{name}={size}: the teacher to be copied has {largest}")
    copied = copy.deepcopy(config)
    copied.hidden_size, copied.num_attention_heads = width.hidden_size, width.heads
    setattr(copied, family.inner_size, width.intermediate_size)
    for setting, twin in family.equal:
        setattr(copied, twin, getattr(copied, setting))
    _embeddings(copied, config)
    if family.whole:
        _whole_heads(copied, config, family)
    return copied


def _embeddings(copied: PretrainedConfig, config: PretrainedConfig) -> None:
    """Set the width of embeddings: that of the states, or the one before a projection (ELECTRA's)."""
    size, width = getattr(config, "embedding_size", None), copied.hidden_size
    if hasattr(config, "pooler_hidden_size"):  # DeBERTa's says it once more
        copied.pooler_hidden_size = width
    if size == config.hidden_size:
        copied.embedding_size = width
    elif size == width:
        raise ModelError(
            f"student.architecture.hidden_size={width}: is the width of the teacher's embeddings, which "
            "would go into the layers without the teacher's projection; allowed is any other"
        )


def _whole_heads(copied: PretrainedConfig, config: PretrainedConfig, family: Family) -> None:
    """Set heads as wide as the teacher's, which share keys and values as widely as they do there."""
    heads, size = copied.num_attention_heads, head_size(config)
    if family.free:
        copied.head_dim = size
    elif copied.hidden_size != heads * size:
        raise ModelError(
            f"student.architecture.hidden_size={copied.hidden_size}: heads of {config.model_type} models are kept "
            f"whole, so {heads} of {size} numbers need {heads * size}"
        )
    groups = getattr(config, "num_key_value_heads", None)
    if groups is not None:
        shared = config.num_attention_heads // groups
        fits = {number: _groups(number, shared) for number in range(1, config.num_attention_heads + 1)}
        if fits[heads] > groups:
            allowed = ", ".join(str(number) for number, needed in fits.items() if needed <= groups)
            raise ModelError(
                f"student.architecture.heads={heads}: the teacher's heads share keys and values in {groups} groups of "
                f"{shared}; allowed is {allowed}"
            )
        copied.num_key_value_heads = fits[heads]


def _groups(heads: int, shared: int) -> int:
    """Return the fewest groups of at most ``shared`` heads that all heads can be split into."""
    return min(heads // size for size in range(1, shared + 1) if heads % size == 0)


def narrow(wide: PreTrainedModel, batches: Sequence[Batch], width: Width, head: str) -> PreTrainedModel:
    """Return a copy of ``wide`` with narrower states; at its own width it answers the same.

    Args:
        wide: a model with a task head.
        batches: some texts, whose states decide on what is kept.
        width: the width of the copy.
        head: the name of transformers' class.

    Raises:
        ModelError: see ``narrowed`` and ``head_of``, or a state of the texts is no finite number.
    """
    narrower = from_config(narrowed_config(wide.config, width), head)
    narrower.to(wide.dtype)  # type: ignore[arg-type]
    untie_head_like(narrower, wide)
    weights = NarrowCopy(wide, _inputs(wide, batches), narrower).weights()
    narrower.load_state_dict({name: weight.to(wide.dtype) for name, weight in weights.items()}, strict=True)
    return narrower


@torch.no_grad()
def _inputs(model: PreTrainedModel, batches: Sequence[Batch]) -> dict[str, Tensor]:
    """Return the inputs of linear layers and norms, of unpadded tokens ``[tokens, width]``, or of first tokens."""
    model.train(False)
    inputs: dict[str, list[Tensor]] = {}
    masks: dict[bool, Tensor] = {}
    encoder = f"{below(model)}encoder."

    def keep(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(module: nn.Module, args: tuple[Tensor, ...]) -> None:
            read = args[0][masks[name.startswith(encoder)]] if args[0].dim() == 3 else args[0]
            inputs.setdefault(name, []).append(read)

        return hook

    head = head_of(model)
    watched = {point.norm for point in points(model, head)}
    watched |= {part.adds for part in parts(model) if part.source is None}
    watched |= {head.outer, head.reads, *filter(None, [head.norm])}
    handles = [model.get_submodule(name).register_forward_pre_hook(keep(name)) for name in watched]
    for batch in batches:
        masks[True] = masks[False] = batch["attention_mask"].bool()
        if model.config.is_encoder_decoder and "target_ids" in batch:
            masks[False] = batch["target_ids"] != IGNORE
        outputs(model, batch)
    for handle in handles:
        handle.remove()
    return {name: require_finite(torch.cat(read), str(model.name_or_path)) for name, read in inputs.items()}
