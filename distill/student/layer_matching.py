"""Which layers of two models are most alike, by what they make of some texts of train."""

import logging

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.data.batching import Place
from distill.models.layers import in_order
from distill.models.numbers import finite
from distill.models.teacher import outputs
from distill.objective import losses
from distill.objective.declaration import LayersConfig
from distill.objective.settings import active
from distill.pipeline.context import Builder
from distill.types import Batch

log = logging.getLogger(__name__)

_TOKENS = 4096
"""Tokens that are looked at: several times as many as states are wide, and still in memory with all layers."""
_AT_ONCE = 16


def asked(build: Builder) -> list[str]:
    """The active terms whose layers are to be picked."""
    found = active(build.config.distill).items()
    return [name for name, term in found if isinstance(term, LayersConfig) and term.layer_map == "auto"]


def match_layers(
    build: Builder, student: PreTrainedModel, teacher: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> list[int]:
    """The teacher's layer for each layer of a student that reads the same tokens, found by rank 0 for all.

    The layers with the most linear centred kernel alignment of token states (Kornblith et al. 2019,
    https://arxiv.org/abs/1905.00414) on some texts of train, in their order: the same whenever it is asked.

    Raises:
        ModelError: the teacher has fewer layers than the student, or states are no finite numbers.
    """

    def pick() -> list[int]:
        batches = sample(build, tokenizer)
        mine, theirs = (_states(model, batches) for model in (student, teacher))
        real = torch.ones(1, len(mine[0]), dtype=torch.bool)
        alike = [[_alignment(one, other, real) for other in theirs] for one in mine]
        layers = in_order(alike)
        said = ", ".join(f"{own}:{other} ({alike[own][other]:.2f})" for own, other in enumerate(layers))
        log.info("distill: layers student:teacher by alignment: %s", said)
        return layers

    return build.ranks.first(pick)


def sample(build: Builder, tokenizer: PreTrainedTokenizerBase) -> list[Batch]:
    """Some batches of train, on the CPU, drawn by the seed alone."""
    rows = build.data.splits["train"]
    order = np.random.default_rng(build.config.seed).permutation(len(rows))
    collate, batches, tokens = build.collate(tokenizer), [], 0
    for start in range(0, len(order), _AT_ONCE):
        features = build.encoded(rows.select(order[start : start + _AT_ONCE]), tokenizer)
        batches.append(collate(features[:], Place(())))
        tokens += int(batches[-1]["attention_mask"].sum())
        if tokens >= _TOKENS:
            break
    return batches


@torch.no_grad()
def _states(model: PreTrainedModel, batches: list[Batch]) -> list[Tensor]:
    """What each layer makes of the tokens that are no padding, ``[tokens, width]``."""
    trains = model.training
    model.train(False)
    answers = [outputs(model, batch, hidden=True) for batch in batches]
    model.train(trains)
    real = [batch["attention_mask"].bool() for batch in batches]
    return [
        finite(
            torch.cat([answer.hidden[layer][mask] for answer, mask in zip(answers, real, strict=True)]),
            str(model.name_or_path) or "the student",
        )
        for layer in range(1, len(answers[0].hidden))
    ]


def _alignment(one: Tensor, other: Tensor, real: Tensor) -> float:
    unlike, count = losses.cka(one[None], other[None], real)
    return 1 - float(unlike / count)
