"""A teacher that answers while the student learns does so in its own precision, and in 32 bits to whoever asks."""

import re

import pytest
import torch
from run_parts import decided
from transformers import BertConfig, BertForSequenceClassification

from distill.config.schema import Config
from distill.errors import ConfigError, ModelError
from distill.stages import student_teacher
from distill.tasks import EncodingSpec
from distill.tasks import classification as task
from distill.teacher.live import LiveTeacher

BATCH = {
    "input_ids": torch.arange(10).view(2, 5), "attention_mask": torch.ones(2, 5, dtype=torch.int64),
    "labels": torch.tensor([0, 1]), "key": torch.tensor([3, 4]), "count": torch.ones(2, dtype=torch.int64),
}  # fmt: skip


def live(dtype):
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8}
    model = BertForSequenceClassification(BertConfig(vocab_size=20, num_labels=2, **sizes))
    aligned = lambda logits, batch: task.align(logits, batch, EncodingSpec(("no", "yes")))  # noqa: E731
    return LiveTeacher(model.to(dtype), aligned, None, hidden=True, qkv=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_it_answers_in_32_bits_or_more_what_its_own_precision_says(dtype):
    found, expected = live(dtype)(BATCH), live(torch.float32)(BATCH)
    least = torch.promote_types(dtype, torch.float32)
    for answer, usual in (
        (found.logits, expected.logits), (found.hidden[2], expected.hidden[2]), (found.qkv[1][0], expected.qkv[1][0])
    ):  # fmt: skip
        assert answer.dtype == least
        apart = float((answer - usual).abs().max())
        assert apart < (1e-5 if dtype == torch.float64 else 0.05)
        assert apart > 0, "it was asked in another precision"


def test_one_that_does_not_fit_its_device_is_refused_with_a_way_out(monkeypatch):
    teacher = live(torch.float32)

    def full(device):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(teacher.model, "to", full)
    away = {**BATCH, "input_ids": BATCH["input_ids"].to("meta")}
    message = (
        "does not fit meta beside the student: share it out over several devices (trainer.strategy=fsdp), store its"
    )
    with pytest.raises(ModelError, match=re.escape(message)):
        teacher(away)


def spec_of(**teacher):
    config = Config(task="classification")
    config.data.source, config.data.limit.train = "embedded", 64
    config.trainer.precision, config.trainer.accelerator = "bf16-mixed", "auto"
    for name, value in teacher.items():
        setattr(config.teacher, name, value)
    return decided(config)


@pytest.mark.parametrize(
    ("asked", "gpu", "dtype"),
    [
        ("auto", False, torch.float32), ("auto", True, torch.bfloat16), ("32-true", True, torch.float32),
        ("16-true", False, torch.float16), ("bf16-true", False, torch.bfloat16),
    ],
)  # fmt: skip
def test_the_precision_follows_setting_and_machine_and_stands_in_the_fingerprint(asked, gpu, dtype, monkeypatch):
    monkeypatch.setattr(student_teacher, "on_gpu", lambda accelerator: gpu)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    spec = spec_of(precision=asked, store="never")
    assert student_teacher.live_dtype(spec) == dtype
    known = {} if dtype == torch.float32 else {"teacher_precision": str(dtype).removeprefix("torch.")}
    assert student_teacher.settings(spec) == known
    assert student_teacher.settings(spec_of()) == {}, "stored outputs are in 32 bits"


def test_a_precision_that_nothing_reads_is_refused():
    message = "teacher.precision=bf16-true: is of a teacher that answers while the student learns, but this one's"
    with pytest.raises(ConfigError, match=re.escape(message)):
        spec_of(precision="bf16-true")
