"""A tokenizer trained on the text of the task."""

from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_INSIDE = "##"
"""Marks a piece that does not begin a word."""


def train_wordpiece(texts: Sequence[str], *, vocab_size: int, max_length: int) -> PreTrainedTokenizerBase:
    """Train an uncased WordPiece tokenizer with BERT's rules, for any script; the same texts give the same tokenizer.

    Args:
        texts: to learn from.
        vocab_size: word pieces at most.
        max_length: tokens at most of the models that will read it.
    """
    tokenizer = _bert(_vocabulary(texts, vocab_size))
    tokenizer.add_special_tokens(_SPECIAL)
    tokenizer.decoder = decoders.WordPiece(prefix=_INSIDE)
    ends = {token: _SPECIAL.index(token) for token in ("[SEP]", "[CLS]")}
    tokenizer.post_processor = processors.BertProcessing(*ends.items())
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=max_length, unk_token="[UNK]", pad_token="[PAD]",  # noqa: S106
        cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",  # noqa: S106
    )  # fmt: skip


def _vocabulary(texts: Sequence[str], vocab_size: int) -> dict[str, int]:
    """Learn the pieces.

    The trainer numbers characters inside words in the order of a hash table that differs from process to process, and
    breaks ties between merges by these numbers. Given to it as special tokens, they have their numbers beforehand.
    """
    tokenizer = _bert({})
    words = {
        word
        for text in texts
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
    }
    inside = [_INSIDE + character for character in sorted({character for word in words for character in word[1:]})]
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size, special_tokens=_SPECIAL + inside, show_progress=False, continuing_subword_prefix=_INSIDE
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.get_vocab()


def _bert(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer
