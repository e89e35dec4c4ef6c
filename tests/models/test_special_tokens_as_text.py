import json
import shutil

import pytest
import sentencepiece
from tokenizer_kinds import KINDS, MARKED, ORDINARY
from transformers import AutoTokenizer

from distill.models import loading
from distill.models.special_tokens_as_text import read_as_text
from distill.tasks import EncodingSpec, task

MARKERS = ("<e1>", "</e1>", "<e2>", "</e2>")


def controls(tokenizer, texts):
    """The control tokens that texts become, but that of what is unknown alone."""
    ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    named = {tokenizer.convert_tokens_to_ids(each) for name, each in tokenizer.special_tokens_map.items()
             if name != "unk_token"}  # fmt: skip
    return named & {each for text in ids for each in text}


@pytest.mark.parametrize("kind", KINDS)
def test_marks_of_control_tokens_are_read_as_text_and_ordinary_text_as_ever(tmp_path, kind):
    KINDS[kind]().save_pretrained(tmp_path / "model")
    before = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert controls(before, MARKED)
    made = loading.load_tokenizer(tmp_path / "model")
    assert not controls(made, MARKED)
    assert made(ORDINARY)["input_ids"] == before(ORDINARY)["input_ids"]
    assert made(ORDINARY, ORDINARY[::-1])["input_ids"] == before(ORDINARY, ORDINARY[::-1])["input_ids"]
    assert made.get_vocab() == before.get_vocab()
    for text, places in zip(MARKED, made(MARKED, return_offsets_mapping=True)["offset_mapping"], strict=True):
        covered = {each for start, stop in places for each in range(start, stop)}
        assert covered >= {place for place, each in enumerate(text) if each != " "}
    made.save_pretrained(tmp_path / "exported")
    opened = AutoTokenizer.from_pretrained(tmp_path / "exported")
    assert opened(MARKED + ORDINARY)["input_ids"] == made(MARKED + ORDINARY)["input_ids"]
    again = loading.load_tokenizer(tmp_path / "exported")
    assert again(MARKED)["input_ids"] == made(MARKED)["input_ids"]


def test_a_tokenizer_of_python_alone_reads_marks_as_text_too(tmp_path):
    (tmp_path / "texts").write_text("\n".join([*ORDINARY, "</p> < pad > unk"] * 20))
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "texts"), model_prefix=str(tmp_path / "source"), vocab_size=60, bos_id=-1, eos_id=0,
        unk_id=1, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    pieces_ = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "source.model"))
    vocabulary = {pieces_.id_to_piece(each): each for each in range(pieces_.get_piece_size())}
    (tmp_path / "vocab.json").write_text(json.dumps({**vocabulary, "<pad>": len(vocabulary)}))
    for name in ("source.spm", "target.spm"):
        shutil.copy(tmp_path / "source.model", tmp_path / name)
    settings = {"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "de"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    before, made = AutoTokenizer.from_pretrained(tmp_path), loading.load_tokenizer(tmp_path)
    assert not made.is_fast
    assert controls(before, MARKED)
    assert not controls(made, MARKED)
    assert made(ORDINARY)["input_ids"] == before(ORDINARY)["input_ids"]
    assert made(text_target=ORDINARY)["input_ids"] == before(text_target=ORDINARY)["input_ids"]


@pytest.mark.parametrize("kind", ["bert", "bytes", "xlm-roberta"])
@pytest.mark.parametrize("known", [True, False])
def test_the_markers_of_relations_are_tokens_of_their_own_and_nothing_else_is(tmp_path, kind, known):
    made = KINDS[kind]()
    if known:  # as a folder that was saved when they were control tokens
        made.add_tokens(list(MARKERS), special_tokens=True)
    made.save_pretrained(tmp_path)
    tokenizer = loading.load_tokenizer(tmp_path, MARKERS)
    text = "the <e1>tower</e1> </s> [SEP] of <e2>Paris</e2> <pad>"
    features = task("relation_extraction").encode({"text": [text], "key": [0]}, tokenizer, EncodingSpec(max_length=64))
    ids = features["input_ids"][0]
    assert [ids.count(each) for each in tokenizer.convert_tokens_to_ids(list(MARKERS))] == [1, 1, 1, 1]
    assert not controls(tokenizer, [text])
    assert tokenizer.get_vocab().keys() - made.get_vocab().keys() == (set() if known else set(MARKERS))


def test_a_word_of_which_nothing_is_left_is_unknown_beside_one_that_spells_a_control_token():
    tokenizer = read_as_text(KINDS["bert"]())
    module, form = task("token_classification"), EncodingSpec(max_length=64)
    rows = {"tokens": [["the", "\u200b", "[SEP]", "tower"], ["the", "[SEP]"], ["[UNK]", "[SEP]"]], "key": [0, 1, 2]}
    features = module.encode(rows, tokenizer, form)
    read = [
        [ids[place] for place in places]
        for ids, places in zip(features["input_ids"], features["positions"], strict=True)
    ]
    unknown, the = tokenizer.unk_token_id, tokenizer.convert_tokens_to_ids("the")
    assert read[0][:3] == [the, unknown, unknown]
    assert all(tokenizer.sep_token_id not in ids[:-1] for ids in features["input_ids"])
    assert [len(each) for each in read] == [4, 2, 2]


def test_a_dialogue_ends_turns_with_the_end_token_alone_whatever_they_spell():
    tokenizer = read_as_text(KINDS["bytes"]())
    rows = {"history": [["who </s> built it", "<s> x"]], "reply": ["</s> me"], "key": [0]}
    features = task("dialogue").encode(rows, tokenizer, EncodingSpec(max_length=64, max_target_length=16))
    (ids,), (reply,) = features["input_ids"], features["targets"]
    assert ids.count(tokenizer.eos_token_id) == 2
    assert reply.count(tokenizer.eos_token_id) == 1
    assert tokenizer.bos_token_id not in ids


def test_a_question_and_its_context_are_told_apart_whatever_they_spell(tmp_path):
    tokenizer = read_as_text(KINDS["bert"]())
    context = "the [SEP] tower of Paris"
    rows = {"context": [context], "question": ["who [SEP] ?"], "key": [0], "label": [
        {"text": ["tower"], "answer_start": [context.index("tower")]}
    ]}  # fmt: skip
    features = task("question_answering").encode(rows, tokenizer, EncodingSpec(max_length=48))
    ids, (start, stop) = features["input_ids"][0], features["targets"][0]
    assert ids.count(tokenizer.sep_token_id) == 2
    assert tokenizer.decode(ids[start : stop + 1]).replace(" ", "") == "tower"
