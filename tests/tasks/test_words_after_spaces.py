"""Words of a sentence read by byte-level tokenizers like RoBERTa's: as they are within a text, never glued together."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from distill.tasks import EncodingSpec, task

TASK = task("token_classification")
TEXTS = ["the tower of Paris was built by engineers in 1889 , near the river", "nobody in Zürich knows that tower ."]


@pytest.fixture(params=[True, False], ids=["with a space in front", "without"])
def roberta(request, tmp_path):
    """Byte pairs between ``<s>`` and ``</s>``, learnt alike, that put a space before a text or do not."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=340, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(TEXTS, trainer)
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=request.param)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=request.param)
    names = {"bos": "<s>", "eos": "</s>", "cls": "<s>", "sep": "</s>", "pad": "<pad>", "unk": "<unk>", "mask": "<mask>"}
    tokens = {f"{name}_token": token for name, token in names.items()}
    PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=64, **tokens).save_pretrained(tmp_path)
    return AutoTokenizer.from_pretrained(tmp_path)


def plain(tokenizer, words):
    """The text's pieces, each word after a space."""
    return [piece for word in words for piece in tokenizer(f" {word}", add_special_tokens=False)["input_ids"]]


def encoded(tokenizer, *sentences, **form):
    rows = {"tokens": [list(words) for words in sentences], "key": list(range(len(sentences)))}
    return TASK.encode(rows, tokenizer, EncodingSpec(("O", "B-X"), **form))


def test_a_sentence_is_read_as_its_text_is(roberta):
    words = TEXTS[0].split()
    features = encoded(roberta, words, max_length=64)
    (ids,) = features["input_ids"]
    assert ids == [0, *plain(roberta, words), 2]
    assert ids[2:-1] == roberta(TEXTS[0])["input_ids"][-len(ids[2:]) : -1]
    starts = [len(plain(roberta, words[:number])) + 1 for number in range(len(words))]
    assert features["positions"] == [starts]
    assert roberta.decode(ids[1:-1]).strip() == TEXTS[0]


def test_every_window_of_a_long_sentence_is_read_as_its_part_of_the_text(roberta):
    words = TEXTS[0].split() * 5
    features = encoded(roberta, words, max_length=16, stride=6)
    assert len(features["key"]) > 3
    answered = []
    for ids, first, places in zip(features["input_ids"], features["first"], features["positions"], strict=True):
        assert len(ids) <= 16
        for number, place in enumerate(places, first):
            pieces = plain(roberta, words[number : number + 1])
            assert ids[place : place + len(pieces)] == pieces
            answered.append(number)
    assert answered == list(range(len(words)))


def test_capitals_other_scripts_and_what_was_never_seen_keep_their_words(roberta):
    words = ["Zürich", "東京", "\u200b", "😀", "don't", "<s>", "tower"]
    features = encoded(roberta, words, max_length=64)
    assert features["count"] == [len(words)]
    (places,) = features["positions"]
    assert places == sorted(set(places))
