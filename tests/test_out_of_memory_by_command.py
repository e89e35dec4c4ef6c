"""A run that needs more memory than there is ends with a sentence that says what to change."""

import pytest
import torch

from distill.training.supervised import SupervisedModule

OF_A_CPU = "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"
OF_A_GPU = "CUDA out of memory. Tried to allocate 2.00 GiB.\nSee the documentation"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "MemoryError"),
        (RuntimeError(OF_A_CPU), OF_A_CPU),
        (torch.OutOfMemoryError(OF_A_GPU), "CUDA out of memory. Tried to allocate 2.00 GiB."),
    ],
)
def test_a_step_that_does_not_fit_into_memory_is_said_with_what_takes_less(inside, monkeypatch, error, said):
    def step(*_):
        raise error

    monkeypatch.setattr(SupervisedModule, "training_step", step)
    out = inside("stages=[pretrain]", "data.batch_size=32", code=2)
    assert out.strip().splitlines()[-1] == (
        f"distill: there is not enough memory ({said}); give data.batch_size=16 trainer.accumulate_grad_batches=2, "
        "which makes the same steps of halves, trainer.activation_checkpointing=true, data.batch_tokens=auto, which "
        "finds what fits, data.max_length below 24, or a smaller student or teacher; finished stages stay"
    )
    assert "Traceback" not in out


def test_with_one_row_at_once_and_less_kept_only_what_is_left_is_said(inside, monkeypatch):
    def step(*_):
        raise MemoryError

    monkeypatch.setattr(SupervisedModule, "training_step", step)
    given = (
        "data.batch_size=1",
        "trainer.accumulate_grad_batches=16",
        "trainer.activation_checkpointing=true",
        "data.batch_tokens=64",
    )
    out = inside("stages=[pretrain]", *given, code=2)
    assert out.strip().splitlines()[-1] == (
        "distill: there is not enough memory (MemoryError); give data.max_length below 24, or a smaller student or "
        "teacher; finished stages stay"
    )
