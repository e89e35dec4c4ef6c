"""The tokens that a student keeps, counted on its texts."""

# ruff: noqa: S106

import re

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from distill.errors import ModelError
from distill.models.tokenizer_training import train_bytes, train_wordpiece
from distill.student.vocabulary import VocabularySpec, corpus_vocabulary, count_weights, token_counts

TEXTS = ["a good film and a good plot", "a bad film", "plots of films", "the actors acted badly", "goodness"]


@pytest.fixture(scope="module", params=[train_wordpiece, train_bytes])
def tokenizer(request):
    return request.param(TEXTS * 3, vocab_size=400, max_length=64)


def reads(texts, limit=64):
    """What makes tokens of texts, up to a limit of length unless they are asked for whole."""

    def read(tokenizer, whole):
        ids = tokenizer(texts, truncation=not whole, max_length=limit)["input_ids"]
        return [np.asarray(each, dtype=np.int32) for each in ids]

    return read


def made(tokenizer, texts, limit=64, **spec):
    return corpus_vocabulary(VocabularySpec("corpus", **spec), tokenizer, "FOLDER", reads(texts, limit))


def test_the_tokens_of_the_texts_are_kept(tokenizer):
    vocabulary = made(tokenizer, TEXTS[:2])
    for text in TEXTS[:2]:
        assert vocabulary.tokenizer.tokenize(text) == tokenizer.tokenize(text)
    assert set(tokenizer.tokenize(TEXTS[3])) - vocabulary.tokenizer.get_vocab().keys()
    assert len(vocabulary.kept) == len(vocabulary.tokenizer) < len(tokenizer)


def test_tokens_that_are_used_less_often_are_not_kept(tokenizer):
    texts = ["a good film", "a good plot", "a good film"]
    kept = [set(made(tokenizer, texts, min_count=count).kept) for count in (1, 2, 3, 99)]
    assert kept[0] > kept[1] > kept[2] > kept[3]
    counts = token_counts(reads(texts)(tokenizer, False))
    assert set(np.flatnonzero(counts >= 2)) <= kept[1]
    assert len(kept[3]) == len(made(tokenizer, [""]).kept)


def test_a_vocabulary_is_filled_up_to_its_size(tokenizer):
    few = len(made(tokenizer, TEXTS[:1]).kept)
    assert len(made(tokenizer, TEXTS[:1], size=few + 5).kept) == few + 5
    assert len(made(tokenizer, TEXTS[:1], size=len(tokenizer)).kept) == len(tokenizer)


@pytest.mark.parametrize("beyond", [True, False])
def test_a_size_out_of_range_is_refused(tokenizer, beyond):
    few, whole = len(made(tokenizer, TEXTS[:1]).kept), len(tokenizer)
    size = whole + 1 if beyond else few - 1
    message = (
        f"student.vocabulary_size={size}: the texts, characters and special tokens take {few:,} of the tokenizer's "
        f"{whole:,} tokens; allowed is {few} to {whole}"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        made(tokenizer, TEXTS[:1], size=size)


def test_a_word_that_is_unknown_stays_unknown():
    """With fewer pieces it would be known: there is no ``abc`` any more that leaves ``##d`` without a match."""
    pieces = {"[UNK]": 0, "a": 1, "##b": 2, "abc": 3, "##cd": 4, "ab": 5, "b": 6}
    backend = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    whole = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", pad_token="[UNK]")
    texts = ["ab", "acd", "abcd"]
    assert [whole.tokenize(text) for text in texts] == [["ab"], ["a", "##cd"], ["[UNK]"]]
    vocabulary = made(whole, texts)
    assert [vocabulary.tokenizer.tokenize(text) for text in texts] == [["ab"], ["a", "##cd"], ["[UNK]"]]
    assert vocabulary.kept == tuple(range(7))


def test_a_word_that_is_cut_off_keeps_the_tokens_before_the_cut():
    """``b`` and ``c`` join first, so that ``a`` stands alone; without their token it would join ``b`` instead."""
    pieces = {token: number for number, token in enumerate(["<unk>", "a", "b", "c", "bc", "ab"])}
    backend = Tokenizer(models.BPE(pieces, [("b", "c"), ("a", "b")], unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    whole = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", pad_token="<unk>")
    texts = ["ab", "abc"]
    assert whole.tokenize("abc") == ["a", "bc"]
    vocabulary = made(whole, texts, limit=1)
    assert [vocabulary.tokenizer.tokenize(text) for text in texts] == [["ab"], ["a", "bc"]]


def test_texts_that_cannot_keep_their_tokens_are_refused(tokenizer):
    calls = []

    def read(reader, whole):
        calls.append(reader)
        return [np.asarray([0, 1], dtype=np.int32) if reader is tokenizer else np.asarray([1, 0], dtype=np.int32)]

    message = (
        "student.vocabulary=corpus: with fewer tokens the tokenizer of FOLDER reads 1 texts otherwise that use no "
        "others; allowed is all"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        corpus_vocabulary(VocabularySpec("corpus"), tokenizer, "FOLDER", read)
    assert sum(reader is not tokenizer for reader in calls) == 3


def test_renumbered_tokens_are_those_of_the_new_tokenizer(tokenizer):
    vocabulary = made(tokenizer, TEXTS[:2])
    (before,), (after,) = (reads(TEXTS[:1])(reader, False) for reader in (tokenizer, vocabulary.tokenizer))
    np.testing.assert_array_equal(vocabulary.renumber(before), after)
    assert vocabulary.renumber(reads(TEXTS[3:4])(tokenizer, False)[0]) is None


def test_a_token_counts_by_how_often_it_is_met_and_a_little():
    texts = [np.asarray(ids, dtype=np.int32) for ids in ([1, 1, 3], [1])]
    assert count_weights(texts, 5).tolist() == [1, 4, 1, 2, 1]
