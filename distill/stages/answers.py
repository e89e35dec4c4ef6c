"""A pass of a finished model over a split, written to disk by key."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from distill.build import Builder
from distill.models import loading
from distill.models.teacher import label_columns
from distill.store import fingerprint
from distill.teacher_store import LogitsWriter, stored_keys
from distill.training.answering import Answerer
from distill.training.callbacks import WriteLogits
from distill.training.trainer import interruptible


def identity(build: Builder, name: str, inputs: Mapping[str, Path]) -> str:
    """What made the outputs of the input ``name``: its weights and tokenizer, and the length limit."""
    model = inputs[name].name if name in inputs else build.checkpoint_content(name)
    return fingerprint({"model": model, "max_length": build.config.data.max_length})


def columns(build: Builder, name: str, inputs: Mapping[str, Path]) -> list[int]:
    """The outputs of the input ``name``, in the order of the data's labels."""
    given = build.config.teacher.labels if name == "teacher_checkpoint" else []
    return label_columns(loading.configuration(build.model_folder(name, inputs)), build.data.labels, given)


def write(build: Builder, name: str, inputs: Mapping[str, Path], split: str, folder: Path) -> None:
    """Write the logits of the input ``name`` for each text of a split that ``folder`` does not answer yet."""
    source, made_by = build.model_folder(name, inputs), identity(build, name, inputs)
    tokenizer = loading.tokenizer(source)
    keys = np.asarray(build.data.splits[split]["key"])
    _, first = np.unique(keys, return_index=True)
    missing = first[~np.isin(keys[first], stored_keys(folder, made_by).numpy())]
    build.ranks.wait()  # every rank has looked before any of them writes
    if len(missing):
        rows = build.encoded(split, tokenizer).select(np.sort(missing))
        module = Answerer(loading.model(source, build.task.HEAD), columns(build, name, inputs))
        writer = WriteLogits(LogitsWriter(folder, made_by, build.ranks.rank))
        batches = build.scoring_batches(rows, build.collate(tokenizer))
        with interruptible():
            build.trainer(callbacks=[writer]).predict(module, batches, return_predictions=False)
    build.ranks.wait()
