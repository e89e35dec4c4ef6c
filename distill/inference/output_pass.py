"""Passes of a finished model over examples, kept on disk by example: its rows, and what it writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytorch_lightning as pl
import torch
from datasets import Dataset
from pytorch_lightning.callbacks import Callback
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.base.files import fingerprint
from distill.data.example_pipeline import ExamplePipeline
from distill.distributed.processes import Ranks
from distill.errors import ModelError, StoreError
from distill.inference.generation_ensemble import Combined, ModelEnsemble
from distill.inference.output_store import OutputStore, OutputWriter, remove_damaged, stored_places
from distill.inference.prediction_modules import LogitsPredictor, Reduce, TextGenerator
from distill.inference.write_callback import WriteOutputs
from distill.models import loading
from distill.models.label_columns import label_columns
from distill.models.sources import ModelRef, ModelSources
from distill.tasks import EncodingSpec
from distill.tasks.setup import TaskSetup
from distill.training.trainer import uninterrupted
from distill.types import Outputs

_LENGTHS = ("max_length", "max_target_length", "stride")


class StoredOutputs(Protocol):
    """What is asked of outputs: a store's, or those of several models as one."""

    def examples(self, key: Tensor) -> list[Tensor]:
        """Return all rows ``[n, width]`` of each of the examples ``key [examples]``."""

    def whole(self, key: Tensor) -> tuple[Outputs, list[int]]:
        """Return all rows of the examples ``key [examples]``, one example after the other, and how many each has."""


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


@dataclass(frozen=True)
class Kept:
    """What is kept of a pass.

    Attributes:
        reduce: what is kept of rows; none keeps every logit.
        name: what stands for it, and for all else that decides on the outputs.
        states: which hidden states are kept as well; 0 is the embedding output.
        dtype: in which the model is asked.
    """

    reduce: Reduce | None = None
    name: str = ""
    states: tuple[int, ...] = ()
    dtype: torch.dtype = torch.float32


EVERY_LOGIT = Kept()


def identity(setup: TaskSetup, made_by: str, kept: str = "", members: EnsembleMembers | None = None) -> str:
    """Return what made outputs: weights and tokenizers, the limits of length, and what was ``kept`` of them."""
    limits, unread = setup.limits, EncodingSpec()  # a limit that the task does not have makes no other outputs
    lengths = [limits.get(name, getattr(unread, name)) for name in _LENGTHS]
    others = {"beside": [model.made_by for model in members.models], "how": members.how} if members else {}
    return fingerprint({"model": made_by, "lengths": lengths, "kept": kept, **others})


def output_columns(setup: TaskSetup, model: ModelRef) -> list[int] | None:
    """Return the model's outputs in the order of the task's; none where the head has no names of its own.

    Raises:
        ModelError: the model's labels are other ones.
    """
    if not setup.labels:
        return None
    names = setup.task.outputs(model.labels) if model.labels else []
    return label_columns(loading.configuration(model.folder), setup.outputs, names, subset=model.subset)


