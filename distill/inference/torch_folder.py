"""Open any Hugging Face folder with PyTorch and transformers, to be asked for predictions."""

from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerBase

from distill.inference.folder_form import FolderForm, folder_form
from distill.inference.torch_arrays import TensorRuntime
from distill.inference.torch_runtime import TorchRuntime
from distill.models import checkpoint_validation, loading
from distill.models.label_columns import label_columns, output_names

TEXTS = "AutoModelForSequenceClassification"
"""The head whose outputs are labels of texts, or their score."""


@dataclass(frozen=True)
class TorchFolder:
    """A model in the memory of PyTorch, with its tokenizer and what it was made for."""

    runtime: TensorRuntime
    tokenizer: PreTrainedTokenizerBase
    form: FolderForm


def open_folder(place: str, name: str | None, max_length: int | None, threads: int | None = None) -> TorchFolder:
    """Open a Hugging Face folder, on the GPU where there is one.

    Args:
        place: the folder, or a name on the hub.
        name: the name of the task, for a folder that does not say.
        max_length: tokens of a text, for a folder that does not say.
        threads: threads of the CPU of this process, for all that PyTorch does; as they are, if not given.

    Raises:
        ModelError: it is no model folder, or does not say what is needed and it is not given.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    folder = loading.resolve(place)
    config = loading.configuration(folder)
    form = folder_form(folder, output_names(config), loading.bound(config), name, max_length)
    module = form.task
    tokenizer = loading.load_tokenizer(folder, module.markers, form.name if module.windows else None)
    way_out = "give a folder that was saved after fine-tuning, such as one that a run exported"
    checkpoint_validation.inspect(folder, config, module.head, tokenizer, finished=True, labels=False, way_out=way_out)
    if module.head == TEXTS:
        checkpoint_validation.refuse_other_outputs(folder, config, module.kind)
    columns = label_columns(config, form.outputs, []) if form.spec.labels else None
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    outputs = module.outputs(form.spec.labels)
    runtime = TorchRuntime.load(folder, module.head, tokenizer, columns=columns, labels=outputs, device=device)
    return TorchFolder(TensorRuntime(runtime), tokenizer, form)
