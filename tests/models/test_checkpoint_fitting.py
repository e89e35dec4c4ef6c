import copy
import json
import re
from types import SimpleNamespace

import pytest
import torch
from run_parts import spec_of
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertForTokenClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    T5Config,
    T5ForConditionalGeneration,
)

from distill.config.schema import Config
from distill.data.batching import Place
from distill.errors import ModelError
from distill.export import Source, huggingface
from distill.models import loading
from distill.models.checkpoint_fitting import fit_outputs
from distill.models.forward import outputs
from distill.models.tokenizer_training import train_bytes
from distill.student.from_layers import from_layers
from distill.tasks import EncodingSpec, task
from distill.tasks.collating import collate
from distill.tasks.setup import TaskSetup

HEAD = "AutoModelForSequenceClassification"
TEXTS = ["the tower of Paris stands near the river", "who built it ?"]
SIZE = {"vocab_size": 300, "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16}
BERT = BertConfig(max_position_embeddings=32, **SIZE)
DISTILBERT = DistilBertConfig(vocab_size=300, dim=16, n_layers=2, n_heads=2, hidden_dim=16, max_position_embeddings=32)
GPT2 = {"vocab_size": 300, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32, "eos_token_id": 2}
DECODERS = {
    "gpt2": (GPT2ForSequenceClassification, GPT2Config(**GPT2)),
    "llama": (LlamaForSequenceClassification, LlamaConfig(num_key_value_heads=2, eos_token_id=2, **SIZE)),
    "llama that pads with another": (
        LlamaForSequenceClassification,
        LlamaConfig(num_key_value_heads=2, pad_token_id=9, **SIZE),
    ),
}
OTHERS = [
    (BertForSequenceClassification, BERT),
    (DistilBertForSequenceClassification, DISTILBERT),
    (GPT2ForSequenceClassification, GPT2Config(pad_token_id=0, **GPT2)),
]


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


def without_padding(folder):
    """A tokenizer like those of most decoders."""
    made = train_bytes(TEXTS, vocab_size=300, max_length=32)
    made.pad_token = None
    made.save_pretrained(folder)
    return folder


def random(of, config, folder):
    torch.manual_seed(3)
    config.initializer_range = 0.5
    of(config).save_pretrained(folder)
    return folder


# Padding


def test_the_end_token_stands_in_for_a_padding_token_and_an_exported_folder_keeps_that(tmp_path):
    folder = without_padding(random(GPT2LMHeadModel, GPT2Config(**GPT2), tmp_path / "model"))
    tokenizer = loading.load_tokenizer(folder)
    assert (tokenizer.pad_token, tokenizer.pad_token_id) == ("</s>", 2)
    loading.save(loading.load_model(folder, "AutoModelForCausalLM", tokenizer=tokenizer), tokenizer, tmp_path / "made")
    setup = TaskSetup("dialogue", task("dialogue"), EncodingSpec(max_length=32))
    huggingface.write(Source(tmp_path / "made", setup, {"generation": {"num_beams": 1}}), tmp_path / "out")
    for made in ("made", "out"):
        assert json.loads((tmp_path / made / "tokenizer_config.json").read_text())["pad_token"] == tokenizer.eos_token
        assert json.loads((tmp_path / made / "config.json").read_text())["pad_token_id"] == 2


def test_a_tokenizer_without_padding_and_end_is_refused(tmp_path):
    made = train_bytes(TEXTS, vocab_size=300, max_length=32)
    made.pad_token = made.eos_token = None
    made.save_pretrained(tmp_path)
    with refused(
        f"{tmp_path}: its tokenizer has neither a padding nor an end token; name one in tokenizer_config.json"
    ):
        loading.load_tokenizer(tmp_path)


@pytest.mark.parametrize("name", DECODERS)
def test_a_text_is_classified_by_a_decoder_in_a_batch_as_alone(tmp_path, name):
    of, config = DECODERS[name]
    folder = without_padding(random(of, config, tmp_path / "model"))
    tokenizer = loading.load_tokenizer(folder)
    teacher = loading.load_model(folder, HEAD, tokenizer=tokenizer)
    student = from_layers(teacher, [0], None, HEAD, 0.0) if name == "gpt2" else teacher
    loading.save(student, tokenizer, tmp_path / "made")
    features = task("classification").encode({"text": TEXTS, "key": [0, 1]}, tokenizer, EncodingSpec(max_length=32))
    assert len({len(ids) for ids in features["input_ids"]}) == 2
    for model in (teacher, student.eval(), loading.load_model(tmp_path / "made", HEAD)):
        assert model.config.pad_token_id == 2
        with torch.no_grad():
            together = outputs(model, collate(features, Place(()), pad_id=2, teacher_pad_id=2)).logits
            for number in range(2):
                alone = {key: values[number : number + 1] for key, values in features.items()}
                batch = collate(alone, Place(()), pad_id=2, teacher_pad_id=2)
                torch.testing.assert_close(outputs(model, batch).logits[0], together[number])


def test_a_padding_beyond_the_embeddings_gets_one(tmp_path):
    folder = without_padding(random(*DECODERS["llama"], tmp_path / "model"))
    tokenizer = loading.load_tokenizer(folder)
    tokenizer.add_special_tokens({"pad_token": "<fill>"})
    tokenizer.add_tokens([f"<{number}>" for number in range(300 - len(tokenizer) + 3)])
    tokenizer.add_special_tokens({"pad_token": "<last>"})
    made = loading.load_model(folder, HEAD, tokenizer=tokenizer)
    assert made.config.pad_token_id == len(tokenizer) - 1 == len(made.get_input_embeddings().weight) - 1
    loading.save(made, tokenizer, tmp_path / "made")
    assert loading.load_model(tmp_path / "made", HEAD).config.pad_token_id == len(tokenizer) - 1


def test_a_model_that_writes_keeps_no_rows_beyond_its_tokens_and_one_that_reads_keeps_them(tmp_path):
    folder = random(GPT2LMHeadModel, GPT2Config(**GPT2), tmp_path / "model")
    tokenizer = train_bytes(TEXTS[:1], vocab_size=270, max_length=32)
    assert len(tokenizer) < GPT2["vocab_size"]
    written = loading.load_model(folder, "AutoModelForCausalLM", tokenizer=tokenizer)
    assert len(written.get_input_embeddings().weight) == len(tokenizer) == written.config.vocab_size
    assert outputs(written, {"input_ids": torch.tensor([[5]]), "attention_mask": torch.tensor([[1]])}).logits.shape == (
        1, 1, len(tokenizer),
    )  # fmt: skip
    read = loading.load_model(folder, HEAD, tokenizer=tokenizer, new_head=True)
    assert len(read.get_input_embeddings().weight) == GPT2["vocab_size"]


@pytest.mark.parametrize("tokens", [270, 320])
def test_a_head_of_its_own_stays_apart_from_the_embeddings_where_the_configuration_does_not_say_so(tmp_path, tokens):
    torch.manual_seed(0)
    config = T5Config(vocab_size=300, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0)
    model = T5ForConditionalGeneration(config)
    model.lm_head.weight = torch.nn.Parameter(torch.randn(300, 16))
    model.save_pretrained(tmp_path)
    texts = [f"{TEXTS[0]} {number} {number + 1}" for number in range(200)]
    tokenizer = train_bytes(texts, vocab_size=270, max_length=32)
    tokenizer.add_tokens([f"<{number}>" for number in range(tokens - len(tokenizer))])
    made = loading.load_model(tmp_path, "AutoModelForSeq2SeqLM", tokenizer=tokenizer)
    kept = min(300, len(tokenizer))
    assert made.lm_head.weight.shape == made.shared.weight.shape == (len(tokenizer), 16)
    assert torch.equal(made.lm_head.weight[:kept], model.lm_head.weight[:kept])
    assert torch.equal(made.shared.weight[:kept], model.shared.weight[:kept])
    loading.save(made, tokenizer, tmp_path / "made")
    again = loading.load_model(tmp_path / "made", "AutoModelForSeq2SeqLM", tokenizer=tokenizer)
    assert torch.equal(again.lm_head.weight, made.lm_head.weight)


def test_the_end_of_a_reply_is_learnt_though_it_is_the_padding_too(tmp_path):
    tokenizer, module = loading.load_tokenizer(without_padding(tmp_path)), task("dialogue")
    rows = {"history": [["who ?"], ["who built it ?", "nobody"]], "reply": ["the tower of Paris", "me"], "key": [0, 1]}
    features = module.encode(rows, tokenizer, EncodingSpec(max_length=32, max_target_length=16))
    batch = collate(features, Place(()), pad_id=2, teacher_pad_id=2)
    assert batch["labels"].tolist() == [*features["targets"][0], *features["targets"][1]]
    assert [targets[-1] for targets in features["targets"]] == [2, 2]
    assert batch["attention_mask"].sum(1).tolist() == [len(ids) for ids in features["input_ids"]]


# Places


def test_a_tokenizer_of_python_alone_is_refused_by_tasks_that_ask_for_the_places_of_tokens(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]))
    (tmp_path / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "basic"}'
    )
    asking = {"token_classification", "question_answering"}
    for name in ("classification", "relation_extraction", "dialogue", *asking):
        sources = spec_of(
            Config(task=name), SimpleNamespace(labels=(), unanswerable=False, splits={}, labelled={})
        ).sources
        if name not in asking:
            assert not sources.tokenizer(tmp_path).is_fast
            continue
        with refused(
            f"{tmp_path}: {name} asks where in the text a token stands, which its tokenizer, one of Python alone "
            "(BertJapaneseTokenizer), cannot tell; take a model with a tokenizer.json"
        ):
            sources.tokenizer(tmp_path)


