"""Set every dropout of a configuration, whatever its architecture calls them."""

from transformers import PretrainedConfig

from distill.errors import ModelError

_DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "dropout",
    "attention_dropout",
    "resid_pdrop",
    "embd_pdrop",
    "attn_pdrop",
    "dropout_rate",
    "seq_classif_dropout",
    "qa_dropout",
    "classifier_dropout_prob",
    "pooler_dropout",
    "cls_dropout",
    "activation_dropout",
    "embedding_dropout",
    "mlp_dropout",
)
_LAYERDROPS = ("layerdrop", "encoder_layerdrop", "decoder_layerdrop")
"""Shares of layers that are left out in training; no dropout means none of these either."""


def set_dropout(config: PretrainedConfig, dropout: float) -> None:
    """Set every dropout of a configuration.

    Raises:
        ModelError: it has none that is known, so that the setting would be ignored.
    """
    names = [name for name in _DROPOUTS if hasattr(config, name)]
    if not names:
        raise ModelError(f"{config.model_type} models have no dropout setting that is known here")
    for name in (*names, *(drop for drop in _LAYERDROPS if hasattr(config, drop) and not dropout)):
        setattr(config, name, dropout)
    if hasattr(config, "classifier_dropout"):
        config.classifier_dropout = dropout
