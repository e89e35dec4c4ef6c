"""Export the student as files that others can load: one file a format, and a line in the table.

Settings are checked against the table, so that importing it must not take the seconds that torch and its friends do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

    from distill.inference.runtime import Runtime
    from distill.tasks.setup import TaskSetup

EXPORTERS: Mapping[str, str] = {
    "huggingface": "distill.export.huggingface",
    "onnx": "distill.export.onnx",
    "onnx_int8": "distill.export.onnx_int8",
}
"""Each format that a student can be exported in, and the module whose ``EXPORTER`` writes and opens it."""
BUNDLE = "student"
"""The folder that holds all formats of an export: that of Hugging Face at its root, the others in folders of it."""
ROOT = "huggingface"
"""The format at the root of the bundle, whose tokenizer the others are asked with: no export is without it."""
BROUGHT_BY = {"onnx": "distill", "onnxruntime": "distill[serve]"}
"""What to install for a package that a format takes, and that an install may be without."""
INT8 = ("static", "dynamic")
"""How a model in 8 bits rounds activations: by ranges that calibration rows gave, or by those of a batch."""
FEWEST_ROWS = 8
"""The number of rows of train below which no range of a static model in 8 bits is trusted."""

EncodedRow: TypeAlias = "Mapping[str, NDArray[Any]]"
"""The model's inputs for one row of the data alone, each ``[1, tokens]``, without padding."""


def _no_rows() -> "Sequence[EncodedRow]":
    return ()


def _accepts(folder: Path) -> str | None:
    return None


@dataclass(frozen=True)
class Source:
    """The parts that a format is made of.

    Attributes:
        model: the Hugging Face folder of the finished student, with its tokenizer.
        setup: the task with its labels and limits of length.
        form: what the exported model says that it was made for.
        calibration: gives rows of train as the student reads them, the same in every try, for a format whose rounding
            is measured.
        accept: tells why what a format has written into its folder is not as good as the student on validation, or none
            where it is; a format that has another way tries it then.
        int8: how a format of 8 bits rounds activations, one of ``INT8``.
    """

    model: Path
    setup: "TaskSetup"
    form: Mapping[str, Any]
    calibration: "Callable[[], Sequence[EncodedRow]]" = _no_rows
    accept: Callable[[Path], str | None] = _accepts
    int8: str = INT8[0]

    @property
    def side(self) -> str:
        """The side at which a batch is padded when the model is asked."""
        return "left" if self.setup.task.family == "decoder" else "right"


Write: TypeAlias = Callable[[Source, Path], None]
"""Writes the format into a folder that may be there already, with what other formats left in it."""
Open: TypeAlias = "Callable[[Path, TaskSetup, PreTrainedTokenizerBase, torch.device], Runtime]"
"""Opens what was written, to be asked on a device: batches are made by the tokenizer, and outputs come in the order of
the task's."""
Refuses: TypeAlias = "Callable[[TaskSetup], str | None]"
"""Tells why a task cannot have the format, as the end of a sentence; none where it can. Labels may be missing."""
RefuseArchitecture: TypeAlias = "Callable[[PretrainedConfig, TaskSetup, PreTrainedTokenizerBase], None]"
"""Raises a ``ModelError`` where models of an architecture cannot be written, which takes a second to find out."""
Facts: TypeAlias = Callable[[Path], Mapping[str, Any]]
"""Reads from the format's folder what only it knows: ``saturation`` and ``kept_in_fp32`` of the certificate."""


def _refuses_none(setup: "TaskSetup") -> str | None:
    return None


def _has_all(config: "PretrainedConfig", setup: "TaskSetup", tokenizer: "PreTrainedTokenizerBase") -> None:
    return None


def _no_facts(folder: Path) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Exporter:
    """The offer of a format's module, its ``EXPORTER``.

    Attributes:
        write: writes the format into a folder.
        open: opens what was written as a runtime.
        tolerance: the largest difference of a logit from the student's with which the export is accepted; none where
            its answers alone decide, as they do of a model that is rounded.
        place: the folder of the format inside the bundle.
        tokenizer: the folder of the tokenizer that it is asked with, seen from there.
        file: the one file of the format in its folder; none where all files of the folder are its own.
        refuses: tells why a task cannot have it.
        refuse_architecture: refuses an architecture that cannot have it, before anything is trained.
        facts: reads what only the format knows of itself.
        packages: what has to be installed to write and open it, beside PyTorch and transformers.
    """

    write: Write
    open: Open
    tolerance: float | None
    place: str = "."
    tokenizer: str = "."
    file: str | None = None
    refuses: Refuses = _refuses_none
    refuse_architecture: RefuseArchitecture = _has_all
    facts: Facts = _no_facts
    packages: tuple[str, ...] = ()

    @property
    def rounds(self) -> bool:
        """Return whether the format rounds weights, so that it may answer otherwise than the student."""
        return self.tolerance is None

    def files(self, folder: Path) -> list[Path]:
        """Return the files of the format in its folder, which may hold those of others."""
        names = [folder / self.file] if self.file else sorted(folder.iterdir())
        return [path for path in names if path.is_file()]


def exporter(name: str) -> Exporter:
    """Return a format by its name."""
    return cast(Exporter, import_module(EXPORTERS[name]).EXPORTER)


def possible(setup: "TaskSetup") -> list[str]:
    """Return the names of the formats that a task can have, in the order of the table."""
    return [name for name in EXPORTERS if exporter(name).refuses(setup) is None]


def missing_package(name: str) -> str | None:
    """Return why a format cannot be written by this installation, as the end of a sentence; none where it can."""
    for package in exporter(name).packages:
        if find_spec(package) is None:
            return f"{name} needs {package}, which is not installed; pip install '{BROUGHT_BY[package]}' brings it"
    return None
