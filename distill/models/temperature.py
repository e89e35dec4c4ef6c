"""Divide the logits of a finished model by a temperature for good, by its head's weights."""

import shutil
from pathlib import Path

from torch import nn
from transformers import PretrainedConfig

from distill.errors import ModelError
from distill.models import loading
from distill.models.on_meta import build_on_meta


def fold(source: Path, folder: Path, head: str, temperature: float) -> None:
    """Write a model's folder again, with the weights and the bias of its last layer divided by a temperature.

    A layer that is linear gives then what it gave, divided: no decision changes, and whatever runs the model, here or
    elsewhere, has to know nothing of it.

    Args:
        source: the Hugging Face folder of the finished model.
        folder: takes the copy.
        head: the name of transformers' class, such as AutoModelForSequenceClassification.
        temperature: above 0.

    Raises:
        ModelError: its logits do not come from a linear layer that is stored as one.
    """
    from safetensors.torch import load_file, save_file

    shutil.copytree(source, folder, dirs_exist_ok=True)
    layer = head_layer(loading.configuration(source), head)
    left = {f"{layer}.weight", f"{layer}.bias"}
    for path in folder.glob("*.safetensors"):
        weights = load_file(path)
        if there := left & weights.keys():
            save_file({**weights, **{name: weights[name] / temperature for name in there}}, path, {"format": "pt"})
            left -= there
    if f"{layer}.weight" in left:
        raise ModelError(f"{source} keeps the weights of its head under another name than {layer}")


def head_layer(config: PretrainedConfig, head: str) -> str:
    """Return the name of the linear layer that gives a model's logits.

    Raises:
        ModelError: there is none.
    """
    model = build_on_meta(config, head)
    layers: list[str] = [name for name, layer in model.named_modules() if _gives(layer, int(config.num_labels or 0))]
    if not layers:
        raise ModelError(f"the logits of {config.model_type} do not come from one linear layer")
    return layers[-1]


def _gives(layer: nn.Module, outputs: int) -> bool:
    return isinstance(layer, nn.Linear) and layer.out_features == outputs
