"""Find the models of a run: checkpoints that the settings name, and models that stages make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from transformers import PretrainedConfig, PreTrainedTokenizerBase

from distill.base.files import folder_checksum
from distill.base.per_object_cache import cached_method
from distill.models import loading

TEACHER_CHECKPOINT, STUDENT_CHECKPOINT = "teacher_checkpoint", "student_checkpoint"
PRETRAINING_TEACHER = "pretraining_teacher"
"""The input that holds the model from which another learns while it is pretrained."""
ANSWERS = "answers"
"""The input that holds a teacher which is a file of answers."""
BESIDE = "beside"
"""What begins the name of an input that holds a finished model of another run: ``beside:NAME``."""
CHECKPOINTS = (TEACHER_CHECKPOINT, STUDENT_CHECKPOINT, PRETRAINING_TEACHER, ANSWERS, BESIDE)
"""Inputs that no stage makes: folders of the user or the hub, or a file of answers."""


def is_checkpoint(name: str) -> bool:
    """Return whether an input is one that no stage makes, whichever teacher or model it is of."""
    return name.partition(":")[0] in CHECKPOINTS


def is_beside(name: str) -> bool:
    """Return whether an input is a finished model of another run."""
    return name.startswith(f"{BESIDE}:")


@dataclass(frozen=True)
class ModelRef:
    """A finished model of a run.

    Attributes:
        folder: the Hugging Face folder, with the tokenizer.
        made_by: the fingerprint or digest that stands for its weights in the identity of its outputs.
        labels: the names of its outputs, where its folder does not name them.
        subset: whether it may have more outputs than the data has labels.
        partial: whether it may lack outputs for labels of the data, which it then never gives.
    """

    folder: Path
    made_by: str
    labels: tuple[str, ...] = ()
    subset: bool = False
    partial: bool = False


@dataclass(frozen=True, eq=False)
class ModelSources:
    """The folders of all models that a run reads, and their tokenizers.

    Attributes:
        checkpoints: for each input, the folder that the settings name for it.
        markers: the tokens of the task that a tokenizer must know.
        windows_of: the task that reads long texts in windows, which asks more of a tokenizer; none for others.
        labels: names of the teacher checkpoint's outputs, where its folder does not name them.
        subset: whether the teacher checkpoint may have more outputs than the data has labels.
        answers: the digest of a teacher's answers that come from a file; empty where it is a model.
        beside: input of each finished model of another run to the names of its outputs; empty where its folder names
            them.
    """

    checkpoints: Mapping[str, Path]
    markers: tuple[str, ...] = ()
    windows_of: str | None = None
    labels: Sequence[str] = ()
    subset: bool = False
    answers: str = ""
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def configurations(self) -> dict[str, PretrainedConfig]:
        """Return the configurations of the checkpoints, by input.

        Raises:
            ModelError: one cannot be read.
        """
        return {name: loading.configuration(folder) for name, folder in self.checkpoints.items()}

    @cached_method
    def content(self, name: str) -> str:
        """Return the digest of a checkpoint, or of answers, that stands for it in fingerprints."""
        if name == ANSWERS:
            return self.answers
        return folder_checksum(self.checkpoints[name], loading.FILES)

    def folder(self, name: str, inputs: Mapping[str, Path]) -> Path:
        """Return the Hugging Face folder of an input: a checkpoint, or the model that a stage has made."""
        return self.checkpoints[name] if is_checkpoint(name) else inputs[name] / "model"

    def model(self, name: str, inputs: Mapping[str, Path]) -> ModelRef:
        """Return the finished model of an input."""
        made_by = inputs[name].name if name in inputs else self.content(name)
        if name == ANSWERS:
            return ModelRef(Path(ANSWERS), made_by)
        if name in self.beside:
            return ModelRef(self.folder(name, inputs), made_by, tuple(self.beside[name]), subset=True, partial=True)
        if name != TEACHER_CHECKPOINT:
            return ModelRef(self.folder(name, inputs), made_by)
        return ModelRef(self.folder(name, inputs), made_by, tuple(self.labels), self.subset)

    def tokenizer(self, folder: Path) -> PreTrainedTokenizerBase:
        """Return a model's tokenizer, with the marker tokens of the task.

        Raises:
            ModelError: it cannot do what the task asks of it.
        """
        return loading.load_tokenizer(folder, self.markers, self.windows_of)
