"""Train a tokenizer on the text of the task."""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_INSIDE = "##"
"""Marks a piece that does not begin a word."""


def train(
    family: str, texts: Iterable[str], *, vocab_size: int, max_length: int, lowercase: bool = True
) -> PreTrainedTokenizerBase:
    """Train a tokenizer for a family of models; the same texts give the same one in every process.

    Args:
        family: an encoder reads word pieces; what writes needs pieces that give every byte of a text back.
        texts: the texts to learn from, in any script; they are read more than once.
        vocab_size: the largest number of pieces.
        max_length: the largest number of tokens that a model of it reads.
        lowercase: whether an encoder reads small letters only, without accents.
    """
    if family == "encoder":
        return train_wordpiece(texts, vocab_size=vocab_size, max_length=max_length, lowercase=lowercase)
    return train_bytes(texts, vocab_size=vocab_size, max_length=max_length)


def train_bytes(texts: Iterable[str], *, vocab_size: int, max_length: int) -> PreTrainedTokenizerBase:
    """Train byte-pair encoding on the bytes of the texts (Sennrich et al. 2016); each sequence ends in ``</s>``."""
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", [("</s>", 2)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        pad_token="<pad>",  # noqa: S106
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
    )


def train_wordpiece(
    texts: Iterable[str], *, vocab_size: int, max_length: int, lowercase: bool = True
) -> PreTrainedTokenizerBase:
    """Train WordPiece with BERT's rules (Devlin et al. 2019)."""
    tokenizer = _bert(_vocabulary(texts, vocab_size, lowercase), lowercase)
    tokenizer.add_special_tokens(_SPECIAL)
    tokenizer.decoder = decoders.WordPiece(prefix=_INSIDE)
    ends = {token: _SPECIAL.index(token) for token in ("[SEP]", "[CLS]")}
    tokenizer.post_processor = processors.BertProcessing(*ends.items())
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        unk_token="[UNK]",  # noqa: S106
        pad_token="[PAD]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        mask_token="[MASK]",  # noqa: S106
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def _vocabulary(texts: Iterable[str], vocab_size: int, lowercase: bool) -> dict[str, int]:
    """Learn the pieces.

    The trainer numbers characters inside words in the order of a hash table that differs from process to process, and
    breaks ties between merges by these numbers. Given to it as special tokens, they have their numbers beforehand.
    """
    tokenizer = _bert({}, lowercase)
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


def _bert(vocabulary: dict[str, int], lowercase: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer
