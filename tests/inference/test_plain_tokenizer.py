"""The tokenizer of ``tokenizers`` alone makes of any text what that of transformers makes."""

import json
import os
import re
from pathlib import Path

import pytest
from predicted import TEXTS, inputs, of_python
from tokenizer_kinds import KINDS

from distill.errors import ModelError
from distill.inference.plain_tokenizer import PlainTokenizer
from distill.models import loading
from distill.models.tokenizer_training import train
from distill.tasks import EncodingSpec, task

HOSTILE = [
    "the [SEP] tower [PAD] of <s> Paris </s> <|endoftext|> [UNK] <mask> <pad>",
    "\x00 \x01\x1b[31m \u200b\u200d \ufeff \ufffd \r\n\t x",
    "👩‍👩‍👧‍👦 🇩🇪 é e\u0301 ﬁ Ⅷ ½ ß İ 東京タワー مرحبا",
    "w" * 300 + " " + "ab" * 90,
    " leading and trailing  spaces ",
    ".", "a",
    " ".join(TEXTS * 4),
]  # fmt: skip
WORDS = [[*text.split(" ")] for text in HOSTILE]
PARENT = os.environ.get("DISTILL_TOKENIZER")
"""A folder with the tokenizer of a pretrained model, to be compared as well."""


def exported(made, folder, markers=()):
    """A folder with a tokenizer as an export leaves it, and that of transformers."""
    made.save_pretrained(folder / "model")
    loading.load_tokenizer(folder / "model", markers).save_pretrained(folder / "trained")
    loading.load_tokenizer(folder / "trained").save_pretrained(folder / "exported")
    return folder / "exported", loading.load_tokenizer(folder / "exported", markers)


def examples(name):
    """Columns of a task in whose texts is what breaks tokenizers, and the usual ones."""
    marked = [f"{text} <e1>x{text[:2]}</e1> and <e2>t {number}</e2> {text}" for number, text in enumerate(HOSTILE)]
    values = {
        "text": marked if name == "relation_extraction" else HOSTILE,
        "pair": HOSTILE[::-1],
        "tokens": WORDS,
        "context": [f"{text[:150]} {TEXTS[0]}" for text in HOSTILE],
        "question": [text[:30] for text in HOSTILE[::-1]],
    }
    more = inputs(name)[:3]
    columns = {role: [*values[role], *(row[role] for row in more)] for role in task(name).inputs}
    return {**columns, "key": list(range(len(HOSTILE) + len(more)))}


READING = [
    "classification", "pair_classification", "token_classification", "relation_extraction", "question_answering",
]  # fmt: skip


def compared(name, folder, tokenizer):
    plain = PlainTokenizer.read(folder, tokenizer.model_input_names, task(name).markers)
    for length in (40, 64):
        form = EncodingSpec(max_length=length, stride=6)
        wanted = task(name).encode(examples(name), tokenizer, form)
        assert task(name).encode(examples(name), plain, form) == wanted
    assert (plain.pad_token_id, plain.all_special_tokens) == (tokenizer.pad_token_id, tokenizer.all_special_tokens)


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("kind", KINDS)
def test_features_are_those_of_transformers(kind, name, tmp_path):
    folder, tokenizer = exported(KINDS[kind](), tmp_path, task(name).markers)
    compared(name, folder, tokenizer)


@pytest.mark.skipif(PARENT is None, reason="DISTILL_TOKENIZER names no folder")
@pytest.mark.parametrize("name", READING)
def test_features_of_a_pretrained_tokenizer_are_those_of_transformers(name, tmp_path):
    folder, tokenizer = exported(loading.load_tokenizer(Path(PARENT)), tmp_path, task(name).markers)
    compared(name, folder, tokenizer)


def test_several_threads_may_cut_texts_otherwise_at_a_time(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    folder, _ = exported(KINDS["bert"](), tmp_path)
    plain = PlainTokenizer.read(folder, ("input_ids",))
    long = ["the tower of Paris " * 30] * 20
    with ThreadPoolExecutor(4) as pool:
        lengths = [*range(8, 24)] * 2
        read = pool.map(lambda most: plain(long, truncation=True, max_length=most)["input_ids"], lengths)
        assert [{len(ids) for ids in some} for some in read] == [{most} for most in lengths]


def refused(folder, message, markers=()):
    with pytest.raises(ModelError, match=f"^{re.escape(message)}"):
        PlainTokenizer.read(folder, ("input_ids",), markers)


def test_a_tokenizer_that_takes_more_than_its_file_is_refused(tmp_path):
    train("encoder", TEXTS, vocab_size=330, max_length=48).save_pretrained(tmp_path)
    way = "format=torch reads it with transformers"
    refused(tmp_path, f"{tmp_path}/tokenizer.json has no token <e1>, which marks an entity; {way}", ("<e1>",))
    whole = (tmp_path / "tokenizer_config.json").read_text()
    settings = json.loads(whole)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({**settings, "pad_token": None}))
    refused(tmp_path, f"{tmp_path}: its tokenizer has no padding token; name one as pad_token in tokenizer_config.json")
    (tmp_path / "tokenizer_config.json").write_text(whole)
    of_python(tmp_path)
    refused(
        tmp_path,
        f"{tmp_path} has no tokenizer.json: its tokenizer cannot be read by the library tokenizers alone; {way}",
    )
    (tmp_path / "tokenizer.json").write_text("{}")
    refused(tmp_path, f"{tmp_path}/tokenizer.json cannot be read by the library tokenizers alone (")
