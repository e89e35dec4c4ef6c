"""Run finished models over examples, and keep on disk by example what they answer and write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from datasets import Dataset
from torch import Tensor

from distill.base.files import fingerprint
from distill.data.example_pipeline import ExamplePipeline
from distill.distributed.processes import Ranks
from distill.errors import ModelError, StoreError
from distill.inference.output_parts import OutputWriter, remove_damaged, stored_places
from distill.inference.output_store import OutputStore
from distill.inference.pass_loop import EVERY_LOGIT, Ask, Kept, asks_rows, asks_written, run_pass
from distill.inference.runtime import FinishedModel, Runtime
from distill.tasks import EncodingSpec
from distill.tasks.setup import TaskSetup
from distill.types import Outputs

_LENGTHS = ("max_length", "max_target_length", "stride")


class StoredOutputs(Protocol):
    """The protocol of stored outputs: those of a model, or those of several models as one."""

    def examples(self, key: Tensor) -> list[Tensor]:
        """Return all rows ``[n, width]`` of each of the examples ``key [examples]``."""

    def whole(self, key: Tensor) -> tuple[Outputs, list[int]]:
        """Return all rows of the examples ``key [examples]``, one example after the other, and how many each has."""


def identity(setup: TaskSetup, made_by: str, kept: str = "", beside: Mapping[str, object] | None = None) -> str:
    """Return what stands for the origin of outputs: weights and tokenizers, length limits, and what was kept.

    Args:
        setup: the task with its labels.
        made_by: what stands for the model.
        kept: what stands for all else.
        beside: what stands for the models that answered with it; see ``FinishedModel``.
    """
    limits, unread = setup.limits, EncodingSpec()  # a limit that the task does not have makes no other outputs
    lengths = [limits.get(name, getattr(unread, name)) for name in _LENGTHS]
    return fingerprint({"model": made_by, "lengths": lengths, "kept": kept, **(beside or {})})


@dataclass(frozen=True)
class OutputPass:
    """A pass of finished models over examples, divided among the ranks, with the outputs kept on disk.

    Attributes:
        setup: the task with its labels.
        examples: makes batches of examples.
        ranks: this process among all, and its device.
        generation: how targets are written, in the words of transformers' ``generate``.
        quote: shows how the texts of some examples begin.
        doing: what its passes are, for whoever looks how far they are.
    """

    setup: TaskSetup
    examples: ExamplePipeline
    ranks: Ranks
    generation: Mapping[str, int]
    quote: Callable[[Sequence[int]], str]
    doing: str = "scoring"

    def rows(self, model: FinishedModel, examples: Dataset, folder: Path, kept: Kept = EVERY_LOGIT) -> OutputStore:
        """Return a model's rows of all ``examples``; it answers those that ``folder`` does not hold yet.

        Args:
            model: the finished model.
            examples: rows of the data, with their keys.
            folder: holds the outputs.
            kept: says what is kept of them.

        Raises:
            ModelError: an output is not finite.
        """
        made_by = identity(self.setup, model.made_by, kept.name, model.beside)
        features = self.examples.encode(examples, model.tokenizer)

        def asking(runtime: Runtime) -> Ask:
            return asks_rows(runtime, self.setup.align, kept)

        return self._pass(model, asking, features, folder, made_by, self.doing, states=kept.states)

    def places(self, model: FinishedModel, examples: Dataset) -> set[tuple[int, int]]:
        """Return the (key, first) of every feature that the model reads of these examples."""
        features = self.examples.encode(examples, model.tokenizer)
        return set(zip(features["key"], features["first"], strict=True))

    def written(self, model: FinishedModel, examples: Dataset, folder: Path) -> OutputStore:
        """Return what a model writes for all ``examples``, as rows ``[tokens, 1]``, likewise kept in ``folder``."""
        made_by = identity(self.setup, model.made_by, fingerprint(self.generation), model.beside)
        side = "left" if self.setup.task.family == "decoder" else "right"
        features = self.examples.prompts(examples, model.tokenizer)

        def asking(runtime: Runtime) -> Ask:
            return asks_written(runtime, self.generation)

        return self._pass(model, asking, features, folder, made_by, "writing", side)

    def opened(
        self, name: str, folder: Path, made_by: str, states: Sequence[int] = (), temperature: float | None = None
    ) -> OutputStore:
        """Open the stored outputs of the model of that name, and refuse numbers that are not finite.

        Raises:
            StoreError: they are not, or are another's; see ``OutputStore``.
        """
        store = OutputStore(folder, made_by, states, temperature)
        if refused := store.refused():
            stage = next((parent for parent in folder.parents if (parent / "manifest.json").is_file()), folder)
            raise StoreError(
                f"{folder} holds numbers that are not finite, in what {name} says of {len(refused):,} of its "
                f"texts: {self.quote(sorted(refused))}; remove {stage} and run again, to have them answered anew"
            )
        return store

    def _pass(
        self,
        model: FinishedModel,
        ask_runtime: Callable[[Runtime], Ask],
        features: Dataset,
        folder: Path,
        made_by: str,
        doing: str,
        side: str = "right",
        states: Sequence[int] = (),
    ) -> OutputStore:
        self.ranks.first(lambda: remove_damaged(folder))
        stored = stored_places(folder, made_by, states)
        missing = _missing_features(features, stored)
        self.ranks.wait()  # every rank has looked before any of them writes
        writer = OutputWriter(folder, made_by, self.ranks.rank, states=states)

        def ask() -> None:
            collate = self.examples.collate(model.tokenizer, side=side)
            batches = self.examples.scoring_batches(features.select(missing), collate)
            runtime = model.open(self.ranks.device)
            run_pass(ask_runtime(runtime), batches, runtime.device, writer, doing)

        if missing:
            self.ranks.together(ask)
            self._refuse_not_finite(model, features, set().union(*self.ranks.every(writer.refused)))
        return self.opened(model.name, folder, made_by)

    def _refuse_not_finite(self, model: FinishedModel, features: Dataset, refused: set[int]) -> None:
        if refused:
            raise ModelError(
                f"{model.name} answers {len(refused):,} of {len(set(features['key'])):,} texts with numbers that are "
                f"not finite: {self.quote(sorted(refused))}; take another model, or leave these texts out"
            )


def _missing_features(features: Dataset, stored: set[tuple[int, int]]) -> list[int]:
    """Return the numbers of the features that are not ``stored``, each once, whatever stands twice."""
    numbers: dict[tuple[int, int], int] = {}
    for number, place in enumerate(zip(features["key"], features["first"], strict=True)):
        numbers.setdefault(place, number)
    return sorted(number for place, number in numbers.items() if place not in stored)
