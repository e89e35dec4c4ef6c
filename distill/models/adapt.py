"""Choose which weights of a model learn, and how fast: all, the upper layers, the head, or what is put beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn
from transformers import PreTrainedModel

from distill.errors import ModelError
from distill.models import adapters, virtual_tokens
from distill.models.layer_names import layer_pattern
from distill.models.missing_weights import head_weights


@dataclass(frozen=True)
class Adaptation:
    """What of a model learns.

    Attributes:
        frozen: none | embeddings | body: what stays as it is, the body being all but the head.
        frozen_layers: the layers from the bottom that stay as they are, with the embeddings; 0 freezes nothing.
        gradual_unfreezing: whether the head learns alone at first, and a layer more each epoch, from the top.
        layer_decay: the factor of the learning rate from a layer to the one below.
        method: what learns beside the head instead: none | lora | ia3 | prefix | prompt | bias.
        lora: the settings of low-rank adapters, for ``method=lora``.
        virtual_tokens: places before the text, for prefix and prompt.
    """

    frozen: str = "none"
    frozen_layers: int = 0
    gradual_unfreezing: bool = False
    layer_decay: float = 1.0
    method: str = "none"
    lora: adapters.Lora = field(default_factory=adapters.Lora)
    virtual_tokens: int = 20


@dataclass(frozen=True)
class Trained:
    """What of a model has learnt.

    Attributes:
        parameters: how many numbers have learnt, of all ``of``.
        of: how many there are.
        parts: which, in words.
    """

    parameters: int
    of: int
    parts: str


def adapt(model: PreTrainedModel, adaptation: Adaptation) -> None:
    """Let a part of a model learn and the rest stay as it is; modules of it are replaced where adapters come in.

    Raises:
        ModelError: the architecture cannot have what is asked for; the sentence says what.
    """
    if adaptation.method in ("lora", "ia3"):
        _put_adapters(model, adaptation)
    elif adaptation.method != "none" or adaptation.frozen == "body":
        _let_head_learn(model, adaptation)
    elif adaptation.frozen_layers:
        freeze(model, adaptation.frozen_layers)
    elif adaptation.frozen == "embeddings":
        for name, weight in model.named_parameters():
            weight.requires_grad_(not embeds(name))
    if adaptation.gradual_unfreezing or adaptation.layer_decay != 1:
        _depths(model)  # which must be known


def _put_adapters(model: PreTrainedModel, adaptation: Adaptation) -> None:
    """Let adapters in the layers and the head learn."""
    method = adaptation.method
    names = _head(model, pooler=method != "lora")  # as peft does: what was trained so is trained so again
    head = [weight for name, weight in model.named_parameters() if name in names]
    adapters.add(model, adapters.modules_of_layers(model, _depths(model)), method, adaptation.lora)
    for weight in head:
        weight.requires_grad_(True)


def _let_head_learn(model: PreTrainedModel, adaptation: Adaptation) -> None:
    """Let the head learn, and with it biases or virtual tokens, where the method is one of these."""
    names, biases = _head(model), adaptation.method == "bias"
    if biases:
        _refuse_without_biases(model)
    for name, weight in model.named_parameters():
        weight.requires_grad_(name in names or (biases and _is_bias(name)))
    if adaptation.method in ("prefix", "prompt"):
        virtual_tokens.add(model, adaptation.method, adaptation.virtual_tokens)


def finished(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model with its adapters folded into its weights; one without adapters as it is."""
    adapters.fold(model)
    return model


def freeze(model: PreTrainedModel, layers: int) -> None:
    """Freeze the embeddings and the first ``layers`` layers of a model.

    Raises:
        ModelError: there are fewer layers, or they cannot be told from the names of the weights.
    """
    if layers > model.config.num_hidden_layers:
        raise ModelError(f"frozen_layers={layers}: the model has {model.config.num_hidden_layers} layers")
    depth_of = _depths(model)
    for name, weight in model.named_parameters():
        if depth_of[name] <= layers:
            weight.requires_grad_(False)


def learns_at(depth: int, layers: int, epoch: int) -> bool:
    """Return whether weights learn in an epoch of gradual unfreezing: those of the head always, others from the top.

    Howard & Ruder 2018 (https://arxiv.org/abs/1801.06146), section 3.3.

    Args:
        depth: of the weights: 0 are embeddings, 1 is the lowest layer, ``layers`` + 1 the head.
        layers: of the model.
        epoch: counted from 0.

    >>> [[learns_at(depth, 2, epoch) for depth in (3, 2, 1, 0)] for epoch in (0, 1, 2, 3)][1]
    [True, True, False, False]
    """
    return depth > layers - epoch


