import json
import re
from types import SimpleNamespace

import pytest
import sentencepiece
import torch
from run_parts import spec_of
from transformers import (
    BartConfig,
    DebertaV2Config,
    GPT2Config,
    MarianConfig,
    MT5Config,
    T5Config,
    XLMRobertaConfig,
)

from distill.config.schema import Config
from distill.errors import ModelError
from distill.inference.generation import write
from distill.models import checkpoint_fitting, loading, tokenizer_checks
from distill.models.tokenizer_training import train_bytes, train_wordpiece
from distill.tasks import EncodingSpec, task

TEXTS = ["the tower of Paris stands near the river", "who built it ?", "a small dog runs over the green hill"] * 5
SIZE = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """What SentencePiece's own trainer writes, with the end of a text where T5 has it or where others do."""
    folder = tmp_path_factory.mktemp("pieces")
    (folder / "texts.txt").write_text("\n".join(TEXTS))
    of_t5 = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
    for name, ids in {"t5": of_t5, "others": {}}.items():
        sentencepiece.SentencePieceTrainer.train(
            input=str(folder / "texts.txt"),
            model_prefix=str(folder / name),
            vocab_size=60,
            minloglevel=2,
            hard_vocab_limit=False,
            **ids,
        )
    return {name: (folder / f"{name}.model").read_bytes() for name in ("t5", "others")}


def marian(folder, pieces):
    """Marian's two files of pieces, and the numbers that its words have in both."""
    names = sentencepiece.SentencePieceProcessor(model_proto=pieces["others"])
    words = [names.id_to_piece(number) for number in range(names.get_piece_size())]
    order = ["</s>", "<unk>", *(word for word in words if word not in ("<s>", "</s>", "<unk>")), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(order)}))
    (folder / "target.spm").write_bytes(pieces["others"])


KINDS = {
    "marian": (MarianConfig(), "others", "source.spm", {"source_lang": "de", "target_lang": "en"}),
    "xlm-roberta": (XLMRobertaConfig(), "others", "sentencepiece.bpe.model", {}),
    "t5": (T5Config(), "t5", "spiece.model", {"extra_ids": 4}),
    "mt5": (MT5Config(), "t5", "spiece.model", {"extra_ids": 0, "tokenizer_class": "T5Tokenizer"}),
    "deberta-v2": (DebertaV2Config(), "others", "spm.model", {"do_lower_case": False, "vocab_type": "spm"}),
}


def checkpoint(folder, name, pieces):
    config, which, file, told = KINDS[name]
    folder.mkdir()
    config.save_pretrained(folder)
    (folder / file).write_bytes(pieces[which])
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    if name == "marian":
        marian(folder, pieces)
    return folder


ENDS = {"marian": "</s>", "xlm-roberta": "</s>", "t5": "</s>", "mt5": "</s>", "deberta-v2": "[SEP]"}


@pytest.mark.parametrize("name", KINDS)
def test_a_tokenizer_of_pieces_alone_is_read_encodes_and_survives_saving(tmp_path, pieces, name):
    asked = "translation" if name in ("marian", "t5", "mt5") else "token_classification"
    sources, module = (
        spec_of(Config(task=asked), SimpleNamespace(labels=(), unanswerable=False, splits={}, labelled={})).sources,
        task(asked),
    )
    read = sources.tokenizer(checkpoint(tmp_path / "model", name, pieces))
    rows = {
        "translation": {"source": TEXTS[:3], "target": TEXTS[1:4], "key": [0, 1, 2]},
        "token_classification": {"tokens": [text.split() for text in TEXTS[:3]], "key": [0, 1, 2]},
    }[asked]
    features = module.encode(rows, read, EncodingSpec(max_length=64))
    assert read.unk_token_id not in features["input_ids"][0]
    assert features["input_ids"][0][-1] == read.convert_tokens_to_ids(ENDS[name])
    text = read.decode(features["input_ids"][0], skip_special_tokens=True)
    assert text.strip() == TEXTS[0]
    read.save_pretrained(tmp_path / "made")
    KINDS[name][0].save_pretrained(tmp_path / "made")
    again = sources.tokenizer(tmp_path / "made")
    assert module.encode(rows, again, EncodingSpec(max_length=64)) == features
    assert again.get_vocab() == read.get_vocab()


@pytest.mark.parametrize("name", KINDS)
def test_pieces_that_are_none_are_named_without_advice(tmp_path, pieces, name):
    folder = checkpoint(tmp_path / "model", name, pieces)
    file = KINDS[name][2]
    (folder / file).write_bytes(b"this is no model of pieces, whatever it is called" * 9)
    with refused(
        f"{folder}: its tokenizer cannot be loaded: {file} is no model of SentencePiece; fetch or copy it again"
    ):
        loading.load_tokenizer(folder)


def test_a_missing_file_of_pieces_is_said_by_what_is_there(tmp_path, pieces):
    folder = checkpoint(tmp_path / "model", "marian", pieces)
    (folder / "target.spm").unlink()
    with pytest.raises(ModelError) as error:
        loading.load_tokenizer(folder)
    begins = f"{folder}: its tokenizer cannot be loaded: of source.spm, vocab.json alone none can be made ("
    ends = "); give all of its files, or a tokenizer.json, which saving it with transformers writes"
    assert re.fullmatch(re.escape(begins) + "[^()]+" + re.escape(ends), str(error.value))


