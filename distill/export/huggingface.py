"""A Hugging Face folder, and proof that it gives the same answers."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from distill.errors import ModelError
from distill.models import loading

_TOLERANCE = 1e-3
"""Largest difference of a logit: batches padded otherwise round otherwise."""


def write(model: Path, folder: Path, max_length: int, form: Mapping[str, Any], side: str = "right") -> None:
    """Copy a model folder, with a tokenizer that knows the length limit, and the task's ``form`` for predictions.

    The tokenizer fills up a batch at the ``side`` at which the model was scored: who asks it with transformers alone
    gets the same answers.
    """
    shutil.copytree(model, folder, dirs_exist_ok=True)
    tokenizer = loading.tokenizer(folder)
    tokenizer.model_max_length, tokenizer.padding_side = max_length, side
    tokenizer.save_pretrained(folder)
    loading.save_form(folder, form)
    writing = folder / "generation_config.json"
    if writing.is_file():  # whoever calls ``generate`` without a word writes as the student was scored
        settings = {**json.loads(writing.read_text(encoding="utf-8")), **form["generation"]}
        writing.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def drift(exported: Tensor, expected: Tensor) -> float:
    """The largest difference of a logit.

    Raises:
        ModelError: it is more than rounding explains, so the folder is not the model that was scored.
    """
    worst = float((exported - expected).abs().max())
    if worst > _TOLERANCE:
        raise ModelError(f"the exported folder's logits differ by up to {worst:.3g} from the student's")
    return worst
