"""What fills up a batch decides on no answer, whatever configuration and tokenizer call it."""

import re

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BartConfig,
    BertConfig,
    FNetConfig,
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    NystromformerConfig,
    RobertaConfig,
    T5Config,
    XLNetConfig,
    XLNetForSequenceClassification,
)

from distill.data.batching import Place
from distill.errors import ModelError
from distill.export import Source, huggingface
from distill.inference.generation import write
from distill.models import loading
from distill.models.checkpoint_fitting import fit_writing
from distill.models.forward import outputs
from distill.models.on_meta import build_on_meta
from distill.models.tokenizer_training import train_bytes
from distill.tasks import EncodingSpec, task
from distill.tasks.collating import collate
from distill.tasks.setup import TaskSetup

HEAD = "AutoModelForSequenceClassification"
TEXTS = ["the tower of Paris stands near the river", "who built it ?"]
SIZE = {"num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16}
GPT2 = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32, "eos_token_id": 2}


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


SIZES = {**SIZE, "vocab_size": 330, "max_position_embeddings": 70}
BART = {
    "vocab_size": 330, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 64,
}  # fmt: skip
OTHER_PADDING = {
    "gpt2": lambda: GPT2Config(**{**GPT2, "vocab_size": 330, "n_positions": 64}, pad_token_id=7),
    "llama": lambda: LlamaConfig(num_key_value_heads=2, pad_token_id=-1, **SIZES),
    "roberta": lambda: RobertaConfig(pad_token_id=1, **SIZES),
    "roberta of a common token": lambda: RobertaConfig(pad_token_id=5, **SIZES),
    "bert": lambda: BertConfig(pad_token_id=8, **SIZES),
    "bart": lambda: BartConfig(**BART, pad_token_id=6, eos_token_id=2, bos_token_id=1, decoder_start_token_id=2),
    "t5": lambda: T5Config(
        vocab_size=330, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0,
        pad_token_id=6, eos_token_id=2,
    ),
}  # fmt: skip
LONG = [f"{TEXTS[0]} {'and ' * number}" for number in range(0, 16, 3)] + TEXTS


@pytest.mark.parametrize("named", ["<pad>", None])
@pytest.mark.parametrize("name", OTHER_PADDING)
def test_a_text_gets_one_answer_alone_in_a_batch_and_from_transformers_whatever_each_side_calls_padding(
    tmp_path, name, named
):
    config = OTHER_PADDING[name]()
    config.initializer_range = config.init_std = 0.5
    torch.manual_seed(3)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path / "model")
    tokenizer = train_bytes(TEXTS, vocab_size=330, max_length=64)
    tokenizer.pad_token, tokenizer.padding_side = named, "left"
    tokenizer.save_pretrained(tmp_path / "model")
    tokenizer = loading.load_tokenizer(tmp_path / "model")
    model = loading.load_model(tmp_path / "model", HEAD, tokenizer=tokenizer)
    features = task("classification").encode(
        {"text": LONG, "key": list(range(len(LONG)))}, tokenizer, EncodingSpec(max_length=60)
    )
    pads = {"pad_id": tokenizer.pad_token_id, "teacher_pad_id": tokenizer.pad_token_id}
    loading.save(model, tokenizer, tmp_path / "made")
    setup = TaskSetup("classification", task("classification"), EncodingSpec(max_length=60))
    huggingface.write(Source(tmp_path / "made", setup, {"generation": {}}), tmp_path / "out")
    opened = AutoTokenizer.from_pretrained(tmp_path / "out")
    with torch.no_grad():
        together = outputs(model, collate(features, Place(()), **pads)).logits
        alone = [
            outputs(model, collate({key: [values[at]] for key, values in features.items()}, Place(()), **pads)).logits
            for at in range(len(LONG))
        ]
        exported = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out").eval()
        theirs = exported(**opened(LONG, padding=True, return_tensors="pt")).logits
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(theirs, torch.cat(alone), atol=1e-4, rtol=1e-4)
    assert float(together.std()) > 0.01


@pytest.mark.parametrize("named", ["<pad>", None])
def test_a_reply_is_written_alone_as_in_a_batch_whatever_each_side_calls_padding(tmp_path, named):
    torch.manual_seed(3)
    config = GPT2Config(**{**GPT2, "vocab_size": 330}, pad_token_id=7, initializer_range=0.5)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    made = train_bytes(TEXTS, vocab_size=330, max_length=32)
    made.pad_token = named
    made.save_pretrained(tmp_path)
    tokenizer = loading.load_tokenizer(tmp_path)
    model, module = loading.load_model(tmp_path, "AutoModelForCausalLM", tokenizer=tokenizer), task("dialogue")
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id
    rows = {"history": [["who ?"], [TEXTS[0], TEXTS[1]]], "key": [0, 1]}
    features = module.prompt(rows, tokenizer, EncodingSpec(max_length=32, max_target_length=8))

    def written(numbers):
        some = {name: [values[each] for each in numbers] for name, values in features.items()}
        pad = tokenizer.pad_token_id
        batch = collate(some, Place(()), pad_id=pad, teacher_pad_id=pad, side="left")
        return [ids.tolist() for ids in write(model, batch, {"num_beams": 1, "max_new_tokens": 8})]

    assert written([0, 1]) == [*written([0]), *written([1])]


def test_a_head_that_answers_from_the_last_place_of_a_batch_is_refused(tmp_path):
    config = XLNetConfig(vocab_size=330, d_model=16, n_layer=1, n_head=2, d_inner=16)
    XLNetForSequenceClassification(config).save_pretrained(tmp_path)
    train_bytes(TEXTS, vocab_size=330, max_length=32).save_pretrained(tmp_path)
    with refused(
        "xlnet models answer for a text from the last place of the batch, so that a text's answer depends on the texts "
        "beside it; take another model"
    ):
        loading.load_model(tmp_path, HEAD, tokenizer=loading.load_tokenizer(tmp_path))


def test_a_model_that_reads_one_length_alone_is_refused():
    build_on_meta(NystromformerConfig(**SIZE), HEAD)
    with refused(
        "nystromformer models whose num_landmarks (8) is not their segment_means_seq_len (16) read batches that are "
        "filled up to the latter alone; take another model"
    ):
        build_on_meta(NystromformerConfig(**SIZE, num_landmarks=8, segment_means_seq_len=16), HEAD)


@pytest.mark.parametrize("head", [HEAD, "AutoModelForTokenClassification", "AutoModelForMaskedLM"])
def test_a_model_that_mixes_padding_into_a_text_is_refused_with_each_head(head):
    with refused(
        "fnet models mix what fills up a batch into each text, so that a text's answer depends on the texts beside it; "
        "take another model"
    ):
        build_on_meta(FNetConfig(**SIZE), head)


def test_what_is_written_has_to_begin_and_end_somewhere(tmp_path):
    tokenizer = train_bytes(TEXTS, vocab_size=330, max_length=32)
    starts, ends = T5Config(), GenerationConfig()
    with refused(
        "config.json does not say with which token it begins to write; name it, decoder_start_token_id (that of T5 and "
        "Marian is the padding)"
    ):
        fit_writing(starts, ends, tokenizer)
    assert (ends.pad_token_id, ends.eos_token_id) == (0, 2)
    fit_writing(starts, GenerationConfig(decoder_start_token_id=0), tokenizer)
    assert starts.decoder_start_token_id == 0
    tokenizer.eos_token = None
    with refused(
        "its tokenizer has no end token, with which what is written ends; name one, eos_token, in tokenizer_config.json"
    ):
        fit_writing(GPT2Config(), GenerationConfig(), tokenizer)