@pytest.fixture
def wordpiece(tmp_path):
    folder = tmp_path / "model"
    DebertaV2Config().save_pretrained(folder)
    train_wordpiece(TEXTS, vocab_size=60, max_length=32).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    "content", ["{", "{}", '{"model": {"type": "none"}}', '{"version": "1.0", "added_tokens": [3]}']
)
def test_a_tokenizer_that_is_none_is_named_without_advice(wordpiece, content):
    (wordpiece / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError) as error:
        loading.load_tokenizer(wordpiece)
    begins = re.escape(f"{wordpiece}: its tokenizer cannot be loaded: tokenizer.json is no tokenizer (")
    assert re.fullmatch(begins + r"[^()]*\); fetch or copy it again", str(error.value))
    assert not re.search("install|use_fast|huggingface.co|private", str(error.value))


@pytest.mark.parametrize("told", [{}, {"tokenizer_class": "PreTrainedTokenizerFast"}])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{\n"model_type": "bert",\n}', r"it is no JSON \(.+: line \d column \d+ \(char \d+\)\)"),
        ("[1]", "it is a JSON array, not an object"),
    ],
)
def test_a_configuration_is_named_where_it_is_to_blame(wordpiece, told, content, said):
    (wordpiece / "config.json").write_text(content)
    (wordpiece / "tokenizer_config.json").write_text(json.dumps(told))
    with pytest.raises(ModelError, match=f"^{re.escape(str(wordpiece))}/config.json cannot be read: {said}$"):
        loading.load_tokenizer(wordpiece)


def test_a_package_that_a_tokenizer_alone_asks_for_is_named(wordpiece):
    (wordpiece / "tokenizer.json").unlink()
    (wordpiece / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")
    told = {"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab"}
    (wordpiece / "tokenizer_config.json").write_text(json.dumps(told))
    with refused(
        f"{wordpiece}: its tokenizer cannot be loaded: it asks for a package that is not there (You need to install "
        "fugashi to use MecabTokenizer)"
    ):
        loading.load_tokenizer(wordpiece)


@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"])
def test_what_says_more_of_a_tokenizer_must_be_an_object(wordpiece, name):
    (wordpiece / name).write_text("[]")
    with refused(f"{wordpiece / name} cannot be read: it is a JSON array, not an object"):
        loading.load_tokenizer(wordpiece)


def test_a_chat_template_is_not_rendered(wordpiece):
    (wordpiece / "chat_template.jinja").write_text("{{ raise_exception('rendered') }}{% for")
    loading.load_tokenizer(wordpiece)


# Ends


def bytes_of(folder, eos="</s>"):
    made = train_bytes(TEXTS, vocab_size=300, max_length=32)
    made.eos_token = eos
    made.save_pretrained(folder)
    return loading.load_tokenizer(folder)


BART = {
    "vocab_size": 300, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 32,
    "pad_token_id": 0, "bos_token_id": 1,
}  # fmt: skip


def test_texts_that_do_not_end_where_the_head_of_an_encoder_decoder_looks_are_refused(tmp_path):
    head, tokenizer = "AutoModelForSequenceClassification", bytes_of(tmp_path)

    def look(config):
        tokenizer_checks.refuse_strange_tokens(tmp_path, tokenizer, config, 300, head=head, finished=True)

    look(BartConfig(eos_token_id=2, **BART))
    said = (
        f"{tmp_path}: config.json says that a text ends in the token {{}} (eos_token_id), its tokenizer ends it in 2 "
        "('</s>'); give both the same one"
    )
    for end in (5, None):
        with refused(said.format(end)):
            look(BartConfig(eos_token_id=end, **BART))
    look(GPT2Config(eos_token_id=5))  # whose head reads what stands before the padding


def test_a_dialogue_needs_a_token_that_ends_a_turn(tmp_path):
    tokenizer = bytes_of(tmp_path, eos=None)
    with refused(f"{tmp_path}: its tokenizer has no end token to end a turn with; name one as eos_token"):
        tokenizer_checks.refuse_strange_tokens(
            tmp_path, tokenizer, GPT2Config(), 300, head="AutoModelForCausalLM", finished=False
        )


@pytest.mark.parametrize(("named", "after"), [(7, 2), ([7, 3], [2, 3]), (None, 2), (2, 2), ([3, 2], [3, 2])])
def test_a_model_stops_where_its_tokenizer_ends_a_text(tmp_path, named, after):
    """Token 7 is a usual one of the tokenizer, 3 a special one."""
    tokenizer = bytes_of(tmp_path)
    made = loading.from_config(BartConfig(decoder_start_token_id=1, **BART), "AutoModelForSeq2SeqLM")
    made.generation_config.eos_token_id = named
    checkpoint_fitting.fit_tokens(made, tokenizer)
    found = made.generation_config.eos_token_id
    assert found == after or found == [after]
    batch = {"input_ids": torch.tensor([[5, 2]]), "attention_mask": torch.tensor([[1, 1]])}
    made.final_logits_bias = torch.zeros(1, len(tokenizer))
    made.final_logits_bias[0, 2] = 1e4
    (ids,) = write(made.eval(), batch, {"num_beams": 1, "max_new_tokens": 6})
    assert ids.tolist() == [2]