# Names of outputs


@pytest.mark.parametrize(("of", "config"), OTHERS, ids=["bert", "distilbert", "gpt2"])
@pytest.mark.parametrize("kind", ["class", "labels"])
def test_a_head_that_names_its_outputs_in_another_order_says_the_same_of_each_name(tmp_path, of, config, kind):
    there, here = ["positive", "neutral", "negative"], ["negative", "neutral", "positive"]
    config = copy.deepcopy(config)
    loading.name_labels(config, there, "class")
    folder, ids = random(of, config, tmp_path), torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        before = of.from_pretrained(folder).eval()(ids).logits[0]
        made = loading.load_model(folder, HEAD, labels=here, kind=kind)
        after = made(ids).logits[0]
    assert made.config.id2label == dict(enumerate(here))
    assert dict(zip(here, after.tolist(), strict=True)) == pytest.approx(dict(zip(there, before.tolist(), strict=True)))


def test_the_outputs_for_relations_of_both_entities_are_put_in_order_by_name(tmp_path):
    module = task("relation_extraction")
    there, here = (
        module.outputs(labels) for labels in (["r(e2,e1)", "Other", "r(e1,e2)"], ["Other", "r(e1,e2)", "r(e2,e1)"])
    )
    config = copy.deepcopy(BERT)
    loading.name_labels(config, there, "class")
    folder, ids = random(BertForTokenClassification, config, tmp_path), torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        before = BertForTokenClassification.from_pretrained(folder).eval()(ids).logits
        after = loading.load_model(folder, module.head, labels=here)(ids).logits
    for name in here:
        torch.testing.assert_close(after[..., here.index(name)], before[..., there.index(name)])


