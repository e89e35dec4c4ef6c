import os
import subprocess
import sys
from pathlib import Path

import pytest

from distill.models.tokenizer_training import train, train_bytes, train_wordpiece
from distill.tasks import EncodingSpec, task

ROOT = Path(__file__).parents[2]
CHINESE = [
    "这座塔是由工程师建造的。",
    "她从一个小村庄搬到了首都因为那里有大学。",
    "柏林的一个委员会拒绝了法国政府的提案。",
]
MIXED = [
    "The tower of Zürich was built",
    "naïve engineers rebuilt the towers",
    "ひらがなとカタカナ",
    "한국어 문장",
    *CHINESE,
]
DIGEST = """
import hashlib, sys
from distill.models.tokenizer_training import train
texts = sys.argv[1].split("|")
for family in ("encoder", "decoder"):
    made = train(family, texts, vocab_size=400, max_length=32)
    print(family, len(made), hashlib.sha256(made.backend_tokenizer.to_str().encode()).hexdigest())
"""


def test_the_same_texts_give_the_same_tokenizers_in_every_process():
    running = [
        subprocess.Popen(
            [sys.executable, "-c", DIGEST, "|".join(MIXED)], text=True, stdout=subprocess.PIPE, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )
        for seed in ("0", "77")
    ]  # fmt: skip
    one, other = (process.communicate(timeout=120)[0] for process in running)
    assert "encoder" in one
    assert one == other


@pytest.mark.parametrize("text", [*MIXED, "never seen: 🗼 Ω \u200b\u0301", "two  spaces\tand\nlines", "[SEP] </x>"])
def test_a_byte_level_tokenizer_gives_every_text_back(text):
    tokenizer = train_bytes(MIXED, vocab_size=400, max_length=32)
    ids = tokenizer(text)["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids, skip_special_tokens=True).removeprefix(" ") == text


def test_a_pair_of_texts_has_an_end_token_after_each():
    tokenizer = train_bytes(MIXED, vocab_size=400, max_length=32)
    ids = tokenizer("the tower", "engineers")["input_ids"]
    assert ids == tokenizer("the tower")["input_ids"] + tokenizer("engineers")["input_ids"]


def test_chinese_is_read_character_by_character_and_classified():
    tokenizer = train_wordpiece(CHINESE, vocab_size=200, max_length=32)
    rows = {"text": CHINESE, "label": [0, 1, 0], "key": [1, 2, 3]}
    features = task("classification").encode(rows, tokenizer, EncodingSpec(("a", "b"), max_length=32))
    for ids, text in zip(features["input_ids"], CHINESE, strict=True):
        assert tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", *text, "[SEP]"]
    assert features["targets"] == [[0], [1], [0]]


def test_an_encoder_reads_small_letters_without_accents_or_all_as_they_are():
    small, cased = (train("encoder", MIXED, vocab_size=300, max_length=32, lowercase=each) for each in (True, False))
    assert small("Zürich")["input_ids"] == small("zurich")["input_ids"]
    assert cased("Zürich")["input_ids"] != cased("zurich")["input_ids"]
    assert cased.decode(cased("Zürich")["input_ids"], skip_special_tokens=True) == "Zürich"


@pytest.mark.parametrize("family", ["encoder", "encoder-decoder", "decoder"])
def test_special_tokens_and_the_limit_survive_saving(family, tmp_path):
    from distill.models import loading

    made = train(family, MIXED, vocab_size=400, max_length=17)
    made.save_pretrained(tmp_path)
    again = loading.load_tokenizer(tmp_path)
    assert again.model_max_length == 17
    assert again.special_tokens_map == made.special_tokens_map
    for text in MIXED:
        assert again(text)["input_ids"] == made(text)["input_ids"]
    assert len(again) == len(made)
