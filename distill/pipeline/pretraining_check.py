"""Check what a model is pretrained on, and whether its architecture can learn what it shall."""

from pathlib import Path

from transformers import PretrainedConfig, PreTrainedTokenizerBase

from distill.config.pretrain import NEXT
from distill.data.text_blocks import PlainText
from distill.errors import DataError, ModelError
from distill.models import attention, loading, next_segments
from distill.models.checkpoint_validation import inspect
from distill.models.on_meta import build_on_meta
from distill.models.sources import PRETRAINING_TEACHER, TEACHER_CHECKPOINT
from distill.models.subwords import inner_of_vocabulary
from distill.stages import pretrain, pretraining_text
from distill.stages.job import RunSpec
from distill.tasks import causal_language_modeling as causal
from distill.tasks import masked_language_modeling as masked
from distill.tasks import next_sentence_prediction as following


def texts(spec: RunSpec) -> None:
    """Refuse files of plain text that cannot be read, or have no text.

    Raises:
        DataError: the message names the file.
    """
    if "pretrain" not in spec.config.stages or pretrain.skipped(spec) is not None:
        return
    try:
        PlainText(pretraining_text.files(spec)).refuse_empty()
    except DataError as error:
        raise DataError(f"pretrain.files: {error}") from error


def goes_on(spec: RunSpec, folder: Path, config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a checkpoint that cannot go on with its pretraining as the settings say.

    Raises:
        ModelError: its architecture cannot learn the objective, or its tokenizer lacks what it needs.
    """
    section, reads_forward = spec.config.pretrain, attention.causal(config)
    if section.objective == "clm":
        if not reads_forward:
            raise ModelError(
                f"pretrain.objective=clm: {folder} is a {config.model_type}, which reads both ways, and would see the "
                "token that it is to predict; allowed is mlm"
            )
        build_on_meta(config, causal.HEAD)
        return
    if reads_forward:
        raise ModelError(
            f"pretrain.objective={section.objective}: {folder} is a {config.model_type}, which reads from left to "
            "right, and cannot fill in a masked token; allowed is clm"
        )
    if section.objective == NEXT and not next_segments.has_head(config):
        raise ModelError(
            f"pretrain.objective={NEXT}: {folder} is a {config.model_type}, which has no head for next segments beside "
            "that for masked tokens; allowed is mlm"
        )
    build_on_meta(config, following.HEAD if section.objective == NEXT else masked.HEAD)
    pretrain.refuse_without_mask(tokenizer)
    if section.whole_words and not any(inner_of_vocabulary(tokenizer)):
        raise ModelError(
            f"pretrain.whole_words=true: the tokenizer of {folder} does not mark where words begin; allowed is false"
        )


def teacher(spec: RunSpec, config: PretrainedConfig) -> None:
    """Refuse a model that cannot teach another one to fill in masked tokens.

    Raises:
        ModelError: it has no head for that, reads shorter texts, or other tokens than the model that goes on.
    """
    folder = spec.sources.checkpoints[PRETRAINING_TEACHER]
    tokenizer = spec.sources.tokenizer(folder)
    try:
        if attention.causal(config):
            raise ModelError(f"{folder} is a {config.model_type}, which reads from left to right, and masks nothing")
        way_out = "give a model that was saved with its masked-language-modelling head"
        inspect(folder, config, masked.HEAD, tokenizer, finished=True, labels=False, way_out=way_out)
        if tokenizer.mask_token_id is None:
            raise ModelError(f"{folder}: its tokenizer has no mask token to hide words with")
        loading.inside_bounds(config, spec.setup.spec.max_length, "it")
        if TEACHER_CHECKPOINT in spec.sources.checkpoints:
            _refuse_other_tokens(spec, folder, tokenizer)
    except ModelError as error:
        raise ModelError(f"pretrain.teacher: {error}") from error


def _refuse_other_tokens(spec: RunSpec, folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    learner = spec.sources.checkpoints[TEACHER_CHECKPOINT]
    if not spec.same_tokens(spec.sources.tokenizer(learner), tokenizer):
        raise ModelError(
            f"{folder} reads other tokens than {learner}, which is to learn its probabilities of tokens; give two "
            "models with one tokenizer"
        )