def rate_at(depth: int, layers: int, decay: float) -> float:
    """Return the part of the learning rate that weights of a depth get: ``decay`` ** (layers + 1 - depth).

    Clark et al. 2020 (https://arxiv.org/abs/2003.10555), appendix A.

    >>> [rate_at(depth, 2, 0.5) for depth in (3, 2, 1, 0)]
    [1.0, 0.5, 0.25, 0.125]
    """
    return float(decay ** (layers + 1 - depth))


def depths(model: PreTrainedModel) -> Mapping[nn.Parameter, int]:
    """Return how far from the bottom each weight is: 0 embeddings, from 1 on the layers, above them all else.

    Raises:
        ModelError: the layers cannot be told from the names of the weights.
    """
    by_name = _depths(model)
    return {weight: by_name[name] for name, weight in model.named_parameters()}


def trained(model: PreTrainedModel, adaptation: Adaptation, epochs: int) -> Trained:
    """Return what of a model, with its adapters still beside its weights, has learnt after some epochs."""
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    layers = model.config.num_hidden_layers
    if adaptation.gradual_unfreezing:
        depth_of = depths(model)
        learning = [weight for weight in learning if learns_at(depth_of[weight], layers, epochs - 1)]
    whole = sum(weight.numel() for weight in model.parameters())
    return Trained(sum(weight.numel() for weight in learning), whole, described(adaptation, layers, epochs))


def described(adaptation: Adaptation, layers: int, epochs: int) -> str:
    """Return in words which weights learn, as the part of a sentence."""
    if adaptation.method != "none":
        rank, places = adaptation.lora.rank, adaptation.virtual_tokens
        beside = {
            "lora": f"low-rank adapters of rank {rank}",
            "ia3": "scales of keys, values and feed-forward parts (IA3)",
            "prefix": f"{places} keys and values before the text in each layer (prefix tuning)",
            "prompt": f"{places} embeddings before the text (prompt tuning)",
            "bias": "biases (BitFit)",
        }[adaptation.method]
        words = f"{beside} and the head"
    elif adaptation.frozen == "body":
        words = "the head alone"
    elif adaptation.frozen == "embeddings":
        words = "all but the embeddings"
    elif adaptation.frozen_layers:
        words = f"all but the embeddings and the lowest {adaptation.frozen_layers} of {layers} layers"
    else:
        words = "all weights"
    if adaptation.gradual_unfreezing:
        reached = min(epochs - 1, layers)
        words += f", unfrozen from the top (at the end {reached} of {layers} layers"
        words += ", and the embeddings)" if epochs - 1 > layers and words.startswith("all weights") else ")"
    return words + (f", {adaptation.layer_decay:g} of the rate a layer down" if adaptation.layer_decay != 1 else "")


def _depths(model: PreTrainedModel) -> dict[str, int]:
    """Return the depth of each weight by its name, see ``depths``."""
    layers, weights = model.config.num_hidden_layers, dict(model.named_parameters())
    pattern = None
    for stacks in (2, 1) if model.config.is_encoder_decoder else (1,):
        try:
            pattern = layer_pattern(weights, layers, stacks)
            break
        except ModelError:
            continue
    if pattern is None:
        kind = model.config.model_type
        raise ModelError(f"{kind} models: their {layers} layers cannot be told from the names of their weights")
    matches = {name: pattern.match(name) for name in weights}
    return {name: 1 + int(match[2]) if match else 0 if embeds(name) else layers + 1 for name, match in matches.items()}


def embeds(name: str) -> bool:
    """Return whether a weight outside the layers embeds tokens or positions, by the names that transformers uses."""
    return any("embed" in part or part in ("wte", "wpe", "shared") for part in name.split("."))


def _head(model: PreTrainedModel, *, pooler: bool = True) -> set[str]:
    """Return the names of the weights of the head, with those of the pooler, which many checkpoints lack.

    Raises:
        ModelError: there are none.
    """
    names = head_weights(model) - {name for name, _ in model.named_buffers()}
    if pooler:
        names |= {name for name, _ in model.named_parameters() if "pooler" in name.split(".")}
    return names


def _is_bias(name: str) -> bool:
    """Return whether a weight is a bias; DeBERTa has some of other names."""
    return name.rpartition(".")[2].endswith("bias") and "relative_attention_bias" not in name


def _refuse_without_biases(model: PreTrainedModel) -> None:
    """Refuse an architecture whose layers have no biases.

    Raises:
        ModelError: it has none.
    """
    depth_of = _depths(model)
    layers = model.config.num_hidden_layers
    if not any(_is_bias(name) and 0 < depth <= layers for name, depth in depth_of.items()):
        raise ModelError(f"{model.config.model_type} models have no biases in their layers that could learn")
