"""What is to be served, checked before the server listens: whole as it was exported, and in a form for this machine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from distill.base import processor
from distill.errors import ConfigError, ModelError
from distill.inference import bundle
from distill.inference.bundle import Bundle
from distill.inference.folder_form import folder_form
from distill.inference.formats import AUTO, FILES, TORCH
from distill.inference.predictor import Predictor
from distill.models import length_limit
from distill.models.origins import locate
from distill.serving.service import Description

_ALL = 1_000_000
"""Texts that the predictor may read at once: the server makes the batches."""


@dataclass(frozen=True)
class Opening:
    """A model that can be loaded.

    Attributes:
        description: what is known of it.
        load: loads it.
        notes: what whoever starts the server has to know of it, each a sentence.
    """

    description: Description
    load: Callable[[], Predictor]
    notes: tuple[str, ...] = ()


def opening(
    model: Path,
    wanted: str,
    task: str | None = None,
    max_length: int | None = None,
    threads: int | None = None,
    threshold: float | None = None,
) -> Opening:
    """Return what is to be loaded, without loading it.

    Args:
        model: the folder of a model, or of a run.
        wanted: the format that is asked for.
        task: what it predicts, for a folder that does not say.
        max_length: tokens of a text, for a folder that does not say.
        threads: threads that the model is read with; one for each core that this process may use, but one for the
            requests, if not given.
        threshold: the probability above which a label is given, where a text may have several; as the folder says, if
            not given.

    Raises:
        ConfigError: there are more threads than cores, or the task does not read a threshold.
        ModelError: it is no model folder, a file of it has changed since its export, it lacks the format, or the
            format's certificate does not hold on this processor.
    """
    cores = processor.cores()
    if threads is not None and threads > cores:
        raise ConfigError(f"threads={threads}: allowed is {processor.threads_allowed()}")
    folder = Path(locate(str(model))).expanduser()
    if not folder.is_dir():
        raise ModelError(f"model={model}: there is no such folder")
    bundle.refuse_changed(folder, wanted)
    found = Bundle.read(folder)
    chosen = _chosen(found, wanted)
    form = folder_form(folder, found.outputs, length_limit.limit(found.config.get), task, max_length).with_threshold(
        threshold
    )
    about = Description(folder.name, form.name, form.task, chosen, form.spec.labels)
    some = threads or max(1, cores - 1)
    opened = partial(
        Predictor.load,
        folder,
        task=task,
        max_length=max_length,
        batch_size=_ALL,
        format=chosen,
        threads=some,
        threshold=threshold,
    )
    return Opening(about, opened, tuple(_notes(found, chosen)) if wanted == AUTO else ())


def _notes(found: Bundle, chosen: str) -> Iterator[str]:
    """What of a folder is not served, though it is there, and why."""
    for name, file in FILES.items():
        doubt = found.doubt(name)
        if name != chosen and doubt is not None and (found.folder / file).is_file():
            yield f"{doubt}; {chosen} is served instead"


def _chosen(found: Bundle, wanted: str) -> str:
    """The format to serve.

    Raises:
        ModelError: it is not there, or its certificate does not hold on this processor.
    """
    here = bundle.of(found.folder, wanted)
    chosen = TORCH if here is None else here.choose(wanted)
    if (doubt := found.doubt(chosen)) is not None:
        raise ModelError(f"format={wanted}: {doubt}; allowed is format=onnx, or auto")
    if chosen == TORCH:
        bundle.refuse_without_torch(str(found.folder), wanted)
    return chosen
