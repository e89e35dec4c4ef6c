"""Make the batches of train and validation that a stage learns from."""

import logging
from typing import Any, NamedTuple

from datasets import Dataset, concatenate_datasets
from torch.utils.data import DataLoader
from transformers import PreTrainedTokenizerBase

from distill.base.per_object_cache import computed_once
from distill.data.batching import Batches
from distill.stages import texts
from distill.stages.job import Job, RunSpec
from distill.stages.pseudo_labels import Targets
from distill.tasks.collating import counts
from distill.tasks.features import without_targets

log = logging.getLogger(__name__)


class Loaders(NamedTuple):
    """Batches of train, batches for validation after an epoch, and notes on both for the report."""

    train: Batches
    validation: DataLoader[Any]
    notes: tuple[str, ...] = ()


def make_loaders(
    job: Job,
    tokenizer: PreTrainedTokenizerBase,
    teacher: PreTrainedTokenizerBase | None = None,
    rows: Dataset | None = None,
    unlabelled: Dataset | None = None,
    targets: Targets | None = None,
) -> Loaders:
    """Return batches of train and of validation.

    Args:
        job: the stage whose examples are read.
        tokenizer: the tokenizer of the model that learns.
        teacher: the teacher's tokenizer where it reads other tokens; there are ``teacher_*`` inputs then.
        rows: take the place of train where they are given.
        unlabelled: examples that are mixed with those of train.
        targets: the labels of their rows; none where they have none.

    Raises:
        DataError: an example of train, validation or test cannot be read.
    """
    spec, examples = job.spec, job.examples
    features = examples.encode(spec.data.splits["train"] if rows is None else rows, tokenizer, teacher)
    notes = _truncation_notes(job, features, "train")
    if unlabelled is not None:
        without_labels = examples.encode(unlabelled, tokenizer, teacher)
        rows_of_targets = _targets(without_labels, targets, spec)
        without_labels = without_labels.add_column("targets", rows_of_targets, feature=features.features["targets"])
        features = concatenate_datasets([features, without_labels])
    validation = examples.encode(spec.data.splits["validation"], tokenizer)
    train = examples.training_batches(features, examples.collate(tokenizer, teacher), counts(features[:]))
    if "test" in spec.data.splits:  # read before anything is trained, so that what cannot be read is refused
        notes += _truncation_notes(job, examples.encode(spec.data.splits["test"], tokenizer), "test")
    return Loaders(train, examples.scoring_batches(validation, examples.collate(tokenizer)), tuple(notes))


def with_unlabelled(
    job: Job, tokenizer: PreTrainedTokenizerBase, own: Loaders, learnt: Dataset | None = None
) -> Batches:
    """Return the batches of train and all texts without labels, whose steps all students take.

    Args:
        job: the stage whose examples are read.
        tokenizer: the tokenizer of the model that learns.
        own: its batches.
        learnt: those texts without labels that are among them.
    """
    unlabelled = texts.unlabelled(job)
    if unlabelled is None or (learnt is not None and len(learnt) == len(unlabelled)):
        return own.train
    return make_loaders(job, tokenizer, unlabelled=unlabelled).train


def _targets(features: Dataset, targets: Targets | None, spec: RunSpec) -> list[list[Any]]:
    """Return the targets of features of texts without labels: those that are given for their rows, or none."""
    if targets is None:
        return without_targets(features[:], spec.setup.task.kind, len(spec.data.labels))
    return [targets[place] for place in zip(features["key"], features["first"], strict=True)]


def _truncation_notes(job: Job, features: Dataset, split: str) -> list[str]:
    """Return a note on how many examples exceed the length limits; whichever stage sees it first logs it."""
    if "cut" not in features.column_names:
        return []
    windows = job.spec.setup.task.windows
    cut_of_examples = [cut for cut, first in zip(features["cut"], features["first"], strict=True) if not first]
    room = " and ".join(f"data.{name}={length}" for name, length in job.spec.setup.limits.items())
    what = f"answers of {split} stand in no window whole" if windows else f"examples of {split} do not fit"
    if not (cut := sum(cut_of_examples)):
        return []
    lost = "" if windows else " and are cut"
    sentence = f"{cut:,} of {len(cut_of_examples):,} {what}{lost}: {room} tokens"
    if job.context.ranks.rank == 0:
        computed_once(job.context, ("said", sentence), lambda: log.info("%s", sentence))
    return [sentence]
