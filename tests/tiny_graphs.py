"""Tiny encoders as ONNX graphs, and rows for them."""

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification

from distill.export.onnx_graph import trace

SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
WORDS, LABELS = 80, 3


def encoder(path, *, tokens=False, spread=0.3, change=lambda model: None):
    """Write the graph of an encoder of random weights, for texts or for tokens; ``change`` may alter them before."""
    torch.manual_seed(0)
    kind = BertForTokenClassification if tokens else BertForSequenceClassification
    config = BertConfig(
        vocab_size=WORDS, num_labels=LABELS, initializer_range=spread, max_position_embeddings=40, **SIZE
    )
    model = kind(config).eval()
    with torch.no_grad():
        change(model)
    batch = {"input_ids": [[2, 5, 6, 3], [2, 7, 3, 0]], "attention_mask": [[1, 1, 1, 1], [1, 1, 1, 0]]}
    trace(model, {name: torch.tensor(values) for name, values in batch.items()}, path)
    return path


def rows(count, *, longest=20, seed=0):
    """Return so many rows of random words, without padding."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(3, longest + 1, size=count)
    return [
        {
            "input_ids": draw.integers(5, WORDS, (1, length)),
            "attention_mask": np.ones((1, length), dtype=np.int64),
        }
        for length in lengths.tolist()
    ]


def together(some, tokens):
    """Return rows as one batch, padded to a number of tokens."""
    return {
        name: np.concatenate([np.pad(row[name], ((0, 0), (0, tokens - row[name].shape[1]))) for row in some])
        for name in some[0]
    }
