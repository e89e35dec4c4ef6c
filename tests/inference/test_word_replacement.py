"""Words are replaced by a real masked language model, small and with weights of chance, that knows few words whole."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from distill.data.augmentation import split
from distill.inference.word_replacement import WordReplacer

WORDS = ("rain", "snow", "fell", "rises", "the", "river", "on", "hill")


@pytest.fixture(scope="module")
def replacer(tmp_path_factory):
    file = tmp_path_factory.mktemp("words") / "vocab.txt"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "un", "##known", ".", "7"]
    file.write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(file))
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **size))
    return WordReplacer(model, tokenizer, candidates=3, max_length=12)


def draws(count):
    return [np.random.default_rng((0, number)) for number in range(count)]


def test_candidates_are_words_of_letters_that_are_one_token(replacer):
    assert set(replacer.words.values()) == {*WORDS, "un"}


def test_only_words_of_one_token_are_replaced_and_the_rest_stays(replacer):
    texts = [split("The rain fell, unknown 7."), split("unknown")] * 20
    new = replacer.replaced(texts, 0.5, draws(40))
    for before, after in zip(texts, new, strict=True):
        assert len(before) == len(after)
        assert [word[len(word.rstrip()) :] for word in before] == [word[len(word.rstrip()) :] for word in after]
        assert before[3:] == after[3:], "a comma, a word of two tokens, and a number"
        assert all(
            one == other or other.strip() in replacer.words.values() for one, other in zip(before, after, strict=True)
        )
    changed = [sum(one != other for one, other in zip(*pair, strict=True)) for pair in zip(texts, new, strict=True)]
    assert all(count > 0 for count in changed[::2])
    assert not any(changed[1::2])


def test_a_word_is_drawn_among_the_likeliest_and_never_itself(replacer):
    text = ["rain ", "fell "]
    drawn = {tuple(replacer.replaced([text], 0.01, [draw])[0]) for draw in draws(60)}
    assert tuple(text) not in drawn
    assert 3 <= len(drawn) <= 6, "three candidates for either word"


def test_the_same_draws_give_the_same_words_in_any_batch(replacer):
    texts = [split("rain fell on the hill ."), split("the river rises")]
    together = replacer.replaced(texts, 0.5, draws(2))
    assert together == [replacer.replaced([text], 0.5, [draw])[0] for text, draw in zip(texts, draws(2), strict=True)]
    assert replacer.replaced([["rain"] * 40], 0.5, draws(1))[0][12:] == ["rain"] * 28, "what is not read stays"
