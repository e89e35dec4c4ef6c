import json
import re

import pretrained
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AlbertConfig,
    AutoModel,
    BartConfig,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    LlamaConfig,
    MarianConfig,
    ModernBertConfig,
    RobertaConfig,
    SqueezeBertConfig,
    T5Config,
)

from distill.errors import ModelError
from distill.models import checkpoint_validation, loading
from distill.models.bilstm import BiLstmConfig
from distill.models.tokenizer_training import train_bytes

TEXT, TOKEN, ANSWER, WRITE, GO_ON, MASKED = HEADS = [
    f"AutoModelFor{task}"
    for task in (
        "SequenceClassification",
        "TokenClassification",
        "QuestionAnswering",
        "Seq2SeqLM",
        "CausalLM",
        "MaskedLM",
    )
]
WAY_OUT = "do something else"
SIZE = {"vocab_size": 300, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
WIDE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, **SIZE}
BOTH = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 16,
    "decoder_attention_heads": 2, "decoder_ffn_dim": 16, "decoder_start_token_id": 0, "max_position_embeddings": 32,
    **SIZE,
}  # fmt: skip
T5 = T5Config(d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0, **SIZE)
CLASSIFIER = ("classifier.bias", "classifier.weight")
SPAN = ("qa_outputs.bias", "qa_outputs.weight")
DENSE = ("classifier.dense.bias", "classifier.dense.weight", "classifier.out_proj.bias and others")
HEADLESS = {
    "bert": (BertConfig(max_position_embeddings=32, **WIDE), TEXT, CLASSIFIER),
    "bert for words": (BertConfig(max_position_embeddings=32, **WIDE), TOKEN, CLASSIFIER),
    "bert for answers": (BertConfig(max_position_embeddings=32, **WIDE), ANSWER, SPAN),
    "roberta": (RobertaConfig(max_position_embeddings=34, **WIDE), TEXT, DENSE),
    "electra": (ElectraConfig(embedding_size=8, max_position_embeddings=32, **WIDE), TEXT, DENSE),
    "deberta": (
        DebertaV2Config(max_position_embeddings=32, **WIDE), TEXT, (*CLASSIFIER, "pooler.dense.bias and others"),
    ),
    "distilbert": (
        DistilBertConfig(dim=16, n_layers=2, n_heads=2, hidden_dim=16, max_position_embeddings=32, **SIZE), TEXT,
        (*CLASSIFIER, "pre_classifier.bias and others"),
    ),
    "albert": (AlbertConfig(embedding_size=8, max_position_embeddings=32, **WIDE), TOKEN, CLASSIFIER),
    "squeezebert": (
        SqueezeBertConfig(
            embedding_size=16, max_position_embeddings=32, **WIDE,
            **dict.fromkeys(("q_groups", "k_groups", "v_groups", "post_attention_groups", "intermediate_groups",
                             "output_groups"), 1),
        ), TOKEN, CLASSIFIER,
    ),
    "modernbert": (
        ModernBertConfig(cls_token_id=1, sep_token_id=2, max_position_embeddings=32, **WIDE), TOKEN,
        (*CLASSIFIER, "head.dense.weight and others"),
    ),
    "gpt2": (GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=32, **SIZE), TEXT, ("score.weight",)),
    "llama": (LlamaConfig(num_key_value_heads=2, **WIDE), GO_ON, ("lm_head.weight",)),
    "bart": (
        BartConfig(**BOTH), TEXT,
        ("classification_head.dense.bias", "classification_head.dense.weight",
         "classification_head.out_proj.bias and others"),
    ),
    "bart for answers": (BartConfig(**BOTH), ANSWER, SPAN),
    "t5": (
        T5, TEXT,
        ("classification_head.dense.bias", "classification_head.dense.weight",
         "classification_head.out_proj.bias and others"),
    ),
    "t5 for words": (T5, TOKEN, CLASSIFIER),
    "bilstm": (
        BiLstmConfig(300, 8, 8, 1, pad_token_id=0), TEXT, (*CLASSIFIER, "dense.bias and others"),
    ),
}  # fmt: skip
TIED = {
    "t5": (T5, WRITE),
    "bart": (BartConfig(**BOTH), WRITE),
    "marian": (MarianConfig(**BOTH), WRITE),
    "gpt2": (GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=32, **SIZE), GO_ON),
}


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


