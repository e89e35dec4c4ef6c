"""A tokenizer trained on the text of the task."""

from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def train_wordpiece(texts: Iterable[str], *, vocab_size: int, max_length: int) -> PreTrainedTokenizerBase:
    """Train an uncased WordPiece tokenizer with BERT's rules, for any script.

    Args:
        texts: to learn from.
        vocab_size: word pieces at most.
        max_length: tokens at most of the models that will read it.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=_SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    ends = {token: _SPECIAL.index(token) for token in ("[SEP]", "[CLS]")}  # special tokens come first
    tokenizer.post_processor = processors.BertProcessing(*ends.items())
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=max_length, unk_token="[UNK]", pad_token="[PAD]",  # noqa: S106
        cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",  # noqa: S106
    )  # fmt: skip