@dataclass(frozen=True)
class OutputPass:
    """Asks finished models about examples, every rank its share, and keeps on disk what they answer.

    Attributes:
        setup: the task with its labels.
        examples: makes batches of examples.
        sources: knows the models' tokenizers.
        ranks: this process among all.
        trainer: makes the Trainer that runs a pass, with callbacks.
        generation: how targets are written, in the words of transformers' ``generate``.
        quote: shows how the texts of some examples begin.
    """

    setup: TaskSetup
    examples: ExamplePipeline
    sources: ModelSources
    ranks: Ranks
    trainer: Callable[[Sequence[Callback]], pl.Trainer]
    generation: Mapping[str, int]
    quote: Callable[[Sequence[int]], str]

    def rows(
        self,
        model: ModelRef,
        examples: Dataset,
        folder: Path,
        kept: Kept = EVERY_LOGIT,
        members: EnsembleMembers | None = None,
    ) -> OutputStore:
        """Ask a model about every row of ``examples`` that ``folder`` does not hold yet.

        Args:
            model: who is asked.
            examples: with their keys.
            folder: where the outputs are.
            kept: what is kept of them.
            members: who answers with it.

        Raises:
            ModelError: an output is not finite.
        """
        tokenizer = self.sources.tokenizer(model.folder)

        def module() -> LogitsPredictor:
            ensemble, asked = self._ensemble(members, tokenizer), self._loaded(model, tokenizer, kept.dtype)
            columns = output_columns(self.setup, model)
            return LogitsPredictor(asked, self.setup.align, columns, kept.reduce, kept.states, ensemble)

        made_by = identity(self.setup, model.made_by, kept.name, members)
        features = self.examples.encode(examples, tokenizer)
        return self._pass(model, module, features, tokenizer, folder, made_by, states=kept.states)

    def places(self, model: ModelRef, examples: Dataset) -> set[tuple[int, int]]:
        """Return the (key, first) of all that the model is asked of these examples."""
        features = self.examples.encode(examples, self.sources.tokenizer(model.folder))
        return set(zip(features["key"], features["first"], strict=True))

    def written(
        self, model: ModelRef, examples: Dataset, folder: Path, members: EnsembleMembers | None = None
    ) -> OutputStore:
        """Let a model write the target of every example that ``folder`` does not hold yet, as rows ``[tokens, 1]``."""
        tokenizer = self.sources.tokenizer(model.folder)

        def module() -> TextGenerator:
            return TextGenerator(self._loaded(model, tokenizer), self.generation, self._ensemble(members, tokenizer))

        made_by = identity(self.setup, model.made_by, fingerprint(self.generation), members)
        side = "left" if self.setup.task.family == "decoder" else "right"
        features = self.examples.prompts(examples, tokenizer)
        return self._pass(model, module, features, tokenizer, folder, made_by, side)

    def opened(
        self,
        model: ModelRef,
        folder: Path,
        made_by: str,
        states: Sequence[int] = (),
        temperature: float | None = None,
    ) -> OutputStore:
        """Open a model's stored outputs, all of which are finite numbers.

        Raises:
            StoreError: they are not, or are another's; see ``OutputStore``.
        """
        store = OutputStore(folder, made_by, states, temperature)
        if refused := store.refused():
            stage = next((parent for parent in folder.parents if (parent / "manifest.json").is_file()), folder)
            raise StoreError(
                f"{folder} holds numbers that are not finite, in what {model.folder} says of {len(refused):,} of its "
                f"texts: {self.quote(sorted(refused))}; remove {stage} and run again, to have them answered anew"
            )
        return store

    def _loaded(
        self, model: ModelRef, tokenizer: PreTrainedTokenizerBase, dtype: torch.dtype = torch.float32
    ) -> PreTrainedModel:
        return loading.load_model(model.folder, self.setup.task.head, tokenizer=tokenizer, dtype=dtype)

    def _ensemble(self, members: EnsembleMembers | None, tokenizer: PreTrainedTokenizerBase) -> ModelEnsemble | None:
        if members is None:
            return None
        return ModelEnsemble([self._loaded(model, tokenizer) for model in members.models], members.combined)

    def _pass(
        self,
        model: ModelRef,
        module: Callable[[], pl.LightningModule],
        features: Dataset,
        tokenizer: PreTrainedTokenizerBase,
        folder: Path,
        made_by: str,
        side: str = "right",
        states: Sequence[int] = (),
    ) -> OutputStore:
        self.ranks.first(lambda: remove_damaged(folder))
        there = stored_places(folder, made_by, states)
        missing = _first_of_each(features, there)
        self.ranks.wait()  # every rank has looked before any of them writes
        writer = OutputWriter(folder, made_by, self.ranks.rank, states=states)

        def ask() -> None:
            collate = self.examples.collate(tokenizer, side=side)
            batches = self.examples.scoring_batches(features.select(missing), collate)
            with uninterrupted():
                self.trainer([WriteOutputs(writer)]).predict(module(), batches, return_predictions=False)

        if missing:
            self.ranks.together(ask)
            self._refuse_not_finite(model, features, set().union(*self.ranks.every(writer.refused)))
        return self.opened(model, folder, made_by)

    def _refuse_not_finite(self, model: ModelRef, features: Dataset, refused: set[int]) -> None:
        if refused:
            raise ModelError(
                f"{model.folder} answers {len(refused):,} of {len(set(features['key'])):,} texts with numbers that are "
                f"not finite: {self.quote(sorted(refused))}; take another model, or leave these texts out"
            )


def _first_of_each(features: Dataset, there: set[tuple[int, int]]) -> list[int]:
    """The numbers of the features that are not ``there``, each once, whatever stands twice."""
    numbers: dict[tuple[int, int], int] = {}
    for number, place in enumerate(zip(features["key"], features["first"], strict=True)):
        numbers.setdefault(place, number)
    return sorted(number for place, number in numbers.items() if place not in there)
