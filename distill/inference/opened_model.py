"""Open the model of a folder in the form that is asked for; torch is imported where that form needs it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from distill.inference import bundle
from distill.inference.array_runtime import ArrayRuntime, SessionRuntime
from distill.inference.bundle import Bundle
from distill.inference.folder_form import FolderForm, folder_form
from distill.inference.formats import TORCH, refuse_unknown
from distill.inference.plain_tokenizer import PlainTokenizer
from distill.models import length_limit
from distill.models.origins import locate

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class OpenedModel:
    """A model in memory, and what its folder says of it.

    Attributes:
        runtime: the model, with its task's head.
        tokenizer: its own.
        form: what it was made for.
        format: the form of it that answers: torch, onnx or onnx_int8.
        notes: what whoever asks has to know of it, each a sentence.
    """

    runtime: ArrayRuntime
    tokenizer: "PreTrainedTokenizerBase"
    form: FolderForm
    format: str = TORCH
    notes: tuple[str, ...] = ()


def open_model(
    folder: Path,
    format: str,
    *,
    name: str | None = None,
    max_length: int | None = None,
    threads: int | None = None,
    threshold: float | None = None,
) -> OpenedModel:
    """Open the model of a folder.

    Args:
        folder: exported by a run, the run's own, that of a stage, or any other of Hugging Face.
        format: torch, onnx or onnx_int8; ``auto`` takes the quickest that the folder's certificate names.
        name: the name of the task, for a folder that does not say.
        max_length: tokens of a text, for a folder that does not say.
        threads: threads of the CPU that the model is read with; as many as the library takes by itself, if not given.
        threshold: the probability above which one of several labels is given; as the folder says, if not given.

    Raises:
        ConfigError: there is no such format, or the task does not read a threshold.
        ModelError: it is no model folder, is not as it was exported, lacks the format, does not say what is needed and
            it is not given, or a text has no room between the special tokens.
    """
    opened = _opened(folder, format, name, max_length, threads)
    form = opened.form.with_threshold(threshold)
    parts = len(form.task.inputs)
    special = opened.tokenizer.num_special_tokens_to_add(pair=parts > 1)
    length_limit.refuse_no_room(form.spec.max_length, special, parts)
    return replace(opened, form=form)


def _opened(folder: Path, format: str, name: str | None, max_length: int | None, threads: int | None) -> OpenedModel:
    refuse_unknown(format)
    place = locate(str(folder))
    bundle.refuse_changed(Path(place).expanduser(), format)
    found = bundle.of(Path(place).expanduser(), format)
    chosen = TORCH if found is None else found.choose(format)
    if found is not None and chosen != TORCH:
        form = folder_form(found.folder, found.outputs, length_limit.limit(found.config.get), name, max_length)
        return _of_bundle(found, chosen, form, threads)
    bundle.refuse_without_torch(place, format)
    from distill.inference.torch_folder import open_folder  # torch and its friends take seconds

    opened = open_folder(place, name, max_length, threads)
    return OpenedModel(opened.runtime, opened.tokenizer, opened.form)


def _of_bundle(found: Bundle, chosen: str, form: FolderForm, threads: int | None) -> OpenedModel:
    """Open an ONNX file of an exported folder."""
    session = found.open(chosen, threads=threads)
    tokenizer = PlainTokenizer.read(found.folder, session.inputs, form.task.markers)
    runtime, doubt = SessionRuntime(session, form.outputs), found.doubt(chosen)
    known = cast("PreTrainedTokenizerBase", tokenizer)  # it has of it what tasks ask for
    return OpenedModel(runtime, known, form, chosen, () if doubt is None else (doubt,))
