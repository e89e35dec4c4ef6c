"""Passes of a finished model over examples, written to disk by key: what it says of each row, and what it writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from datasets import Dataset
from pytorch_lightning import LightningModule
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.base.files import fingerprint
from distill.config.data import DataConfig
from distill.data.quoting import quote
from distill.errors import ModelError, StoreError
from distill.inference.generation_ensemble import Combined, ModelEnsemble
from distill.inference.output_store import OutputStore, OutputWriter, remove_damaged, stored_places
from distill.inference.prediction_modules import LogitsPredictor, Reduce, TextGenerator
from distill.models import loading
from distill.models.teacher import label_columns
from distill.pipeline.context import Builder
from distill.training.callbacks import WriteOutputs
from distill.training.trainer import uninterrupted
from distill.types import Outputs


class StoredOutputs(Protocol):
    """What is asked of answers: a store's, or several as one."""

    def examples(self, key: Tensor) -> list[Tensor]:
        """All rows ``[n, width]`` of each of the examples ``key [examples]``."""

    def whole(self, key: Tensor) -> tuple[Outputs, list[int]]:
        """All rows of the examples ``key [examples]``, one example after the other, and how many each has."""


@dataclass(frozen=True)
class ModelRef:
    """A finished model of the run.

    Attributes:
        folder: of Hugging Face, with the tokenizer.
        made_by: what stands for its weights in the identity of its answers.
        given: names of its outputs, where its folder does not name them.
        subset: whether it may have more outputs than the data has labels.
    """

    folder: Path
    made_by: str
    given: tuple[str, ...] = ()
    subset: bool = False


@dataclass(frozen=True)
class EnsembleMembers:
    """Further models that answer as one with a first.

    Attributes:
        models: all with the first one's tokenizer.
        combined: what makes one answer of all.
        how: in words that tell it from any other.
    """

    models: Sequence[ModelRef]
    combined: Combined
    how: str


def model(build: Builder, name: str, inputs: Mapping[str, Path]) -> ModelRef:
    """The model of the input ``name``."""
    made_by = inputs[name].name if name in inputs else build.checkpoint_content(name)
    folder, teacher = build.model_folder(name, inputs), build.config.teacher
    if name != "teacher_checkpoint":
        return ModelRef(folder, made_by)
    return ModelRef(folder, made_by, tuple(teacher.labels), teacher.labels_subset)


def identity(build: Builder, model: ModelRef, kept: str = "", company: EnsembleMembers | None = None) -> str:
    """What made answers: weights and tokenizers, the limits of length, and what was ``kept`` of them."""
    given, unread = build.lengths, DataConfig()  # a limit that the task does not have makes no other answers
    lengths = [given.get(name, getattr(unread, name)) for name in ("max_length", "max_target_length", "stride")]
    others = {"beside": [each.made_by for each in company.models], "how": company.how} if company else {}
    return fingerprint({"model": model.made_by, "lengths": lengths, "kept": kept, **others})


def columns(build: Builder, model: ModelRef) -> list[int] | None:
    """The model's outputs in the order of the task's; none where the head has no names of its own."""
    if not build.data.labels:
        return None
    given = build.task.outputs(model.given) if model.given else []
    return label_columns(loading.configuration(model.folder), build.outputs, given, subset=model.subset)


def rows(
    build: Builder,
    model: ModelRef,
    examples: Dataset,
    folder: Path,
    reduce: Reduce | None = None,
    kept: str = "",
    states: Sequence[int] = (),
    company: EnsembleMembers | None = None,
    dtype: torch.dtype = torch.float32,
) -> OutputStore:
    """Ask the model of every row of ``examples`` that ``folder`` does not answer yet.

    Args:
        build: makes the parts.
        model: who is asked.
        examples: with their keys.
        folder: where the answers are.
        reduce: what is kept of the rows; none keeps every logit.
        kept: what stands for it and for all else that decides on the answers.
        states: which hidden states are kept as well; 0 is the embedding output.
        company: who answers with it.
        dtype: in which it is asked.
    """
    tokenizer = build.tokenizer(model.folder)
    features = build.encoded(examples, tokenizer)

    def answerer() -> LogitsPredictor:
        beside, asked = _beside(build, company, tokenizer), _loaded(build, model, tokenizer, dtype)
        return LogitsPredictor(asked, build.align, columns(build, model), reduce, states, beside)

    made_by = identity(build, model, kept, company)
    return _pass(build, model, answerer, features, tokenizer, folder, made_by, states=states)


