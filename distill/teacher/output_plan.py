"""Plan what is stored of the teacher's outputs, and estimate how large that is."""

from collections.abc import Mapping
from dataclasses import dataclass

from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from distill.tasks.setup import TaskSetup

_SAMPLE = 512
"""Examples that are looked at for the estimate."""
_PLACES = 3 * 8
"""Bytes of key, first and count, by which a feature is found again."""


@dataclass(frozen=True)
class TeacherOutputPlan:
    """The decision whether the teacher's outputs are stored, and which.

    Attributes:
        reason: why nothing is stored; empty where its outputs are stored.
        states: which of its hidden states are stored; 0 is the embedding output.
        gigabytes: an estimate of the whole, 10⁹ bytes each; none where it does not matter.
    """

    reason: str = ""
    states: tuple[int, ...] = ()
    gigabytes: float | None = None

    @property
    def stored(self) -> bool:
        """Whether the teacher's outputs are stored."""
        return not self.reason


def estimated_bytes(
    setup: TaskSetup,
    splits: Mapping[str, Dataset],
    tokenizer: PreTrainedTokenizerBase,
    state_numbers: int,
    kept_per_row: int,
) -> float:
    """Return the estimated bytes of a store, from a sample of its examples.

    Args:
        setup: the task with its labels.
        splits: name of each split to the examples that the teacher answers.
        tokenizer: the teacher's tokenizer.
        state_numbers: numbers of hidden states that are kept of each token, in half precision.
        kept_per_row: logits that are kept of a row over a vocabulary.
    """
    size = 0.0
    for texts in splits.values():
        sample = texts.select(range(0, len(texts), -(-len(texts) // _SAMPLE)))
        features = setup.encode(sample[:], tokenizer)
        rows, tokens = sum(features["count"]), sum(map(len, features["input_ids"]))
        places = len(features["count"]) * (_PLACES + 8 * bool(state_numbers))
        whole = rows * _row_bytes(setup, len(tokenizer), kept_per_row) + 2 * tokens * state_numbers + places
        size += len(texts) / len(sample) * whole
    return size


def _row_bytes(setup: TaskSetup, vocabulary: int, kept_per_row: int) -> int:
    """Return the bytes of a row: float32 logits; of a vocabulary some, with their numbers, and one for the rest."""
    widths = {"labels": len(setup.outputs) or 1, "tokens": setup.spec.max_length}
    if not setup.task.writes:
        return 4 * widths[setup.task.class_axis]
    return (4 + 4) * min(vocabulary, kept_per_row) + 4