@pytest.fixture(scope="module")
def tokenizer():
    return train_bytes(["the tower of Paris"], vocab_size=300, max_length=32)


def look(folder, head, *, finished=True, labels=True):
    """Before the first stage, and where the model is loaded."""
    config, tokenizer = loading.configuration(folder), loading.load_tokenizer(folder)
    checkpoint_validation.inspect(folder, config, head, tokenizer, finished=finished, labels=labels, way_out=WAY_OUT)
    names = [f"name {number}" for number in range(config.num_labels)] if labels and not finished else ()
    loading.load_model(folder, head, tokenizer=tokenizer, labels=names, new_head=not finished)


@pytest.mark.parametrize("name", HEADLESS)
def test_a_model_without_its_head_is_not_fine_tuned_but_can_become_it(tmp_path, tokenizer, name):
    config, head, names = HEADLESS[name]
    base = AutoModel.from_config(config)
    base.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    look(tmp_path / "base", head, finished=False)
    with refused(
        f"{tmp_path}/base has no weights of the head ({', '.join(names)}), so it is not fine-tuned: config.json says "
        f"{type(base).__name__}; {WAY_OUT}"
    ):
        look(tmp_path / "base", head)
    with pytest.raises(ModelError, match="so it is not fine-tuned"):
        loading.load_model(tmp_path / "base", head)
    whole = loading.from_config(config, head)
    loading.save(whole, tokenizer, tmp_path / "whole")
    look(tmp_path / "whole", head)
    loaded = loading.load_model(tmp_path / "whole", head).state_dict()
    assert all(torch.equal(loaded[key], weight) for key, weight in whole.state_dict().items())


@pytest.mark.parametrize("name", TIED)
def test_a_head_that_is_the_embeddings_need_not_be_in_the_file(tmp_path, tokenizer, name):
    config, head = TIED[name]
    loading.save(AutoModel.from_config(config), tokenizer, tmp_path)
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    look(tmp_path, head)


@pytest.fixture
def folder(tmp_path):
    return pretrained.classifier(tmp_path / "model")


def rewrite(folder, change):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, {"format": "pt"})


def without(*parts):
    def change(tensors):
        for name in [name for name in tensors if any(part in name for part in parts)]:
            del tensors[name]

    return change


def test_a_pooler_that_is_left_out_is_random_where_nothing_trains_it(folder):
    rewrite(folder, without("pooler"))
    look(folder, TEXT, finished=False)
    with refused(
        f"{folder} has no weights of the head (bert.pooler.dense.bias, bert.pooler.dense.weight), so it is not "
        f"fine-tuned; {WAY_OUT}"
    ):
        look(folder, TEXT)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("model_head.pkl", "it is a SetFit folder, whose head is pickled in model_head.pkl"),
        ("modules.json", "it is a folder of sentence-transformers (modules.json), which has none"),
    ],
)
def test_a_folder_without_a_head_is_named_for_what_it_is(folder, file, said):
    rewrite(folder, without("classifier"))
    (folder / file).write_text("[]")
    with refused(
        f"{folder} has no weights of the head (classifier.bias, classifier.weight), so it is not fine-tuned: {said}; "
        f"{WAY_OUT}"
    ):
        look(folder, TEXT)


def test_a_head_of_another_size_is_refused_unless_it_is_still_to_learn(folder):
    def three(tensors):
        tensors["classifier.weight"], tensors["classifier.bias"] = torch.ones(3, 16), torch.ones(3)

    rewrite(folder, three)
    with refused(f"{folder}: classifier.bias is 3 in the weights, but 2 by config.json; they are of different models"):
        look(folder, TEXT)
    look(folder, TEXT, finished=False)
    with refused(f"{folder}: classifier.bias is 3 in the weights, but 2 by config.json; they are of different models"):
        look(folder, TEXT, finished=False, labels=False)


