"""Check before the first stage that text without labels can be made, and learnt from, as the settings say."""

from collections.abc import Mapping

import torch
from transformers import PretrainedConfig

from distill.data.splits import UNLABELLED
from distill.errors import DataError, ModelError
from distill.models import checkpoint_validation
from distill.models.sources import TEACHER_CHECKPOINT
from distill.stages import answered, pseudo_labels
from distill.stages.job import RunSpec
from distill.tasks import masked_language_modeling as masked


def augmentation(spec: RunSpec, configs: Mapping[str, PretrainedConfig]) -> None:
    """Refuse to replace words by a checkpoint that is no masked language model.

    Raises:
        ModelError: it is none.
    """
    if "masked_lm" not in spec.config.augment.methods or spec.decisions.base != TEACHER_CHECKPOINT:
        return
    folder = spec.sources.checkpoints[TEACHER_CHECKPOINT]
    tokenizer = spec.sources.tokenizer(folder)
    out = "leave masked_lm out of augment.methods, or let pretrain.continued=true teach it"
    if tokenizer.mask_token_id is None:
        raise ModelError(f"{folder}: its tokenizer has no mask token; {out}")
    checkpoint_validation.inspect(
        folder, configs[TEACHER_CHECKPOINT], masked.HEAD, tokenizer, finished=True, labels=False, way_out=out
    )


def rounds(spec: RunSpec) -> None:
    """Refuse more rounds of self-training than there are texts to learn from.

    Raises:
        DataError: there are.
    """
    count, texts = spec.config.distill.unlabelled.rounds, spec.data.splits.get(UNLABELLED)
    if texts is not None and count > len(texts):
        few = "1" if len(texts) == 1 else f"1 to {len(texts):,}"
        raise DataError(
            f"distill.unlabelled.rounds={count}: there are {len(texts):,} texts without labels; allowed is {few}"
        )


def threshold(spec: RunSpec) -> None:
    """Refuse a threshold that no answer of a file reaches, where the student learns from the answers as they are.

    Raises:
        DataError: none does.
    """
    labelled, texts = spec.labelled, spec.data.splits.get(UNLABELLED)
    reads = "distill" in spec.config.stages and spec.config.distill.unlabelled.threshold is not None
    if labelled is None or texts is None or spec.members or not reads or answered.smoothing(spec) != "none":
        return
    rows = answered.held(spec, labelled, texts).rows.examples(torch.tensor(texts["key"][:]))
    kind = spec.setup.task.kind
    pseudo_labels.sure_enough(spec, [float(pseudo_labels.confidence(each, kind).min()) for each in rows])
