"""A Hugging Face folder, and proof that it gives the same scores."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import pipeline

from distill.errors import ModelError
from distill.models import loading

_TOLERANCE = 1e-3
"""Largest difference of a logit: batches padded otherwise round otherwise."""


def write(model: Path, folder: Path, max_length: int) -> None:
    """Copy a model folder, with a tokenizer that knows the length limit."""
    shutil.copytree(model, folder, dirs_exist_ok=True)
    tokenizer = loading.tokenizer(folder)
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(folder)


def classify(folder: Path, texts: Sequence[str], labels: Sequence[str], batch_size: int) -> Tensor:
    """The logits ``[texts, labels]`` that a user of ``transformers.pipeline`` gets from the folder."""
    user = pipeline("text-classification", model=str(folder), device="cpu")
    answers: Any = user(list(texts), truncation=True, top_k=None, function_to_apply="none", batch_size=batch_size)
    by_name = ({str(entry["label"]): float(entry["score"]) for entry in answer} for answer in answers)
    return torch.tensor([[scores[label] for label in labels] for scores in by_name])


def drift(exported: Tensor, expected: Tensor) -> float:
    """The largest difference of a logit.

    Raises:
        ModelError: it is more than rounding explains, so the folder is not the model that was scored.
    """
    worst = float((exported - expected).abs().max())
    if worst > _TOLERANCE:
        raise ModelError(f"the exported folder's logits differ by up to {worst:.3g} from the student's")
    return worst
