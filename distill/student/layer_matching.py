"""Match the layers of two models that are most alike, by their states on some training texts."""

import logging
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from distill.base.layer_maps import in_order
from distill.models.finite_values import require_finite
from distill.models.forward import outputs
from distill.objective import losses
from distill.types import Batch

log = logging.getLogger(__name__)


def match_layers(
    student: PreTrainedModel,
    teacher: PreTrainedModel,
    batches: Sequence[Batch],
    teacher_batches: Sequence[Batch] | None = None,
) -> list[int]:
    """Return the teacher's layer for each layer of a student that reads the same tokens.

    The layers with the most linear centred kernel alignment of token states (Kornblith et al. 2019,
    https://arxiv.org/abs/1905.00414), in their order: the same whenever it is asked.

    Args:
        student: the student before training.
        teacher: a model with at least as many layers.
        batches: some training texts.
        teacher_batches: the same, where the teacher numbers the same tokens otherwise.

    Raises:
        ModelError: the teacher has fewer layers than the student, or states are not finite.
    """
    student_states = _states(student, batches)
    teacher_states = _states(teacher, batches if teacher_batches is None else teacher_batches)
    mask = torch.ones(1, len(student_states[0]), dtype=torch.bool)
    alignment = [[_alignment(states, target, mask) for target in teacher_states] for states in student_states]
    layers = in_order(alignment)
    pairs = ", ".join(f"{layer}:{match} ({alignment[layer][match]:.2f})" for layer, match in enumerate(layers))
    log.info("distill: layers student:teacher by alignment: %s", pairs)
    return layers


@torch.no_grad()
def _states(model: PreTrainedModel, batches: Sequence[Batch]) -> list[Tensor]:
    """Return each layer's states of the tokens that are no padding, ``[tokens, width]``."""
    trains = model.training
    model.train(False)
    answers = [outputs(model, batch, hidden=True) for batch in batches]
    model.train(trains)
    real = [batch["attention_mask"].bool() for batch in batches]
    return [
        require_finite(
            torch.cat([answer.hidden[layer][mask] for answer, mask in zip(answers, real, strict=True)]),
            str(model.name_or_path) or "the student",
        )
        for layer in range(1, len(answers[0].hidden))
    ]


def _alignment(student: Tensor, teacher: Tensor, mask: Tensor) -> float:
    distance, count = losses.cka(student[None], teacher[None], mask)
    return 1 - float(distance / count)
