"""A checkpoint whose bytes are the same with every version of every library, and on every processor."""

import json
import struct

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"
VOCABULARY = (*_SPECIAL, *_LETTERS, *(f"##{letter}" for letter in _LETTERS))
"""Pieces of single letters, which read any text."""
_CONFIG = {
    "architectures": ["BertModel"], "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1, "hidden_size": 24, "initializer_range": 0.02, "intermediate_size": 48,
    "layer_norm_eps": 1e-12, "max_position_embeddings": 256, "model_type": "bert", "num_attention_heads": 12,
    "num_hidden_layers": 6, "pad_token_id": 0, "type_vocab_size": 2, "vocab_size": len(VOCABULARY),
}  # fmt: skip
_TOKENIZER = {"do_lower_case": True, "model_max_length": 256, "tokenizer_class": "BertTokenizer"}


def write(folder, **config):
    """A BERT of one tensor of zeros: enough to plan a run with it, of which the bytes alone are looked at."""
    folder.mkdir(parents=True)
    for name, content in (("config.json", {**_CONFIG, **config}), ("tokenizer_config.json", _TOKENIZER)):
        (folder / name).write_text(json.dumps(content, indent=2, sort_keys=True), encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    shape = [len(VOCABULARY), _CONFIG["hidden_size"]]
    size = 4 * shape[0] * shape[1]
    tensors = {"embeddings.word_embeddings.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}
    header = json.dumps(tensors, separators=(",", ":")).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(size))
    return folder
