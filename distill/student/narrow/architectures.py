"""List the architectures that can be copied narrower, and the names of their modules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from transformers import PretrainedConfig


@dataclass(frozen=True)
class Family:
    """The names of the modules and settings of an architecture that a narrower copy is made of.

    Attributes:
        layers: the stack, below the base model; all other names but ``first`` and ``last`` are below a layer.
        norms: the norms of each attention and of the feed-forward part.
        qkv: the layers that make queries, keys and values, or the one that makes all three.
        out: the layer that adds what attention found.
        inner: the layer that makes inner units, or the two whose products they are, gate first; of these names a model
            has what it has.
        outer: the layer that adds what inner units found.
        first: the norm of the embeddings, or the layer that reads them without one.
        last: the norm after the last layer, of architectures whose norms stand before attention and feed-forward part.
        kept: weights that a copy takes as they are.
        fused: whether one layer makes both factors of inner units.
        whole: whether heads are kept whole, for which rotary positions leave no choice: they turn pairs of numbers.
        free: whether the width of heads that are kept whole has a setting of its own, ``head_dim``.
        distances: the module of the first layer with what each head of the stack's self-attention adds for a distance.
        inner_size: what the configuration calls the number of inner units.
        relative: the norm of embeddings of distances, which queries and keys read as they read states.
        cross: in a decoder, the layers that make queries, keys and values where these two read the encoder's states,
            and the one that adds what is found there.
        decoder: the second stack of an encoder-decoder.
        equal: pairs of settings that both stacks have, of which the second has to be as the first.
        needs: other settings, and what they may be.
    """

    layers: str
    norms: tuple[str, ...]
    qkv: tuple[str, ...]
    out: str
    inner: tuple[str, ...]
    outer: str
    first: str | None = None
    last: str | None = None
    kept: tuple[str, ...] = ()
    fused: bool = False
    whole: bool = False
    free: bool = False
    distances: str | None = None
    inner_size: str = "intermediate_size"
    relative: str | None = None
    cross: tuple[str, ...] = ()
    decoder: "Family | None" = None
    equal: tuple[tuple[str, str], ...] = ()
    needs: Mapping[str, Sequence[object]] = field(default_factory=dict)


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
    whole=True,
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
    fused=True,
    whole=True,
)
_BART = Family(
    layers="encoder.layers",
    norms=("self_attn_layer_norm", "final_layer_norm"),
    qkv=("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    out="self_attn.out_proj",
    inner=("fc1",),
    outer="fc2",
    first="encoder.layernorm_embedding",
    inner_size="encoder_ffn_dim",
    equal=(("encoder_ffn_dim", "decoder_ffn_dim"), ("encoder_attention_heads", "decoder_attention_heads")),
)
_BART_DECODER = replace(
    _BART,
    layers="decoder.layers",
    norms=("self_attn_layer_norm", "encoder_attn_layer_norm", "final_layer_norm"),
    first="decoder.layernorm_embedding",
    cross=("encoder_attn.q_proj", "encoder_attn.k_proj", "encoder_attn.v_proj", "encoder_attn.out_proj"),
)
_T5 = Family(
    layers="encoder.block",
    norms=("layer.0.layer_norm", "layer.1.layer_norm"),
    qkv=("layer.0.SelfAttention.q", "layer.0.SelfAttention.k", "layer.0.SelfAttention.v"),
    out="layer.0.SelfAttention.o",
    inner=("layer.1.DenseReluDense.wi", "layer.1.DenseReluDense.wi_0", "layer.1.DenseReluDense.wi_1"),
    outer="layer.1.DenseReluDense.wo",
    last="encoder.final_layer_norm",
    whole=True,
    free=True,
    distances="layer.0.SelfAttention.relative_attention_bias",
    inner_size="d_ff",
)
_T5_DECODER = replace(
    _T5,
    layers="decoder.block",
    norms=("layer.0.layer_norm", "layer.1.layer_norm", "layer.2.layer_norm"),
    inner=("layer.2.DenseReluDense.wi", "layer.2.DenseReluDense.wi_0", "layer.2.DenseReluDense.wi_1"),
    outer="layer.2.DenseReluDense.wo",
    last="decoder.final_layer_norm",
    cross=tuple(f"layer.1.EncDecAttention.{name}" for name in "qkvo"),
)
FAMILIES: Mapping[str, Family] = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert", "electra"), _BERT),
    "distilbert": _DISTILBERT,
    "gpt2": _GPT2,
    **dict.fromkeys(("llama", "mistral", "qwen2"), _LLAMA),
    "qwen3": replace(_LLAMA, kept=("self_attn.q_norm", "self_attn.k_norm")),
    "modernbert": _MODERNBERT,
    "deberta-v2": _DEBERTA,
    "bart": replace(_BART, decoder=_BART_DECODER),
    "marian": replace(
        _BART,
        first="encoder.layers.0",
        decoder=replace(_BART_DECODER, first="decoder.layers.0"),
        needs={"share_encoder_decoder_embeddings": [True]},
    ),
    **dict.fromkeys(("t5", "mt5"), replace(_T5, decoder=_T5_DECODER)),
}
"""Those that can be copied, by transformers' name. A further one is an entry here."""


def inner_size(config: PretrainedConfig) -> int:
    """Return how many inner units a layer has; GPT-2 does not say it where it is the usual number."""
    size: int | None = getattr(config, FAMILIES[config.model_type].inner_size)
    return 4 * config.hidden_size if size is None else size


def head_size(config: PretrainedConfig) -> int:
    """Return the width of a head of attention."""
    size: int = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return size
