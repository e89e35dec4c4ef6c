"""A student's vocabulary: the tokens that its texts use, and those that any text may need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from distill.errors import ModelError
from distill.models.embedding_cutting import cut_embeddings
from distill.models.low_rank import reduce_embeddings
from distill.models.tokenizer_cutting import Pieces, closed
from distill.models.tokenizer_cutting import refuse_uncuttable as refuse_uncuttable

Ids: TypeAlias = NDArray[np.int32]
Read: TypeAlias = Callable[[PreTrainedTokenizerBase, bool], Sequence[Ids]]
"""Returns the tokens of each text of train and of those without labels, with ``True`` beyond the limits of length."""

_SMOOTHING = 1.0
"""What is added to the count of each token, so that those that no text uses count for a factorisation, too."""
_TRIES = 3


@dataclass(frozen=True)
class VocabularySpec:
    """Which tokens a student keeps.

    Attributes:
        name: all | corpus, the tokens that its texts use.
        min_count: how often they must use a token.
        size: how many tokens are kept at least, the most frequent ones for the tokenizer; none adds none.
    """

    name: str = "all"
    min_count: int = 1
    size: int | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that a student reads.

    Attributes:
        kept: their numbers in the tokenizer of its teacher, rising.
        tokenizer: the one that makes them of texts, numbered anew in this order.
    """

    kept: tuple[int, ...]
    tokenizer: PreTrainedTokenizerFast

    def renumber(self, ids: Ids) -> Ids | None:
        """Return the new numbers of tokens, or none where one of them is not kept."""
        places = np.searchsorted(self.kept, ids)
        places[places == len(self.kept)] = 0
        return places.astype(np.int32) if np.array_equal(np.asarray(self.kept)[places], ids) else None


def corpus_vocabulary(spec: VocabularySpec, tokenizer: PreTrainedTokenizerBase, name: str, read: Read) -> Vocabulary:
    """Return the tokens that texts use, so that every one of them that uses no others keeps its tokens.

    Args:
        spec: how often they are to be used, and how many are kept at least.
        tokenizer: the teacher's, one that can be cut, see ``refuse_uncuttable``.
        name: how messages name it.
        read: the texts.

    Raises:
        ModelError: the tokenizer cannot be cut so that the texts keep their tokens; or the size is out of
            range.
    """
    pieces = Pieces(tokenizer)  # type: ignore[arg-type]
    texts = read(tokenizer, False)
    used = np.flatnonzero(token_counts(texts) >= spec.min_count).tolist()
    refuse_size(spec, len(closed(pieces, used)), len(pieces.numbers))
    for _ in range(_TRIES):
        kept = closed(pieces, used, spec.size)
        vocabulary = Vocabulary(tuple(sorted(kept)), pieces.cut(kept))
        changed = _changed(vocabulary, texts, read(vocabulary.tokenizer, False))
        if not changed:
            return vocabulary
        used += _behind(pieces, vocabulary, changed) or np.unique(np.concatenate(read(tokenizer, True))).tolist()
    raise ModelError(
        f"student.vocabulary={spec.name}: with fewer tokens the tokenizer of {name} reads {len(changed):,} texts "
        "otherwise that use no others; allowed is all"
    )


def refuse_size(spec: VocabularySpec, needed: int, whole: int) -> None:
    """Refuse a number of tokens that is less than the texts need, or more than there are.

    Raises:
        ModelError: it is.
    """
    if spec.size is not None and not needed <= spec.size <= whole:
        raise ModelError(
            f"student.vocabulary_size={spec.size}: the texts, characters and special tokens take {needed:,} of the "
            f"tokenizer's {whole:,} tokens; allowed is {needed} to {whole}"
        )


def token_counts(texts: Sequence[Ids], tokens: int = 0) -> NDArray[np.int64]:
    """Return how often texts use each token, ``[tokens]`` or as many as the highest number asks for."""
    return np.bincount(np.concatenate([np.zeros(0, dtype=np.int32), *texts]), minlength=tokens)


def shrink(student: PreTrainedModel, vocabulary: Vocabulary) -> None:
    """Leave a student, which is changed in place, the embeddings of its vocabulary.

    Raises:
        ModelError: its architecture cannot have them numbered anew.
    """
    cut_embeddings(student, vocabulary.kept)


def factorize(student: PreTrainedModel, texts: Sequence[Ids], rank: int) -> None:
    """Give a student embeddings of a low rank, nearest to its own for the tokens that texts use most.

    Raises:
        ModelError: it cannot have embeddings of this rank.
    """
    tokens = len(student.get_input_embeddings().weight)  # type: ignore[arg-type]
    reduce_embeddings(student, count_weights(texts, tokens), rank)


def count_weights(texts: Sequence[Ids], tokens: int) -> Tensor:
    """Return how much each token counts, ``[tokens]``: how often texts use it, and a little."""
    return torch.from_numpy(token_counts(texts, tokens)[:tokens]).double() + _SMOOTHING


def _changed(vocabulary: Vocabulary, before: Sequence[Ids], after: Sequence[Ids]) -> list[Ids]:
    """Return the new tokens of texts of which all were kept, but which are read otherwise."""
    expected = [vocabulary.renumber(ids) for ids in before]
    return [new for old, new in zip(expected, after, strict=True) if old is not None and not np.array_equal(old, new)]


def _behind(pieces: Pieces, vocabulary: Vocabulary, changed: Sequence[Ids]) -> list[int]:
    """Return the pieces without which words are known that the teacher's tokenizer calls unknown."""
    names = (vocabulary.tokenizer.convert_ids_to_tokens(ids.tolist()) for ids in changed)
    found = set().union(*(pieces.on_the_way(tokens) for tokens in names))
    return sorted(found - set(vocabulary.kept))
