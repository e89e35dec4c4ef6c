"""The objective for a training loop of one's own, over any two models of transformers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import torch
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ConfigError, ModelError
from distill.models.forward import outputs
from distill.models.model_shape import model_shape
from distill.objective.build import build_objective
from distill.objective.objective import Objective
from distill.objective.plain_settings import SharedSettings, TermSettings, terms_config
from distill.types import Batch, Kind, ModelShape, Outputs


def make_objective(
    terms: Mapping[str, TermSettings],
    student: PreTrainedModel | PretrainedConfig,
    teacher: PreTrainedModel | PretrainedConfig,
    *,
    kind: Kind = "class",
    temperature: float = 2.0,
    temperature_schedule: Mapping[str, object] | None = None,
    shares: Mapping[str, float] | None = None,
    shares_every: int = 50,
    class_weights: Sequence[float] | None = None,
) -> Objective:
    """Make the weighted sum of terms that a student is trained on, for two models of any widths and depths.

    Args:
        terms: name of a term to its weight, or to its settings: ``{"hard": 1.0, "hidden": {"weight": 0.5, "layer_map":
            "last"}}``. Names and settings are those of ``distill.NAME`` in a run; a term that is not named is left out.
        student: the model that learns, or its configuration; widths, layers and heads are read from it.
        teacher: likewise.
        kind: what a row of logits is: scores of ``class``es that exclude each other, of ``labels`` that do not, or one
            ``score``.
        temperature: what logits are divided by in every term that softens them.
        temperature_schedule: how it moves over training, such as ``{"kind": "linear", "end": 1.0}``.
        shares: each term's share of the gradient, in place of the weights: see ``GradientBalancer``.
        shares_every: optimiser steps from one measurement of the gradients to the next.
        class_weights: what each class counts in ``hard``; none where all count alike.

    Returns:
        A module, whose parameters (projections between widths) must be given to the optimiser, too.

    Raises:
        ConfigError: a setting is unknown or not allowed.
        ModelError: layers or heads of the settings do not fit the models.
    """
    if kind not in get_args(Kind):
        raise ConfigError(f"kind={kind}: allowed is {', '.join(get_args(Kind))}")
    shared = SharedSettings(temperature, temperature_schedule or {}, shares or {}, shares_every)
    section = terms_config(terms, shared, kind)
    return build_objective(section, kind, _shape(student), _shape(teacher), class_weights)


def _shape(model: PreTrainedModel | PretrainedConfig) -> ModelShape:
    """Read what terms must know of a model."""
    return model_shape(model if isinstance(model, PretrainedConfig) else model.config)


def forward_models(
    objective: Objective, student: PreTrainedModel, teacher: PreTrainedModel, batch: Batch, rows: Tensor | None = None
) -> tuple[Outputs, Outputs]:
    """Ask student and teacher about a batch for what an objective reads, and no more.

    Args:
        objective: whose terms say what is read.
        student: answers with a gradient.
        teacher: answers without one; it must be in evaluation mode.
        batch: ``input_ids`` and ``attention_mask`` ``[batch, tokens]``, with ``token_type_ids`` where models read them.
            Where the teacher reads other tokens, its inputs are there, too, as ``teacher_input_ids`` and so on.
        rows: which logits are compared, of a head that scores every token: a mask ``[batch, tokens]``, for both models.

    Returns:
        The outputs of both, with logits ``[rows, classes]``.

    Raises:
        ModelError: the teacher is in training mode, the batch has no mask, or what a term reads cannot be found in a
            model.
    """
    if teacher.training:
        raise ModelError(
            "the teacher is in training mode, so that its dropout would be learnt, too: call .eval() on it"
        )
    if "attention_mask" not in batch:
        raise ModelError("the batch has no attention_mask, which says what is padding")
    needs = objective.needs
    answers = outputs(
        student,
        batch,
        hidden="student_hidden" in needs,
        attentions="student_attentions" in needs,
        qkv="student_qkv" in needs,
    )
    with torch.no_grad():
        targets = outputs(
            teacher,
            batch,
            hidden="teacher_hidden" in needs,
            attentions="teacher_attentions" in needs,
            qkv="teacher_qkv" in needs,
            prefix="teacher_" if "teacher_input_ids" in batch else "",
        )
    if rows is None:
        return answers, targets
    return replace(answers, logits=answers.logits[rows]), replace(targets, logits=targets.logits[rows])
