"""What the machine offers a run: disk, memory, devices, and what can be reached from it."""

import os
from collections.abc import Iterator

import torch

from distill.base import memory as free_memory
from distill.base import network
from distill.base.findings import FAIL, OK, SKIPPED, WARN, Finding, verdict
from distill.data import hub as hubs
from distill.diagnosis.case import Case
from distill.models.model_shape import model_shape
from distill.pipeline import space
from distill.report import size
from distill.tracking.reach import wandb_mode
from distill.training.trainer import device_count, on_gpu

_STATES = 4
"""Numbers that training holds of each weight: itself, its gradient, and two means of AdamW."""
_KEPT_OF_A_TOKEN = 34
"""Numbers that a layer keeps of each token for the backward pass, times its width (Korthikanti et al. 2022)."""


def disk(case: Case) -> Iterator[Finding]:
    """Yield whether the store and the checkpoints of a run fit on the disk."""
    yield space.disk(case.spec)


def memory(case: Case) -> Iterator[Finding]:
    """Yield whether training the teacher fits into memory, by the sizes of weights and batches."""
    spec, config = case.spec, case.spec.config
    teacher = space.teacher_configuration(spec)
    shape = model_shape(teacher)
    batch = config.data.batch_size
    tokens = batch * spec.setup.spec.max_length
    if isinstance(limit := config.data.batch_tokens, int):
        tokens = min(tokens, max(limit, spec.setup.spec.max_length))
    logits = tokens * teacher.vocab_size if spec.setup.task.writes or "pretrain" in case.stages else 0
    numbers = _STATES * space.weights(spec) + tokens * shape.layers * shape.width * _KEPT_OF_A_TOKEN + 3 * logits
    gpu = on_gpu(config.trainer.accelerator)
    available, where = (torch.cuda.mem_get_info()[0], "the GPU") if gpu else (free_memory.available(), "memory")
    needed = space.FLOAT * numbers
    if available is None:
        yield Finding(
            "memory", SKIPPED, f"not checked: this system does not say what is free; {size(needed)} are needed"
        )
        return
    said = (
        f"about {size(needed)} of {where} at most for the longest batch of the teacher, and {size(available)} are free"
    )
    fix = "lower data.batch_size or data.max_length, or give data.batch_tokens=auto, which finds what fits"
    level = FAIL if needed > 1.5 * available else WARN if needed > 0.8 * available else OK
    facts = {"needed_bytes": round(needed), "available_bytes": int(available)}
    yield Finding("memory", level, said, "" if level == OK else fix, facts)


def devices(case: Case) -> Iterator[Finding]:
    """Yield what trains, in which precision, and by which attention."""
    trainer = case.config.trainer
    gpu = on_gpu(trainer.accelerator)
    missing = trainer.accelerator in ("gpu", "cuda") and not gpu
    if missing:
        said, fix = f"trainer.accelerator={trainer.accelerator}: there is no NVIDIA GPU", "leave it out, or give cpu"
        yield Finding("devices", FAIL, said, fix)
        return
    count = device_count(trainer.accelerator, trainer.devices)
    if gpu and count > torch.cuda.device_count():
        said = f"trainer.devices={trainer.devices}: there are {torch.cuda.device_count()} GPUs"
        yield Finding("devices", FAIL, said, f"give trainer.devices={torch.cuda.device_count()}")
        return
    what = f"{count} x {torch.cuda.get_device_name()}" if gpu else f"{count} process{'es' * (count > 1)} on a CPU"
    threads = "" if gpu else f" with {torch.get_num_threads()} of {os.cpu_count()} threads each"
    said = f"{what}{threads}, precision {trainer.precision}, attention by {_attention(trainer.accelerator)}"
    slow = trainer.precision.endswith("-mixed") and not gpu
    fix = "take trainer.precision=32-true: on a CPU without hardware for it mixed precision is many times slower"
    yield verdict("devices", slow, said, fix, {"devices": count, "gpu": gpu, "precision": trainer.precision})


def hub(case: Case) -> Iterator[Finding]:
    """Yield whether the Hugging Face hub answers, where something may be fetched from there."""
    config = case.config
    local = config.data.source != "hub" and config.teacher.default_model is None
    if hubs.reachable():
        yield Finding("hub", OK, "the Hugging Face hub answers")
        return
    said = "the Hugging Face hub does not answer, or HF_HUB_OFFLINE is set: only what is in the local cache is found"
    needs = not local or _named_on_hub(config.teacher.model) or _named_on_hub(config.student.model)
    fix = "give folders on this machine: data.path=FOLDER, teacher.model=FOLDER"
    yield verdict("hub", needs, said, fix)


def _named_on_hub(model: str | None) -> bool:
    return model is not None and not os.path.isdir(os.path.expanduser(model)) and network.may_be_on_the_hub(model)


def trackers(case: Case) -> Iterator[Finding]:
    """Yield where curves will go."""
    section = case.config.tracking
    others = [name for name in section.trackers if name != "wandb"]
    mode = wandb_mode(section.wandb) if "wandb" in section.trackers else "disabled"
    bad = section.wandb == "online" and mode == "offline"
    said = f"W&B: {mode}" + (", and metrics.csv in any case" if mode != "online" else "")
    said += f"; besides: {', '.join(others)}" if others else ""
    yield verdict("trackers", bad, said, "log in with: wandb login; or set tracking.wandb=offline", {"wandb": mode})


def _attention(accelerator: str) -> str:
    """Return the kernels that scaled dot-product attention may take here."""
    if not on_gpu(accelerator):
        return "PyTorch's sdpa on the CPU"
    kernels = {
        "flash": torch.backends.cuda.flash_sdp_enabled(),  # type: ignore[no-untyped-call]
        "memory-efficient": torch.backends.cuda.mem_efficient_sdp_enabled(),  # type: ignore[no-untyped-call]
        "plain": torch.backends.cuda.math_sdp_enabled(),  # type: ignore[no-untyped-call]
    }
    return f"PyTorch's sdpa ({', '.join(name for name, enabled in kernels.items() if enabled)})"
