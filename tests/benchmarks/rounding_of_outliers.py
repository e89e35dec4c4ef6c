"""What learning with rounding gains where 8 bits lose something: a small model, some of whose values are far larger.

    python tests/benchmarks/rounding_of_outliers.py 1,2,3

A minute on one thread. A model of two layers learns which of eight kinds of tokens is the most frequent in a text. Then
every eighth value of its attention gets a hundred times larger, and the weights that read it as much smaller: the
answers stay, but the range of 8 bits grows coarse for all other values, as in models with outliers (Dettmers et al.
2022, arXiv:2208.07339). It goes on learning for 300 steps, without rounding and with it; both are then asked in 32 bits
and with the rounding of 8 bits.
"""

import copy
import sys

import numpy as np
import torch
from torch import Tensor
from transformers import BertConfig, BertForSequenceClassification

from distill.models.fake_quantization import FakeQuantization, without_rounding
from distill.training.calibration import due
from distill.types import Batch

KINDS, TOKENS, ROWS = 8, 30, 2000
LARGER, EVERY = 100.0, 8


def main(seeds: str) -> None:
    """Print a line for each seed, model and way to learn."""
    train, test = _rows(1), _rows(2)
    print("| seed | outliers | learnt with rounding | in 32 bits | in 8 bits | other decisions | drift of logits |")
    print("| ---: | --- | --- | ---: | ---: | ---: | ---: |")
    for seed in map(int, seeds.split(",")):
        model = _model(seed)
        _learn(model, train, steps=500, rate=2e-3, seed=seed)
        for outliers in (False, True):
            for rounds in (False, True):
                student = _with_outliers(model) if outliers else copy.deepcopy(model)
                _learn(student, train, steps=300, rate=5e-4, seed=seed + 10, rounds=rounds)
                shown = f"| {seed} | {_yes(outliers)} | {_yes(rounds)} | {_compared(student, train, test)} |"
                print(shown, flush=True)


def _rows(seed: int) -> tuple[Batch, Tensor]:
    """Return texts of random tokens, and of each the most frequent kind, which is a token's number modulo 8."""
    draw = np.random.default_rng(seed)
    texts = [draw.integers(5, TOKENS, draw.integers(4, 12)) for _ in range(ROWS)]
    ids, mask = np.zeros((2, ROWS, max(map(len, texts))), dtype=np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)], mask[row, : len(text)] = text, 1
    labels = [int(np.bincount(text % KINDS, minlength=KINDS).argmax()) for text in texts]
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}, torch.tensor(labels)


def _model(seed: int) -> BertForSequenceClassification:
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=TOKENS, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        num_labels=KINDS, max_position_embeddings=16, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return BertForSequenceClassification(config)


def _with_outliers(model: BertForSequenceClassification) -> BertForSequenceClassification:
    other = copy.deepcopy(model)
    with torch.no_grad():
        for layer in other.bert.encoder.layer:
            value, reader = layer.attention.self.value, layer.attention.output.dense
            value.weight[::EVERY] *= LARGER
            value.bias[::EVERY] *= LARGER
            reader.weight[:, ::EVERY] /= LARGER
    return other


def _learn(model, train, *, steps: int, rate: float, seed: int, rounds: bool = False) -> None:
    batch, labels = train
    quantization = FakeQuantization(model, [_first(batch)]) if rounds else None
    draw, optimizer = torch.Generator().manual_seed(seed), torch.optim.AdamW(model.parameters(), lr=rate)
    model.train()
    for step in range(steps):
        if quantization is not None and due(step):
            quantization.calibrate()
        chosen = torch.randint(0, ROWS, (32,), generator=draw)
        logits = model(**{name: values[chosen] for name, values in batch.items()}).logits
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, labels[chosen]).backward()
        optimizer.step()
    without_rounding(model)


def _first(batch: Batch) -> Batch:
    return {name: values[:128] for name, values in batch.items()}


@torch.no_grad()
def _compared(model, train, test) -> str:
    """Return the accuracy in 32 bits and with rounding, the share of other decisions, and how far logits are off."""
    batch, labels = test
    full = model.eval()(**batch).logits
    FakeQuantization(model, [_first(train[0])])
    small = model(**batch).logits
    right = [100 * float((logits.argmax(1) == labels).float().mean()) for logits in (full, small)]
    other = 100 * float((full.argmax(1) != small.argmax(1)).float().mean())
    drift = 100 * float((full - small).square().mean().sqrt() / full.std())
    return f"{right[0]:.2f} | {right[1]:.2f} | {other:.2f} % | {drift:.1f} %"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


if __name__ == "__main__":
    main(*sys.argv[1:])