def places(build: Builder, model: ModelRef, examples: Dataset) -> set[tuple[int, int]]:
    """The (key, first) of all that the model is asked of these examples."""
    features = build.encoded(examples, build.tokenizer(model.folder))
    return set(zip(features["key"], features["first"], strict=True))


def written(
    build: Builder, model: ModelRef, examples: Dataset, folder: Path, company: EnsembleMembers | None = None
) -> OutputStore:
    """Let the model write the target of every example that ``folder`` does not answer yet, as rows ``[tokens, 1]``."""
    tokenizer = build.tokenizer(model.folder)
    features = build.prompts(examples, tokenizer)

    def writer() -> TextGenerator:
        return TextGenerator(_loaded(build, model, tokenizer), build.generation(), _beside(build, company, tokenizer))

    kept = fingerprint(build.generation())
    side = "left" if build.task.family == "decoder" else "right"
    return _pass(build, model, writer, features, tokenizer, folder, identity(build, model, kept, company), side)


def _loaded(
    build: Builder, model: ModelRef, tokenizer: PreTrainedTokenizerBase, dtype: torch.dtype = torch.float32
) -> PreTrainedModel:
    return loading.load_model(model.folder, build.task.head, tokenizer=tokenizer, dtype=dtype)


def _beside(
    build: Builder, company: EnsembleMembers | None, tokenizer: PreTrainedTokenizerBase
) -> ModelEnsemble | None:
    if company is None:
        return None
    return ModelEnsemble([_loaded(build, each, tokenizer) for each in company.models], company.combined)


def opened(
    build: Builder,
    model: ModelRef,
    folder: Path,
    made_by: str,
    states: Sequence[int] = (),
    temperature: float | None = None,
) -> OutputStore:
    """A model's stored answers, all of which are finite numbers.

    Raises:
        StoreError: they are not, or are another's; see ``AnswerStore``.
    """
    store = OutputStore(folder, made_by, states, temperature)
    if refused := store.refused():
        stage = next((each for each in folder.parents if each.parent == Path(build.config.store)), folder)
        raise StoreError(
            f"{folder} holds numbers that are not finite, in what {model.folder} says of {len(refused):,} of its "
            f"texts: {quote(build, sorted(refused))}; remove {stage} and run again, to have them answered anew"
        )
    return store


def _pass(
    build: Builder,
    model: ModelRef,
    module: Callable[[], LightningModule],
    features: Dataset,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    made_by: str,
    side: str = "right",
    states: Sequence[int] = (),
) -> OutputStore:
    build.ranks.first(lambda: remove_damaged(folder))
    there = stored_places(folder, made_by, states)
    missing = _first_of_each(features, there)
    build.ranks.wait()  # every rank has looked before any of them writes

    writer = OutputWriter(folder, made_by, build.ranks.rank, states=states)

    def ask() -> None:
        batches = build.scoring_batches(features.select(missing), build.collate(tokenizer, side=side))
        with uninterrupted():
            asking = build.trainer(callbacks=[WriteOutputs(writer)])
            asking.predict(module(), batches, return_predictions=False)

    if missing:
        build.ranks.together(ask)
        _all_finite(build, model, features, set().union(*build.ranks.every(writer.refused)))
    return opened(build, model, folder, made_by)


def _all_finite(build: Builder, model: ModelRef, features: Dataset, refused: set[int]) -> None:
    if refused:
        raise ModelError(
            f"{model.folder} answers {len(refused):,} of {len(set(features['key'])):,} texts with numbers that are "
            f"not finite: {quote(build, sorted(refused))}; take another model, or leave these texts out"
        )


def _first_of_each(features: Dataset, there: set[tuple[int, int]]) -> list[int]:
    """The numbers of the features that are not ``there``, each once, whatever stands twice."""
    found: dict[tuple[int, int], int] = {}
    for number, place in enumerate(zip(features["key"], features["first"], strict=True)):
        found.setdefault(place, number)
    return sorted(number for place, number in found.items() if place not in there)
