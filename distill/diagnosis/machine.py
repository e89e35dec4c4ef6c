"""What the machine offers a run: disk, memory, devices, and what can be reached from it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import PretrainedConfig

from distill.base import network
from distill.base.findings import FAIL, OK, WARN, Finding, verdict
from distill.data import hub as hubs
from distill.diagnosis.case import Case
from distill.models import loading
from distill.models.model_shape import model_shape
from distill.models.on_meta import build_on_meta
from distill.models.sources import TEACHER_CHECKPOINT
from distill.pipeline import meta_build
from distill.report import size
from distill.stages import pretrain
from distill.stages.job import RunSpec
from distill.training.tracking import wandb_mode
from distill.training.trainer import device_count, on_gpu

_FLOAT = 4
_STATES = 4
"""Numbers that training holds of each weight: itself, its gradient, and two means of AdamW."""
_ON_DISK = 8 + 4
"""Copies of the teacher's weights that checkpoints of a training take (two of weights and both means, the best weights,
the model), and that the models of all stages take at most."""
_KEPT_OF_A_TOKEN = 34
"""Numbers that a layer keeps of each token for the backward pass, times its width (Korthikanti et al. 2022)."""
_READ = 1000


def disk(case: Case) -> Iterator[Finding]:
    """Yield whether the store and the checkpoints of a run fit on the disk."""
    spec = case.spec
    outputs = sum(1e9 * (each.decisions.outputs.gigabytes or 0.0) for each in spec.teachers.values())
    stored = outputs if spec.decisions.outputs.stored else 0.0
    needed = stored + _ON_DISK * _FLOAT * _weights(spec)
    free = float(_free(Path(spec.config.store)))
    said = (
        f"about {size(needed)} are needed in {spec.config.store} ({size(stored)} of teacher outputs, the rest "
        f"checkpoints and models), and {size(free)} are free"
    )
    facts = {"needed_bytes": round(needed), "free_bytes": round(free)}
    fix = "free some space, take another folder with store=FOLDER, or remove what no run needs: distill.store clean"
    level = FAIL if free < needed else WARN if free < 2 * needed else OK
    yield Finding("disk", level, said, "" if level == OK else fix, facts)


def memory(case: Case) -> Iterator[Finding]:
    """Yield whether training the teacher fits into memory, by the sizes of weights and batches."""
    spec, config = case.spec, case.spec.config
    shape = model_shape(_teacher(spec))
    batch = config.data.batch_size
    tokens = min(batch * spec.setup.spec.max_length, config.data.batch_tokens or batch * spec.setup.spec.max_length)
    logits = tokens * _teacher(spec).vocab_size if spec.setup.task.writes or "pretrain" in case.stages else 0
    numbers = _STATES * _weights(spec) + tokens * shape.layers * shape.width * _KEPT_OF_A_TOKEN + 3 * logits
    gpu = on_gpu(config.trainer.accelerator)
    available, where = (torch.cuda.mem_get_info()[0], "the GPU") if gpu else (_available(), "memory")
    needed = _FLOAT * numbers
    if available is None:
        yield Finding(
            "memory", "SKIP", f"not checked: this system does not say what is free; {size(needed)} are needed"
        )
        return
    said = (
        f"about {size(needed)} of {where} at most for the longest batch of the teacher, and {size(available)} are free"
    )
    fix = "lower data.batch_size or data.max_length, give data.batch_tokens, or raise trainer.accumulate_grad_batches"
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
    wanted = case.config.tracking.wandb
    mode = wandb_mode(wanted)
    bad = wanted == "online" and mode != "online"
    said = f"W&B: {mode}" + (", and metrics.csv in any case" if mode != "online" else "")
    yield verdict("trackers", bad, said, "log in with: wandb login; or set tracking.wandb=offline", {"wandb": mode})


def _teacher(spec: RunSpec) -> PretrainedConfig:
    """Return the configuration of the first teacher, that of one from scratch with the tokens that it will have."""
    config = spec.sources.configurations.get(TEACHER_CHECKPOINT)
    return config or pretrain.configuration(spec, meta_build.stand_in(spec, _READ))


def _weights(spec: RunSpec) -> int:
    """Return the weights of all teachers, counted without making them."""
    head = spec.setup.task.head
    return sum(loading.parameters(build_on_meta(_teacher(each), head)) for each in spec.teachers.values())


def _attention(accelerator: str) -> str:
    """Return the kernels that scaled dot-product attention may take here."""
    if not on_gpu(accelerator):
        return "PyTorch's sdpa on the CPU"
    kernels = {
        "flash": torch.backends.cuda.flash_sdp_enabled(),
        "memory-efficient": torch.backends.cuda.mem_efficient_sdp_enabled(),
        "plain": torch.backends.cuda.math_sdp_enabled(),
    }
    return f"PyTorch's sdpa ({', '.join(name for name, enabled in kernels.items() if enabled)})"


def _free(folder: Path) -> int:
    """Return the free bytes where a folder is, or will be."""
    absolute = folder.expanduser().absolute()
    return shutil.disk_usage(next(path for path in (absolute, *absolute.parents) if path.exists())).free


def _available() -> float | None:
    """Return the bytes of memory that are free for programs, as Linux says it."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return None if kilobytes is None else 1024.0 * int(kilobytes)
