"""Which architectures can be copied narrower, and where each of them keeps what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError


@dataclass(frozen=True)
class Family:
    """Where an architecture keeps what.

    Attributes:
        layers: the stack, below the base model; all other names but ``first`` and ``last`` are below a layer.
        norms: of attention and of the feed-forward part.
        qkv: the layers that make queries, keys and values, or the one that makes all three.
        out: the layer that adds what attention found.
        inner: the layer that makes inner units, or the two whose products they are, gate first, also in one.
        outer: the layer that adds what inner units found.
        first: the norm of the embeddings, if there is one.
        last: the norm after the last layer, of architectures whose norms stand before attention and feed-forward part.
        kept: weights that a copy takes as they are.
        gated: whether inner units are products.
        rotary: whether positions turn pairs of numbers in queries and keys; then heads can only be kept whole.
        free: whether the width of heads that are kept whole has a setting of its own, ``head_dim``.
        inner_size: what the configuration calls the number of inner units.
        relative: the norm of embeddings of distances, which queries and keys read as they read states.
        needs: other settings, and what they may be.
    """

    layers: str
    norms: tuple[str, str]
    qkv: tuple[str, ...]
    out: str
    inner: tuple[str, ...]
    outer: str
    first: str | None = None
    last: str | None = None
    kept: tuple[str, ...] = ()
    gated: bool = False
    rotary: bool = False
    free: bool = False
    inner_size: str = "intermediate_size"
    relative: str | None = None
    needs: Mapping[str, Sequence[Any]] = field(default_factory=dict)


_BERT = Family(
    layers="encoder.layer",
    norms=("attention.output.LayerNorm", "output.LayerNorm"),
    qkv=("attention.self.query", "attention.self.key", "attention.self.value"),
    out="attention.output.dense",
    inner=("intermediate.dense",),
    outer="output.dense",
    first="embeddings.LayerNorm",
)
_DEBERTA = replace(
    _BERT,
    qkv=("attention.self.query_proj", "attention.self.key_proj", "attention.self.value_proj"),
    relative="encoder.LayerNorm",
    needs={
        "relative_attention": [True],
        "share_att_key": [True],
        "norm_rel_ebd": ["layer_norm"],
        "conv_kernel_size": [None, 0],
        "attention_head_size": [None],
    },
)
_DISTILBERT = Family(
    layers="transformer.layer",
    norms=("sa_layer_norm", "output_layer_norm"),
    qkv=("attention.q_lin", "attention.k_lin", "attention.v_lin"),
    out="attention.out_lin",
    inner=("ffn.lin1",),
    outer="ffn.lin2",
    first="embeddings.LayerNorm",
    inner_size="hidden_dim",
)
_GPT2 = Family(
    layers="h",
    norms=("ln_1", "ln_2"),
    qkv=("attn.c_attn",),
    out="attn.c_proj",
    inner=("mlp.c_fc",),
    outer="mlp.c_proj",
    last="ln_f",
    inner_size="n_inner",
    needs={"add_cross_attention": [False], "scale_attn_weights": [True]},
)
_LLAMA = Family(
    layers="layers",
    norms=("input_layernorm", "post_attention_layernorm"),
    qkv=("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    out="self_attn.o_proj",
    inner=("mlp.gate_proj", "mlp.up_proj"),
    outer="mlp.down_proj",
    last="norm",
    gated=True,
    rotary=True,
    free=True,
)
_MODERNBERT = Family(
    layers="layers",
    norms=("attn_norm", "mlp_norm"),
    qkv=("attn.Wqkv",),
    out="attn.Wo",
    inner=("mlp.Wi",),
    outer="mlp.Wo",
    first="embeddings.norm",
    last="final_norm",
    gated=True,
    rotary=True,
)
FAMILIES: Mapping[str, Family] = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert", "electra"), _BERT),
    "distilbert": _DISTILBERT,
    "gpt2": _GPT2,
    **dict.fromkeys(("llama", "mistral", "qwen2"), _LLAMA),
    "qwen3": replace(_LLAMA, kept=("self_attn.q_norm", "self_attn.k_norm")),
    "modernbert": _MODERNBERT,
    "deberta-v2": _DEBERTA,
}
"""Those that can be copied, by transformers' name. A further one is an entry here."""


def inner_size(config: PretrainedConfig) -> int:
    """How many inner units a layer has; GPT-2 does not say it of the usual number."""
    found: int | None = getattr(config, FAMILIES[config.model_type].inner_size)
    return 4 * config.hidden_size if found is None else found


def head_size(config: PretrainedConfig) -> int:
    """How wide a head is."""
    found: int = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return found


def layers(model: PreTrainedModel) -> list[str]:
    """The names of the layers."""
    stack = f"{model.base_model_prefix}.{FAMILIES[model.config.model_type].layers}"
    return [f"{stack}.{number}" for number in range(model.config.num_hidden_layers)]


@dataclass(frozen=True)
class Head:
    """The names of a head's layer of outputs, and of what stands between it and the states."""

    outer: str
    inner: str | None = None
    norm: str | None = None

    @property
    def reads(self) -> str:
        """The layer that reads the states."""
        return self.inner or self.outer


def head_of(model: PreTrainedModel) -> Head:
    """The head of a model.

    Raises:
        ModelError: it is none of those that can be copied.
    """
    names = {name for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    for head in (
        Head("classifier", f"{model.base_model_prefix}.pooler.dense"),
        Head("classifier.out_proj", "classifier.dense"),
        Head("classifier", "pre_classifier"),
        Head("classifier", "head.dense", "head.norm"),
        Head("classifier", "pooler.dense"),
        *map(Head, ("classifier", "qa_outputs", "score", "lm_head")),
    ):
        if {head.outer, head.reads} <= names:
            return head
    raise ModelError(f"student.init=narrow: {type(model).__name__} has a head that cannot be copied narrower")


@dataclass(frozen=True)
class Point:
    """Where states are made and read.

    Attributes:
        norm: the module that makes them.
        readers: the linear layers that read them.
        stays: whether others do so, too: later layers that add to them, or embeddings that are the head as well.
    """

    norm: str
    readers: tuple[str, ...]
    stays: bool


def points(model: PreTrainedModel, head: Head) -> list[Point]:
    """All of a model: what reads the first makes the second, and so on to what the head reads; then distances."""
    family, base = FAMILIES[model.config.model_type], model.base_model_prefix
    norms = [f"{layer}.{norm}" for layer in layers(model) for norm in family.norms]
    first = [f"{base}.{family.first}"] if family.first else []
    if f"{base}.embeddings_project" in dict(model.named_modules()):
        first = [f"{base}.embeddings_project"]
    # Before a layer's parts, the first norm may be that of the embeddings; after them, it comes in addition.
    norms = [*first, *norms[len(first) :], f"{base}.{family.last}"] if family.last else [*first, *norms]
    parts = [(layer, part) for layer in layers(model) for part in (family.qkv, family.inner)]
    readers = [tuple(f"{layer}.{name}" for name in part) for layer, part in parts]
    adds = [family.last is None or (number == 0 and bool(first)) for number in range(len(readers))]
    tied = model.get_input_embeddings().weight is model.get_submodule(head.outer).weight
    made = list(map(Point, norms, [*readers, (head.reads,)], [*adds, family.last is None or tied]))
    return [*made, Point(f"{base}.{family.relative}", (), stays=True)] if family.relative else made
