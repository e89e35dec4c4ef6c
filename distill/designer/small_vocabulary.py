"""The tokens that a student's texts use, counted where they may be much fewer than its teacher's."""

import logging

from transformers import PreTrainedTokenizerBase

from distill.designer.candidates import CORPUS
from distill.errors import ModelError
from distill.stages import vocabularies
from distill.stages.job import RunSpec
from distill.student.vocabulary import Vocabulary, VocabularySpec, corpus_vocabulary, refuse_uncuttable

log = logging.getLogger(__name__)
_WORTH = 0.9
"""The share of all tokens up to which leaving out the others is worth a candidate."""
_OWNER = "the teacher"


def fewer_tokens(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> Vocabulary | None:
    """Count the tokens that the texts of train, and those without labels, use.

    Args:
        spec: the run whose student would keep them alone (``student.vocabulary=corpus``).
        tokenizer: its teacher's.

    Returns:
        None where they are hardly fewer than all, or where no student can keep them alone.
    """
    if spec.setup.task.writes:
        return None
    try:
        refuse_uncuttable(tokenizer, _OWNER)
        vocabulary = corpus_vocabulary(
            VocabularySpec(CORPUS),
            tokenizer,
            _OWNER,
            lambda reader, whole: vocabularies.training_ids(spec, reader, whole=whole),
        )
    except ModelError as error:
        log.info("no student of fewer tokens is looked at: %s", error)
        return None
    return vocabulary if len(vocabulary.kept) <= _WORTH * len(tokenizer) else None
