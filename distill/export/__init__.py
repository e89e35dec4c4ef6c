"""Export the student as files that others can load: one file a format, and a line in the table.

Settings are checked against the table, so that importing it must not take the seconds that torch and its friends do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from distill.inference.runtime import Runtime
    from distill.tasks.setup import TaskSetup

EXPORTERS: Mapping[str, str] = {
    "huggingface": "distill.export.huggingface",
    "onnx": "distill.export.onnx",
}
"""Each format that a student can be exported in, and the module whose ``EXPORTER`` writes and opens it."""
BUNDLE = "huggingface"
"""The folder that holds all formats of an export: that of Hugging Face at its root, the others in folders of it."""


@dataclass(frozen=True)
class Source:
    """The parts that a format is made of.

    Attributes:
        model: the Hugging Face folder of the finished student, with its tokenizer.
        setup: the task with its labels and limits of length.
        form: what the exported model says that it was made for.
        card: the text of its README.md.
    """

    model: Path
    setup: "TaskSetup"
    form: Mapping[str, Any]
    card: str

    @property
    def side(self) -> str:
        """The side at which a batch is padded when the model is asked."""
        return "left" if self.setup.task.family == "decoder" else "right"


Write: TypeAlias = Callable[[Source, Path], None]
"""Writes the format into a folder that may be there already, with what other formats left in it."""
Open: TypeAlias = "Callable[[Path, TaskSetup, PreTrainedTokenizerBase, torch.device], Runtime]"
"""Opens what was written, to be asked on a device: batches are made by the tokenizer, and outputs come in the order of
the task's."""


@dataclass(frozen=True)
class Exporter:
    """The offer of a format's module, its ``EXPORTER``.

    Attributes:
        write: writes the format into a folder.
        open: opens what was written as a runtime.
        tolerance: the largest difference of a logit from the student's with which the export is accepted.
        place: the folder of the format inside the bundle.
        tokenizer: the folder of the tokenizer that it is asked with, seen from there.
    """

    write: Write
    open: Open
    tolerance: float
    place: str = "."
    tokenizer: str = "."


def exporter(name: str) -> Exporter:
    """Return a format by its name."""
    return cast(Exporter, import_module(EXPORTERS[name]).EXPORTER)
