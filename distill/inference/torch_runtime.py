"""Run models of a Hugging Face folder with PyTorch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.inference.generation import write
from distill.inference.runtime import CPU, FinishedModel
from distill.models import loading
from distill.models.forward import outputs, select_columns
from distill.models.label_columns import columns_of_some, given_or_own_names, label_columns
from distill.models.sources import ModelRef, ModelSources
from distill.tasks.setup import TaskSetup
from distill.types import Batch, Outputs


class TorchRuntime:
    """A model of transformers in eval mode, which also gives hidden states."""

    def __init__(
        self, model: PreTrainedModel, columns: Sequence[int | None] | None = None, labels: Sequence[str] = ()
    ) -> None:
        """Put a model with a task head into eval mode, and keep the order of its outputs.

        Args:
            model: on the device where it shall answer.
            columns: ``columns[i]`` is the head's output for output ``i`` of the task; none takes them as they are.
            labels: names of the outputs in that order.
        """
        model.train(False)
        self.model, self.columns, self.labels = model, columns, tuple(labels)

    @classmethod
    def load(
        cls,
        folder: Path,
        head: str,
        tokenizer: PreTrainedTokenizerBase,
        *,
        columns: Sequence[int | None] | None = None,
        labels: Sequence[str] = (),
        dtype: torch.dtype = torch.float32,
        device: torch.device = CPU,
    ) -> "TorchRuntime":
        """Open a Hugging Face folder.

        Args:
            folder: the folder of a finished model.
            head: transformers' class, such as AutoModelForSequenceClassification.
            tokenizer: its own, from which it learns what padding is.
            columns: ``columns[i]`` is the head's output for output ``i`` of the task; none takes them as they are.
            labels: names of the outputs in that order.
            dtype: the dtype of the weights in memory.
            device: the device that the model is put on.

        Raises:
            ModelError: the folder is no whole model; see ``loading.load_model``.
        """
        model = loading.load_model(folder, head, tokenizer=tokenizer, dtype=dtype)
        model.to(device)  # type: ignore[arg-type]
        return cls(model, columns, labels)

    @property
    def name(self) -> str:
        """The folder that the model was loaded from."""
        return str(self.model.name_or_path)

    @property
    def device(self) -> torch.device:
        """The device that the model is on."""
        return self.model.device

    @property
    def parameters(self) -> int:
        """The number of weights of the model, tied ones once."""
        return loading.parameters(self.model)

    @property
    def bytes(self) -> int:
        """The size in bytes of the folder's safetensors."""
        return sum(path.stat().st_size for path in Path(self.name).glob("*.safetensors")) if self.name else 0

    @property
    def description(self) -> str:
        """The architecture by transformers' name, its depth and width."""
        config = self.model.config
        return f"{config.model_type}, {config.num_hidden_layers} layers of width {config.hidden_size}"

    def logits(self, batch: Batch) -> Tensor:
        """Return the head's logits in the order of the task's outputs."""
        return self.outputs(batch).logits

    def outputs(self, batch: Batch, *, hidden: bool = False) -> Outputs:
        """Return the logits, and with ``hidden`` the states of all layers; see ``models.forward.outputs``."""
        answer = outputs(self.model, batch, hidden=hidden)
        return replace(answer, logits=select_columns(answer.logits, self.columns))

    def generate(self, batch: Batch, settings: Mapping[str, int]) -> list[Tensor]:
        """Return the tokens ``[tokens]`` that the model writes after each input."""
        return write(self.model, batch, settings)


def output_columns(setup: TaskSetup, model: ModelRef) -> list[int] | None:
    """Return the model's outputs in the order of the task's; none where the head has no names of its own.

    Raises:
        ModelError: the model's labels are other ones.
    """
    if not setup.labels:
        return None
    names = setup.task.outputs(model.labels) if model.labels else []
    return label_columns(loading.configuration(model.folder), setup.outputs, names, subset=model.subset)


def partial_columns(setup: TaskSetup, model: ModelRef) -> Sequence[int | None] | None:
    """Return the model's outputs in the order of the task's, with none for those that it lacks.

    Raises:
        ModelError: the model's labels are other ones.
    """
    if not model.partial or not setup.labels:
        return output_columns(setup, model)
    given = setup.task.outputs(model.labels) if model.labels else []
    return columns_of_some(given_or_own_names(loading.configuration(model.folder), given), setup.outputs)


def finished_model(
    model: ModelRef, sources: ModelSources, setup: TaskSetup, dtype: torch.dtype = torch.float32
) -> FinishedModel:
    """Return a model of a run, to be asked as a model of its task.

    Args:
        model: names the Hugging Face folder.
        sources: knows the tokenizer of the model.
        setup: the task with its labels.
        dtype: the dtype of the weights in memory.
    """
    tokenizer = sources.tokenizer(model.folder)

    def opened(device: torch.device) -> TorchRuntime:
        columns = partial_columns(setup, model)
        return TorchRuntime.load(
            model.folder,
            setup.task.head,
            tokenizer,
            columns=columns,
            labels=setup.outputs,
            dtype=dtype,
            device=device,
        )

    return FinishedModel(str(model.folder), model.made_by, tokenizer, opened)
