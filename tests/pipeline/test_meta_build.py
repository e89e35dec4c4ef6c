"""What cannot be made is refused before the first stage."""

import json
import re

import pretrained
import pytest
from run_parts import job_of, spec_of
from transformers import (
    BartConfig,
    BartForSequenceClassification,
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    T5Config,
    T5ForConditionalGeneration,
    XLNetConfig,
    XLNetForSequenceClassification,
)

from distill.config.architecture import ArchitectureConfig
from distill.config.schema import Config
from distill.errors import ConfigError, DistillError
from distill.models import loading
from distill.models.tokenizer_training import train
from distill.pipeline import preflight
from distill.stages import students

SIZE = {"vocab_size": 330, "d_model": 16}
GPT2 = {"vocab_size": 330, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 128}
T5 = {**SIZE, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2, "pad_token_id": 0, "eos_token_id": 2}
BART = {
    **SIZE, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 128, "num_labels": 2,
}  # fmt: skip


def saved(model, folder, family="decoder", **without):
    """A model's folder with a tokenizer that lacks some control tokens."""
    model.save_pretrained(folder)
    tokenizer = train(family, ["the tower of Paris", "who built it"], vocab_size=330, max_length=64)
    for name in without:
        setattr(tokenizer, name, None)
    if without.get("eos_token") is False:
        tokenizer.backend_tokenizer.post_processor = None
    tokenizer.save_pretrained(folder)
    return folder


def spec_with(task, folder, **settings):
    config = Config(task=task)
    config.data.source, config.data.limit.train, config.trainer.accelerator = "embedded", 40, "cpu"
    config.data.max_length, config.data.max_target_length, config.data.labels = 64, 16, None
    config.teacher.model, config.student.architecture = folder and str(folder), ArchitectureConfig(1, 16, 2, 16)
    if folder is None:
        config.teacher.vocab_size, config.teacher.architecture = 300, ArchitectureConfig(1, 16, 2, 16)
    for name, value in settings.items():
        setattr(config.pretrain, name, value)
    return spec_of(config)


def refused(spec, message):
    with pytest.raises(DistillError, match=f"^{re.escape(message)}$"):
        preflight.preflight(spec)


@pytest.mark.parametrize(("start", "begins"), [(0, 0), (9, 9)])
def test_a_random_student_of_a_teacher_without_a_beginning_starts_as_the_teacher_does(tmp_path, start, begins):
    model = T5ForConditionalGeneration(T5Config(**T5, decoder_start_token_id=start))
    folder = saved(model, tmp_path / "model", bos_token=True)
    spec = spec_with("translation", folder)
    preflight.preflight(spec)
    student, tokenizer = students.make_student(job_of(spec, tmp_path))
    assert tokenizer.bos_token_id is None
    assert student.config.decoder_start_token_id == student.generation_config.decoder_start_token_id == begins
    assert student.generation_config.eos_token_id == tokenizer.eos_token_id


def test_a_teacher_that_does_not_say_how_it_begins_to_write_is_refused(tmp_path):
    folder = saved(T5ForConditionalGeneration(T5Config(**T5, decoder_start_token_id=0)), tmp_path / "model")
    for name in ("config.json", "generation_config.json"):
        content = json.loads((folder / name).read_text())
        content.pop("decoder_start_token_id")
        (folder / name).write_text(json.dumps(content))
    refused(
        spec_with("translation", folder),
        f"{folder}: config.json does not say with which token it begins to write; name it, decoder_start_token_id "
        "(that of T5 and Marian is the padding)",
    )  # fmt: skip


def test_a_teacher_of_dialogues_without_an_end_token_is_refused(tmp_path):
    folder = saved(GPT2LMHeadModel(GPT2Config(**GPT2)), tmp_path / "model", eos_token=False)
    refused(
        spec_with("dialogue", folder),
        f"{folder}: its tokenizer has no end token to end a turn with; name one as eos_token",
    )  # fmt: skip


def test_a_head_that_reads_the_end_of_a_text_needs_a_tokenizer_that_ends_texts_in_it(tmp_path):
    model = BartForSequenceClassification(BartConfig(**BART, eos_token_id=9, decoder_start_token_id=9))
    folder = saved(model, tmp_path / "model")
    refused(
        spec_with("classification", folder),
        f"{folder}: config.json says that a text ends in the token 9 (eos_token_id), its tokenizer ends it in 2 "
        "('</s>'); give both the same one",
    )  # fmt: skip


def test_a_model_whose_answers_depend_on_the_batch_is_refused(tmp_path):
    model = XLNetForSequenceClassification(XLNetConfig(**SIZE, n_layer=1, n_head=2, d_inner=16))
    folder = saved(model, tmp_path / "model")
    refused(
        spec_with("classification", folder),
        f"{folder}: xlnet models answer for a text from the last place of the batch, so that a text's answer depends "
        "on the texts beside it; take another model",
    )  # fmt: skip


@pytest.mark.parametrize("labels", [[], ["good"]])
def test_a_finished_teacher_of_one_output_says_a_score_and_no_labels(tmp_path, labels):
    folder = pretrained.classifier(tmp_path / "score", labels=("score",), max_position_embeddings=128)
    spec = spec_with("classification", folder)
    spec.config.teacher.finetuned, spec.config.teacher.labels = True, labels
    refused(spec, f"{folder} has one output, which is a score: give a model that was fine-tuned for labels")


def test_words_are_hidden_only_by_who_has_a_mask(tmp_path):
    size = {"vocab_size": 330, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = BertForMaskedLM(BertConfig(**size, intermediate_size=16))
    folder = saved(model, tmp_path / "model", "encoder", mask_token=True)
    refused(
        spec_with("classification", folder, continued=True),
        "pretrain.continued=true: the checkpoint's tokenizer has no mask token to hide words with",
    )  # fmt: skip
    decoder = saved(GPT2LMHeadModel(GPT2Config(**GPT2)), tmp_path / "other")
    refused(
        spec_with("classification", decoder, continued=True),
        f"pretrain.objective=mlm: {decoder} is a gpt2, which reads from left to right, and cannot fill in a masked "
        "token; allowed is clm",
    )  # fmt: skip


@pytest.mark.parametrize("task", ["classification", "token_classification", "dialogue", "translation"])
def test_a_teacher_from_nothing_and_its_random_student_are_built_beforehand(task, monkeypatch):
    spec = spec_with(task, None, max_epochs=0)
    asked, made = loading.from_config, []

    def watched(config, head):
        made.append((config.model_type, head))
        return asked(config, head)

    monkeypatch.setattr(loading, "from_config", watched)
    try:
        preflight.preflight(spec)
    except ConfigError:
        assert task != "classification"
    assert made[:2] == [made[0]] * 2
    assert made[0][1] == spec.setup.task.head