def test_a_head_of_another_task_whose_weights_are_called_alike_is_refused(folder):
    with refused(
        f"{folder} is fine-tuned for another task: config.json says BertForSequenceClassification, and this one asks a "
        f"BertForTokenClassification; {WAY_OUT}"
    ):
        look(folder, TOKEN)
    look(folder, TOKEN, finished=False)


def test_weights_of_another_architecture_are_refused(folder, tmp_path):
    other = GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=32, **SIZE)
    AutoModel.from_config(other).save_pretrained(tmp_path / "other")
    (tmp_path / "other" / "model.safetensors").rename(folder / "model.safetensors")
    for finished in (True, False):
        with refused(
            f"{folder} lacks 37 weights of BertForSequenceClassification, such as bert.embeddings.LayerNorm.bias, and "
            "holds h.0.attn.c_attn.bias instead; config.json and the weights are of different models, or some of these "
            "are not there"
        ):
            look(folder, TEXT, finished=finished)


def test_weights_that_only_code_of_its_own_would_read_are_refused(folder):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": {"AutoModel": "own.Model"}}))
    rewrite(folder, without("position_embeddings"))
    with refused(
        f"{folder} lacks 1 weights of BertForSequenceClassification, such as "
        "bert.embeddings.position_embeddings.weight; config.json and the weights are of different models, or some of "
        "these are not there (its config.json names code of its own, and the code of a checkpoint is never run)"
    ):
        look(folder, TEXT)


def test_weights_of_an_encoder_decoder_that_are_missing_are_not_left_random(tmp_path, tokenizer):
    loading.save(loading.from_config(T5, WRITE), tokenizer, tmp_path)
    rewrite(tmp_path, without("decoder.block.0.layer.1"))
    with refused(
        f"{tmp_path} lacks 5 weights of T5ForConditionalGeneration, such as "
        "decoder.block.0.layer.1.EncDecAttention.k.weight; config.json and the weights are of different models, or "
        "some of these are not there"
    ):
        look(tmp_path, WRITE, finished=False)


def test_an_architecture_without_the_head_is_refused_with_its_folder(tmp_path, tokenizer):
    loading.save(loading.from_config(MarianConfig(**BOTH), WRITE), tokenizer, tmp_path)
    with refused(f"{tmp_path}: marian models have no head for this task ({TOKEN})"):
        look(tmp_path, TOKEN)


def test_a_tokenizer_of_another_model_is_refused_and_one_with_new_tokens_may_be_trained(folder):
    tokenizer = loading.load_tokenizer(folder)
    rows = len(tokenizer)
    tokenizer.add_tokens(["<new>"])
    tokenizer.save_pretrained(folder)
    look(folder, TEXT, finished=False)
    said = "{}: its tokenizer has {} tokens, but the model embeddings for {}: it knows nothing of {}; give the {}"
    files = "tokenizer's files that belong to the weights"
    with refused(said.format(folder, rows + 1, rows, "'<new>'", files)):
        look(folder, TEXT)
    tokenizer.add_special_tokens({"mask_token": "<new>"})  # which no text has
    tokenizer.save_pretrained(folder)
    look(folder, TEXT)
    train_bytes(["a"], vocab_size=300, max_length=32).save_pretrained(folder)
    with pytest.raises(
        ModelError, match=re.escape(f"{folder}: its tokenizer has 261 tokens, but the model embeddings")
    ):
        look(folder, TEXT, finished=False)


def test_a_score_is_one_output_and_labels_are_more(tmp_path):
    config = BertConfig(num_labels=2)
    checkpoint_validation.refuse_other_outputs(tmp_path, config, "class")
    with pytest.raises(ModelError, match="^" + re.escape(
        f"{tmp_path} has 2 outputs, and a score is one: give a model that was fine-tuned for scores"
    )):  # fmt: skip
        checkpoint_validation.refuse_other_outputs(tmp_path, config, "score")
    config.num_labels = 1
    checkpoint_validation.refuse_other_outputs(tmp_path, config, "score")
    with pytest.raises(ModelError, match="has one output, which is a score: give a model"):
        checkpoint_validation.refuse_other_outputs(tmp_path, config, "class")
