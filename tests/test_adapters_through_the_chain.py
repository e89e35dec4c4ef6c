"""Adapters of teachers and students that write, by command: only what learns moves, and is folded into the weights."""

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    BartConfig,
    GPT2Config,
    T5Config,
)

from distill.data.embedded import SAMPLES
from distill.models.tokenizer_training import train

SMALL = (
    "data.source=embedded", "data.limit.train=48", "data.limit.validation=12", "data.limit.test=12",
    "data.max_length=48", "data.max_target_length=8", "finetune.max_epochs=1", "distill.max_epochs=1",
    "evaluate.latency_samples=0", "evaluate.resamples=100", "export.formats=[huggingface]", "tracking.wandb=disabled",
    "teacher.accept=true", "trainer.log_every_n_steps=1", "teacher=minilm", "student=half_layers", "student.layers=1",
    "distill.cka.weight=0",
)  # fmt: skip
ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
STACKS = {"encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
CARDS = {"t5": "multi30k_tiny", "bart": "multi30k_tiny", "gpt2": "dailydialog_tiny"}


def checkpoint(kind, folder):
    """A small model of random weights that writes, and its tokenizer, as transformers saves them."""
    rows = SAMPLES["dialogues" if kind == "gpt2" else "translations"]()["train"]
    texts = [text if isinstance(text, str) else " ".join(text) for column in rows[:80].values() for text in column]
    tokenizer = train("decoder" if kind == "gpt2" else "encoder-decoder", texts, vocab_size=400, max_length=96)
    words = {"vocab_size": len(tokenizer), **ENDS}
    torch.manual_seed(5)
    if kind == "gpt2":
        model = AutoModelForCausalLM.from_config(GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=96, **words))
    elif kind == "t5":
        size = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0}
        model = AutoModelForSeq2SeqLM.from_config(T5Config(**size, **words))
    else:
        size = {"d_model": 16, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 96}
        model = AutoModelForSeq2SeqLM.from_config(BartConfig(**size, **STACKS, decoder_start_token_id=2, **words))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def moved(before, after):
    """The weights of a model that are not those of another one."""
    old, new = (load_file(folder / "model.safetensors") for folder in (before, after))
    assert set(new) == set(old)
    return {name for name in new if not torch.equal(new[name], old[name])}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "teacher", "student", "learns"),
    [
        ("t5", "lora", "ia3", (".q.", ".v.")),
        pytest.param("t5", "ia3", "lora", (".k.", ".v.", ".wo."), marks=pytest.mark.long),
        pytest.param("bart", "lora", "bias", (".q_proj.", ".v_proj."), marks=pytest.mark.long),
        pytest.param("bart", "ia3", "lora", (".q_proj.", ".v_proj.", ".fc2."), marks=pytest.mark.long),
        ("bart", "bias", "lora", (".bias",)),
        ("gpt2", "lora", "bias", (".c_attn.",)),
        ("gpt2", "ia3", "lora", (".c_attn.", ".mlp.c_proj.")),
        pytest.param("gpt2", "bias", "ia3", (".bias",), marks=pytest.mark.long),
    ],
)
def test_models_that_write_learn_by_adapters_as_teacher_and_as_student(inside, kind, teacher, student, learns):
    folder, run = checkpoint(kind, inside.folder / "pretrained"), inside.folder / "run"
    given = (f"teacher.model={folder}", f"finetune.peft={teacher}", f"distill.peft={student}")
    inside(f"experiment={CARDS[kind]}", *SMALL, *given, f"hydra.run.dir={run}", small=False)
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    (finetuned,) = inside.store.glob("finetune-*/model")
    changed = moved(folder, finetuned)
    assert changed
    assert all(any(part in f"{name}." or name.endswith(part) for part in learns) for name in changed), changed
    trained = report["trained"]
    assert all(trained[who]["parameters"] < trained[who]["of"] / 3 for who in ("teacher", "student", "control"))
    assert report["models"]["teacher"]["trained_parameters"] == trained["teacher"]["parameters"]
    assert report["exports"][0]["max_logit_drift"] < 1e-3


def test_a_model_without_biases_is_refused_before_anything_is_trained(inside):
    folder = checkpoint("t5", inside.folder / "pretrained")
    given = (f"teacher.model={folder}", "finetune.peft=bias")
    out = inside("experiment=multi30k_tiny", *SMALL, *given, small=False, code=2)
    message = "finetune.peft=bias: t5 models have no biases in their layers that could learn"
    assert out.splitlines()[-1] == f"distill: {message}"
    assert not list(inside.store.glob("finetune-*"))
