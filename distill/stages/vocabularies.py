"""The vocabulary of a run's student, counted once for all stages that make or describe one."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.base.per_object_cache import computed_once
from distill.data.splits import UNLABELLED
from distill.stages.job import RunSpec
from distill.student import vocabulary as vocabularies
from distill.student.vocabulary import Ids, Vocabulary
from distill.tasks.setup import TaskSetup

log = logging.getLogger(__name__)

_AT_ONCE = 1000
_ANY_LENGTH = 1_000_000


def of_student(spec: RunSpec, folder: Path, tokenizer: PreTrainedTokenizerBase) -> Vocabulary | None:
    """Return the tokens that the student keeps of what it starts from; none where it keeps all.

    Args:
        spec: the run, with the texts that are counted.
        folder: the folder of the model that it starts from.
        tokenizer: that of the folder.

    Raises:
        ModelError: the tokenizer cannot be cut as the settings ask for.
    """
    wanted = spec.decisions.student.vocabulary
    if wanted.name == "all":
        return None

    def count() -> Vocabulary:
        made = vocabularies.corpus_vocabulary(
            wanted, tokenizer, str(folder), lambda read_by, whole: training_ids(spec, read_by, whole=whole)
        )
        log.info("student: keeps %s of %s tokens", f"{len(made.kept):,}", f"{len(tokenizer):,}")
        return made

    vocabularies.refuse_uncuttable(tokenizer, str(folder))
    parts = hash(tokenizer.backend_tokenizer.to_str())
    return computed_once(spec.data, ("vocabulary", parts, wanted, spec.setup.spec), count)


def fit(
    spec: RunSpec, folder: Path, student: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> PreTrainedTokenizerBase:
    """Cut the student's embeddings to its vocabulary and its rank, and return its tokenizer.

    Raises:
        ModelError: it cannot be had with them.
    """
    vocabulary, rank = of_student(spec, folder, tokenizer), spec.decisions.student.embedding_rank
    if vocabulary is not None:
        vocabularies.shrink(student, vocabulary)
        tokenizer = vocabulary.tokenizer
    if rank is not None:
        vocabularies.factorize(student, training_ids(spec, tokenizer), rank)
    return tokenizer


def training_ids(spec: RunSpec, tokenizer: PreTrainedTokenizerBase, *, whole: bool = False) -> list[Ids]:
    """Return the tokens of each feature of train, and of the texts without labels; of all of a text if ``whole``."""
    splits = [spec.data.splits[name] for name in ("train", UNLABELLED) if name in spec.data.splits]
    setup = _unlimited(spec.setup) if whole or spec.setup.task.windows else spec.setup
    return [ids for rows in splits for ids in feature_ids(setup, rows, tokenizer)]


def feature_ids(setup: TaskSetup, rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> list[Ids]:
    """Return the tokens of each feature of some examples."""
    chunks = (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))
    return [np.asarray(ids, dtype=np.int32) for chunk in chunks for ids in setup.encode(chunk, tokenizer)["input_ids"]]


def whole_ids(setup: TaskSetup, rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Sequence[Ids]:
    """Return the tokens of each example, one feature for each: those of windows are not counted twice."""
    return feature_ids(_unlimited(setup) if setup.task.windows else setup, rows, tokenizer)


def _unlimited(setup: TaskSetup) -> TaskSetup:
    limits = replace(setup.spec, max_length=_ANY_LENGTH, max_target_length=_ANY_LENGTH // 2)
    return replace(setup, spec=limits)
