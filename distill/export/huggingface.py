"""Export a Hugging Face folder: the student's own, made ready for users of transformers alone."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.base.disk import as_new
from distill.base.segmentation import WORD_PATTERN
from distill.export import Exporter, Source
from distill.tasks.word_pieces import word_prefix

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from distill.inference.torch_runtime import TorchRuntime
    from distill.tasks.setup import TaskSetup


def write(source: Source, folder: Path) -> None:
    """Write the model's folder, with a tokenizer that knows the length limit, and the task's form.

    The tokenizer fills up a batch at the side at which the model was scored: who asks it with transformers alone gets
    the same answers.
    """
    from distill.models import loading

    shutil.copytree(source.model, folder, dirs_exist_ok=True)
    _in_float32(folder)
    tokenizer = loading.load_tokenizer(folder)
    tokenizer.model_max_length, tokenizer.padding_side = source.setup.spec.max_length, source.side
    tokenizer.save_pretrained(folder)
    loading.save_form(folder, _form(source, tokenizer))
    writing = folder / "generation_config.json"
    if writing.is_file():  # whoever calls ``generate`` without a word writes as the student was scored
        settings = {**json.loads(writing.read_text(encoding="utf-8")), **source.form["generation"]}
        writing.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    as_new(folder)


def _form(source: Source, tokenizer: "PreTrainedTokenizerBase") -> Mapping[str, Any]:
    """Return what the folder says of itself, with what the task's answers are read by outside of this package."""
    task, form = source.setup.task, dict(source.form)
    if task.kind != "labels":
        form.pop("threshold", None)
    if task.markers:
        form["markers"] = list(task.markers)
    if "texts" in task.inputs.values():
        form |= {"word_prefix": word_prefix(tokenizer), "word_pattern": WORD_PATTERN}
    return form


def opened(
    folder: Path, setup: "TaskSetup", tokenizer: "PreTrainedTokenizerBase", device: "torch.device"
) -> "TorchRuntime":
    """Open the folder as its users will, its outputs matched with the task's by their names.

    Raises:
        ModelError: they have other names, or it is no whole model.
    """
    from distill.inference.torch_runtime import TorchRuntime, output_columns
    from distill.models.sources import ModelRef

    columns = output_columns(setup, ModelRef(folder, ""))
    return TorchRuntime.load(folder, setup.task.head, tokenizer, columns=columns, labels=setup.outputs, device=device)


def _in_float32(folder: Path) -> None:
    """Convert weights that were trained in double precision to float32, in which the model was scored."""
    import torch
    from safetensors.torch import load_file, save_file

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


EXPORTER = Exporter(write, opened, tolerance=1e-3)  # batches padded otherwise round otherwise
