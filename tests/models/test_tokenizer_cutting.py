"""Tokenizers with fewer tokens, of each kind, on random texts."""

# ruff: noqa: S106

import re

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from distill.errors import ModelError
from distill.models.subwords import longest_matches
from distill.models.tokenizer_cutting import Pieces, closed, refuse_uncuttable
from distill.models.tokenizer_training import train_bytes, train_wordpiece

LETTERS = "aabbbccdefgé"


def random_texts(seed, count=150, letters=LETTERS):
    """Texts of made-up words, some of them often."""
    random = np.random.default_rng(seed)
    words = ["".join(random.choice(list(letters), random.integers(1, 9))) for _ in range(80)]
    return [" ".join(random.choice(words, random.integers(1, 8))) for _ in range(count)]


TEXTS = random_texts(0, 400)


def wrapped(tokenizer, **names):
    """As transformers has it, with a beginning and an end around each text."""
    ends = [(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> $B </s>", ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>", **names
    )


SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=150, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    return wrapped(tokenizer)


def pairs_with_ends():
    """Byte-pair encoding of characters, in which a mark ends words, as in CLIP and the first GPT."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.normalizer, tokenizer.decoder = normalizers.Lowercase(), decoders.BPEDecoder()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=200, special_tokens=SPECIAL, end_of_word_suffix="</w>", show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return wrapped(tokenizer)


def pairs_with_bytes():
    """Byte-pair encoding of characters with bytes for what has no token, as in Llama."""
    alphabet = [f"<0x{number:02X}>" for number in range(256)]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=450, special_tokens=[*SPECIAL, *alphabet], show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    return wrapped(tokenizer)


KINDS = {
    "wordpiece": lambda: train_wordpiece(TEXTS, vocab_size=200, max_length=64),
    "bytes": lambda: train_bytes(TEXTS, vocab_size=420, max_length=64),
    "pairs with ends": pairs_with_ends,
    "pairs with bytes": pairs_with_bytes,
    "unigram": unigram,
}


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    return KINDS[request.param]()


def tokens_of(tokenizer, texts):
    return [tokenizer.convert_ids_to_tokens(ids) for ids in tokenizer(texts)["input_ids"]]


def used_by(tokenizer, texts):
    return {number for ids in tokenizer(texts)["input_ids"] for number in ids}


@pytest.mark.parametrize("seed", range(4))
def test_texts_that_use_kept_tokens_alone_keep_them(tokenizer, seed):
    corpus, others = TEXTS[seed::40], [*TEXTS, *random_texts(seed + 10)]
    pieces = Pieces(tokenizer)
    kept = closed(pieces, used_by(tokenizer, corpus))
    assert len(kept) < len(tokenizer)
    cut = pieces.cut(kept)
    assert tokens_of(cut, corpus) == tokens_of(tokenizer, corpus)
    left = cut.get_vocab().keys()
    unchanged = [text for text in others if set(tokenizer.tokenize(text)) <= left]
    assert len(corpus) <= len(unchanged) < len(others)
    assert tokens_of(cut, unchanged) == tokens_of(tokenizer, unchanged)


def test_any_text_still_has_tokens_that_spell_it(tokenizer):
    pieces = Pieces(tokenizer)
    cut = pieces.cut(closed(pieces, []))
    texts = random_texts(7)
    assert tokenizer.unk_token not in {token for tokens in tokens_of(cut, texts) for token in tokens}
    assert [cut.decode(ids, skip_special_tokens=True) for ids in cut(texts)["input_ids"]] == [
        tokenizer.decode(ids, skip_special_tokens=True) for ids in tokenizer(texts)["input_ids"]
    ]


def test_tokens_are_numbered_anew_in_their_order(tokenizer):
    pieces = Pieces(tokenizer)
    kept = sorted(closed(pieces, used_by(tokenizer, TEXTS[:10])))
    cut = pieces.cut(kept)
    assert cut.convert_ids_to_tokens(list(range(len(cut)))) == tokenizer.convert_ids_to_tokens(kept)
    assert cut.special_tokens_map == tokenizer.special_tokens_map
    pair, whole = (reader(TEXTS[0], TEXTS[1])["input_ids"] for reader in (cut, tokenizer))
    assert [kept[number] for number in pair] == whole


def test_what_is_saved_is_read_alike(tokenizer, tmp_path):
    cut = Pieces(tokenizer).cut(closed(Pieces(tokenizer), used_by(tokenizer, TEXTS[:10])))
    cut.save_pretrained(tmp_path)
    for loaded in (AutoTokenizer.from_pretrained(tmp_path), Tokenizer.from_file(str(tmp_path / "tokenizer.json"))):
        encoded = [loaded.encode(text) for text in TEXTS[:30]]
        assert [getattr(each, "ids", each) for each in encoded] == cut(TEXTS[:30])["input_ids"]


def test_each_token_can_still_be_joined_from_characters():
    tokenizer = train_bytes(TEXTS, vocab_size=420, max_length=64)
    pieces = Pieces(tokenizer)
    kept = closed(pieces, used_by(tokenizer, TEXTS[:5]))
    backend = pieces.cut(kept).backend_tokenizer
    backend.pre_tokenizer, backend.post_processor = None, None
    names = [tokenizer.convert_ids_to_tokens(number) for number in sorted(kept) if number > 3]
    assert [backend.encode(name).tokens for name in names] == [[name] for name in names]


def test_a_vocabulary_is_filled_up_with_what_is_most_frequent(tokenizer):
    pieces = Pieces(tokenizer)
    few, more = closed(pieces, []), closed(pieces, [], len(closed(pieces, [])) + 12)
    assert len(more) == len(few) + 12
    added = [number for number in pieces.by_frequency if number in more - few]
    assert sorted(added, key=pieces.by_frequency.index) == added
    assert max(map(pieces.by_frequency.index, added)) < 12 + len(few) + 20
    assert closed(pieces, [], 1) == few


def test_reserved_pieces_fill_nothing_up():
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "[unused0]": 1, "a": 2, "ab": 3}, unk_token="[UNK]"))
    wide = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[UNK]")
    assert closed(Pieces(wide), [], 3) == {0, 2, 3}


def test_pieces_behind_an_unknown_word_are_found():
    vocabulary = {"[UNK]": 0, "a": 1, "##b": 2, "abc": 3, "##cd": 4, "ab": 5}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    wide = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[UNK]")
    pieces = Pieces(wide)
    assert wide.tokenize("abcd") == ["[UNK]"]
    cut = pieces.cut(closed(pieces, [4, 5]))
    assert cut.tokenize("abcd") == ["ab", "##cd"]
    assert pieces.on_the_way(["ab", "##cd"]) == {vocabulary["abc"]}
    assert longest_matches("abcd", vocabulary, "##") == ["abc"]


def test_merges_that_are_left_are_those_of_kept_tokens():
    pieces = Pieces(train_bytes(TEXTS, vocab_size=420, max_length=64))
    cut = Pieces(pieces.cut(closed(pieces, used_by(pieces.tokenizer, TEXTS[:5]))))
    merges = [tuple(pair) for pair in cut.content["model"]["merges"]]
    whole = [tuple(pair) for pair in pieces.content["model"]["merges"]]
    assert merges == [pair for pair in whole if {*pair, "".join(pair)} <= cut.numbers.keys()]
    assert 0 < len(merges) < len(whole)


def test_an_unknown_kind_is_refused():
    words = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    message = (
        "the teacher: its tokenizer is of the kind WordLevel; allowed are tokenizers of the kinds WordPiece, BPE, "
        "Unigram with a tokenizer.json"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        refuse_uncuttable(PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>"), "the teacher")
