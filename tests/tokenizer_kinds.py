"""Tokenizers of every kind that models have, tiny."""

import json

import transformers

from distill.models.tokenizer_training import train

ORDINARY = ["the tower of Paris ?", "who built  it", "a < b > c / s [ x ]"]
MARKED = ["the </s> tower <pad> [SEP] who", "x<s>y</s>", "a [MASK] <mask> b <|endoftext|> [CLS]", "<sep> <cls>"]
LETTERS = [(each, -5.0) for each in "▁abcdefghijklmnopqrstuvwxyzSEPT[]?/<>"]
FIRST = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]


def pieces(family):
    made = train(family, ORDINARY * 3, vocab_size=330, max_length=64)
    return made.get_vocab(), [tuple(each) for each in json.loads(made.backend_tokenizer.to_str())["model"]["merges"]]


def bytes_of(kind, *more):
    vocabulary, merges = pieces("decoder")
    return kind(vocab={**vocabulary, **{each: len(vocabulary) + at for at, each in enumerate(more)}}, merges=merges)


KINDS = {
    "bert": lambda: train("encoder", ORDINARY * 3, vocab_size=330, max_length=64),
    "bytes": lambda: train("decoder", ORDINARY * 3, vocab_size=330, max_length=64),
    "roberta": lambda: bytes_of(transformers.RobertaTokenizer, "<mask>"),
    "gpt2": lambda: bytes_of(transformers.GPT2Tokenizer, "<|endoftext|>"),
    "xlm-roberta": lambda: transformers.XLMRobertaTokenizer(vocab=[*FIRST, *LETTERS, ("<mask>", 0.0)]),
    "deberta-v2": lambda: transformers.DebertaV2Tokenizer(
        vocab=[*((each, 0.0) for each in ("[PAD]", "[CLS]", "[SEP]", "[UNK]")), *LETTERS, ("[MASK]", 0.0)]
    ),
    "t5": lambda: transformers.T5Tokenizer(
        vocab=[*((each, 0.0) for each in ("<pad>", "</s>", "<unk>")), *LETTERS, ("<extra_id_0>", 0.0)], extra_ids=1
    ),
}  # fmt: skip