def test_a_head_of_other_names_keeps_its_outputs_where_they_are(tmp_path):
    folder = random(BertForSequenceClassification, BERT, tmp_path)
    kept = BertForSequenceClassification.from_pretrained(folder).classifier.weight
    assert BertConfig.from_pretrained(folder).id2label == {0: "LABEL_0", 1: "LABEL_1"}
    for labels in (["positive", "negative"], ["LABEL_0", "LABEL_1"]):
        assert torch.equal(loading.load_model(folder, HEAD, labels=labels).classifier.weight, kept)


def test_a_head_without_a_linear_layer_is_not_left_in_the_wrong_order():
    model = GPT2LMHeadModel(GPT2Config(**GPT2))
    with refused("GPT2LMHeadModel has no linear layer of 2 outputs to put in the order of the labels: a, b"):
        fit_outputs(model, ["b", "a"], ["a", "b"])


def test_a_padding_beyond_the_rows_that_are_left_becomes_the_tokenizers(tmp_path):
    _, config = DECODERS["llama"]
    config = LlamaConfig(**{**config.to_dict(), "vocab_size": 400, "pad_token_id": 399})
    folder = random(LlamaForCausalLM, config, tmp_path / "model")
    tokenizer = train_bytes(TEXTS[:1], vocab_size=270, max_length=32)
    made = loading.load_model(folder, "AutoModelForCausalLM", tokenizer=tokenizer)
    assert made.config.pad_token_id == tokenizer.pad_token_id < made.config.vocab_size
    loading.save(made, tokenizer, tmp_path / "made")
    assert loading.load_model(tmp_path / "made", "AutoModelForCausalLM").config.pad_token_id == tokenizer.pad_token_id
