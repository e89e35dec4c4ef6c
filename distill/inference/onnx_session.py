"""Ask an exported ONNX graph for its logits, with ONNX Runtime and NumPy alone."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distill.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

LOGITS = "logits"
"""The output that every exported graph has."""
OUTPUTS, PARAMETERS, DESCRIPTION, STUDENT = "outputs", "parameters", "description", "student"
"""What the metadata of a graph calls the names of its outputs, its number of weights, its architecture, and the SHA-256
of the ``model.safetensors`` that it was made of."""
_OPTIONAL = "token_type_ids"
"""The input that a tokenizer may leave away, which stands for zeros."""
_ONLY_FATAL = 4
"""The level of ONNX Runtime's own log: what fails is raised, too, and need not stand on the console as well."""


class OnnxSession:
    """An ONNX graph in the memory of ONNX Runtime, on the CPU."""

    def __init__(self, path: Path, session: "InferenceSession") -> None:
        """Keep the session of a graph; see ``open``."""
        self.path, self.session = path, session
        self.inputs = tuple(str(each.name) for each in session.get_inputs())

    @classmethod
    def open(cls, path: Path, *, threads: int | None = None) -> "OnnxSession":
        """Open a file of one graph, whose weights are in it.

        Args:
            path: the file, such as ``onnx/model.onnx`` of an exported folder.
            threads: threads that work on one operator; ONNX Runtime takes one for each core by default.

        Raises:
            ModelError: there is no such file, it is none of a task head, or ONNX Runtime is not installed.
        """
        if not path.is_file():
            raise ModelError(f"{path} is no file: give a folder that was exported with this format")
        session = cls(path, _opened(path, threads))
        if LOGITS not in {each.name for each in session.session.get_outputs()}:
            raise ModelError(f"{path} has no output named {LOGITS}: give a folder that was exported with this format")
        return session

    @cached_property
    def metadata(self) -> Mapping[str, str]:
        """Return what the exporter wrote into the file: names of outputs, versions, the architecture."""
        return dict(self.session.get_modelmeta().custom_metadata_map)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Return the names of the outputs, in the order of the last axis of the logits; empty where it has none.

        Raises:
            ModelError: what the file says of them is no list of names.
        """
        try:
            names = json.loads(self.metadata.get(OUTPUTS, "[]"))
        except ValueError:
            names = None
        if not isinstance(names, list):
            raise ModelError(f"{self.path}: its metadata says no names of outputs; give the file as it was exported")
        return tuple(map(str, names))

    def run(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Return the logits of a batch.

        Args:
            batch: whole numbers ``[batch, tokens]`` for each of ``inputs``, and whatever else, which is not read;
                ``token_type_ids`` may be missing, and are zeros then.

        Returns:
            ``[batch, outputs]``, ``[batch, tokens, outputs]`` where each token has its own, or ``[batch, tokens, 2]``
            for the start and end of an answer.

        Raises:
            ModelError: an input is missing, or the graph cannot read what was given.
        """
        if missing := [name for name in self.inputs if name not in batch and name != _OPTIONAL]:
            raise ModelError(f"{self.path} reads {' and '.join(missing)}, which the tokenizer does not give")
        zeros = np.zeros_like(batch["input_ids"], dtype=np.int64)
        given = {name: np.ascontiguousarray(batch.get(name, zeros), dtype=np.int64) for name in self.inputs}
        try:
            (logits,) = self.session.run([LOGITS], given)
        except Exception as error:  # the library raises nothing narrower
            raise ModelError(
                f"{self.path} does not answer ({_message(error)}): its tokenizer seems to be of another model"
            ) from error
        return np.asarray(logits, dtype=np.float32)


def _opened(path: Path, threads: int | None) -> "InferenceSession":
    try:
        from onnxruntime import InferenceSession, SessionOptions
    except ImportError as error:
        raise ModelError(
            f"{path} is opened by onnxruntime, which is not installed; pip install 'distill[serve]' brings it"
        ) from error
    options = SessionOptions()
    options.log_severity_level = _ONLY_FATAL
    options.enable_mem_pattern = False  # it keeps a plan for every shape that was met, and shapes never end
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(
            f"{path} is no graph that ONNX Runtime opens ({_message(error)}); export it again, or copy it again"
        ) from error


def _message(error: Exception) -> str:
    """Return the first line of an error of ONNX Runtime, without its number."""
    return str(error).strip().splitlines()[0].split(" : ")[-1].strip() if str(error).strip() else type(error).__name__
