"""A Hugging Face folder, and proof that it gives the same answers."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
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
    _in_float32(folder)
    tokenizer = loading.load_tokenizer(folder)
    tokenizer.model_max_length, tokenizer.padding_side = max_length, side
    tokenizer.save_pretrained(folder)
    loading.save_form(folder, form)
    writing = folder / "generation_config.json"
    if writing.is_file():  # whoever calls ``generate`` without a word writes as the student was scored
        settings = {**json.loads(writing.read_text(encoding="utf-8")), **form["generation"]}
        writing.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _in_float32(folder: Path) -> None:
    """Bring weights that were trained in double precision to float32, in which the model was scored."""
    for path in folder.glob("*.safetensors"):
        weights = load_file(path)
        if any(weight.dtype == torch.float64 for weight in weights.values()):
            single = {
                name: weight.float() if weight.is_floating_point() else weight for name, weight in weights.items()
            }
            save_file(single, path, {"format": "pt"})
            config = folder / "config.json"
            content = json.loads(config.read_text(encoding="utf-8"))
            config.write_text(json.dumps({**content, "dtype": "float32"}, indent=2) + "\n", encoding="utf-8")


def drift(exported: Tensor, expected: Tensor) -> float:
    """The largest difference of a logit.

    Raises:
        ModelError: it is more than rounding explains, or no number, so the folder is not the model that was scored.
    """
    worst = float((exported - expected).abs().max())
    if not worst <= _TOLERANCE:
        raise ModelError(f"the exported folder's logits differ by up to {worst:.3g} from the student's")
    return worst
