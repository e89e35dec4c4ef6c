"""Compare an exported graph with its model on batches and lengths that it was not traced with."""

from typing import cast

import torch
from numpy.random import Generator, default_rng
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.inference.onnx_session import OnnxSession
from distill.models.forward import outputs
from distill.tasks.collating import model_inputs
from distill.tasks.setup import TaskSetup
from distill.types import MODEL_INPUTS, Batch

_TOLERANCE = 1e-4
"""The largest difference of a logit, for logits of 1 and more; smaller ones may differ by this share of the largest."""
_SHAPES = ((1, 2.0), (5, 0.4), (3, 0.9), (1, 0.2))
"""Texts of a batch, and the length of the longest as a share of the task's limit, at which it is cut; that of the trace
is another."""
_TRACED = (2, 0.6)


def traced_batch(tokenizer: PreTrainedTokenizerBase, setup: TaskSetup) -> Batch:
    """Return the batch on which a model is traced: two texts, of which one is filled up."""
    return _batch(tokenizer, setup, *_TRACED)


def refuse_other(
    model: PreTrainedModel, session: OnnxSession, tokenizer: PreTrainedTokenizerBase, setup: TaskSetup
) -> None:
    """Refuse a graph that answers otherwise than the model that it was traced from.

    A tracer writes down what one batch did: an architecture that decides by its input, or counts by its shape, gives a
    graph that is right for the batch that was traced alone.

    Raises:
        ModelError: it does so, or cannot read another batch.
    """
    for texts, share in _SHAPES:
        batch = _batch(tokenizer, setup, texts, share)
        with torch.inference_mode():
            expected = outputs(model, batch).logits
        answer = torch.from_numpy(session.run({name: tensor.numpy() for name, tensor in batch.items()}))
        allowed = _TOLERANCE * min(1.0, float(expected.abs().max()))
        if answer.shape != expected.shape or not float((answer - expected).abs().max()) <= allowed:
            shape = " of ".join(map(str, batch["input_ids"].shape))
            raise ModelError(
                f"models of the kind {model.config.model_type} cannot be traced: a batch of {shape} tokens is answered "
                "otherwise by the graph than by the model"
            )


def _batch(tokenizer: PreTrainedTokenizerBase, setup: TaskSetup, texts: int, share: float) -> Batch:
    """Return texts of random words, each shorter than the one before, with the inputs that the tokenizer makes."""
    parts, chance = len(setup.task.inputs), default_rng(texts)
    room = setup.spec.max_length - tokenizer.num_special_tokens_to_add(pair=parts > 1)
    words = max(parts, round(share * room))
    encoded = [
        tokenizer(
            *(_text(tokenizer, chance, max(1, words * (texts - number) // (texts * parts))) for _ in range(parts)),
            truncation="longest_first",
            max_length=setup.spec.max_length,
        )
        for number in range(texts)
    ]
    columns = {name: [inputs[name] for inputs in encoded] for name in MODEL_INPUTS if name in encoded[0]}
    return model_inputs(columns, cast(int, tokenizer.pad_token_id))


def _text(tokenizer: PreTrainedTokenizerBase, chance: Generator, words: int) -> str:
    """Return a text of random pieces of the tokenizer's vocabulary, about as many as asked for."""
    return str(tokenizer.decode(chance.integers(len(tokenizer), size=words).tolist(), skip_special_tokens=True))
