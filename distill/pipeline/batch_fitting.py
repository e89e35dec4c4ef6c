"""Find how many tokens of a batch fit into memory: ``data.batch_tokens=auto``."""

import logging
from dataclasses import replace
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle
from transformers import PretrainedConfig, PreTrainedModel

from distill.base import memory
from distill.config.data import FITTING
from distill.config.schema import Config
from distill.data.batching import Place
from distill.data.prepared import Prepared
from distill.distributed.processes import Ranks
from distill.errors import ConfigError
from distill.models import loading
from distill.models.device_copies import to_device
from distill.models.forward import outputs
from distill.models.on_meta import build_on_meta
from distill.models.peak_memory import peak_bytes
from distill.models.sources import STUDENT_CHECKPOINT
from distill.pipeline import meta_build, space
from distill.pipeline.context import example_pipeline, run_spec
from distill.report import size
from distill.stages import pretrain
from distill.stages.job import RunSpec
from distill.training.model_modes import training_modes
from distill.training.trainer import device_count
from distill.types import Batch

C = TypeVar("C", bound=Config)
log = logging.getLogger(__name__)

_STATES = 4
"""Numbers that training holds of each weight: itself, its gradient, and two means of AdamW."""
_OF_GPU, _OF_MEMORY = 0.8, 0.5
"""Parts of what there is that training may take: what fits is the same whenever the run is begun, or goes on."""
_SAMPLE = 2048
"""Examples of train, spread over it, of which the longest is tried."""


def fitted(config: C, data: Prepared, ranks: Ranks) -> tuple[C, Prepared]:
    """Return settings in which ``data.batch_tokens`` is a number, or none where no limit is needed, and a note on it.

    Steps of the largest model that learns are tried with one and two of the longest texts; what the second adds to the
    peak of memory is the price of its tokens. Batches get the largest power of two of tokens that fits beside weights,
    gradients and moments of AdamW, on the rank with the least memory.

    Raises:
        ConfigError: a batch of a single text does not fit.
    """
    if config.data.batch_tokens != FITTING:
        return config, data
    spec = run_spec(_limited(config, None), data)
    price, longest, weights = _measured(spec, ranks)
    has = min(ranks.every(_share_of_memory(spec, ranks.device)))
    fits = int((has - weights) / max(1.0, *ranks.every(price)))
    whole = config.data.batch_size * spec.setup.spec.max_length
    if fits < longest:
        raise ConfigError(
            f"data.batch_tokens=auto: a batch of one text of {longest} tokens takes about "
            f"{size(weights + price * longest)} with what training keeps of the weights, and it may take {size(has)}; "
            "lower data.max_length, take a smaller model, or give trainer.activation_checkpointing=true"
        )
    tokens = None if fits >= whole else max(longest, 1 << (fits.bit_length() - 1))
    limit = f"{tokens:,} tokens" if tokens else f"no limit, {config.data.batch_size} texts fit at any length"
    kept = f"{size(weights)} for weights, gradients and moments, and {size(price)} a token"
    note = f"data.batch_tokens=auto: {limit} ({size(has)} to take, {kept})"
    if ranks.rank == 0:
        log.info("data: %s", note)
    return _limited(config, tokens), replace(data, notes=(*data.notes, note))


def _limited(config: C, tokens: int | None) -> C:
    return replace(config, data=replace(config.data, batch_tokens=tokens))


def _share_of_memory(spec: RunSpec, device: torch.device) -> float:
    """Return the bytes that training may take on this rank.

    Raises:
        ConfigError: this system does not say how much memory it has.
    """
    if device.type == "cuda":
        return _OF_GPU * torch.cuda.get_device_properties(device).total_memory
    trainer, whole = spec.config.trainer, memory.total()
    if whole is None:
        raise ConfigError("data.batch_tokens=auto: this system does not say how much memory it has; give a number")
    return _OF_MEMORY * whole / device_count(trainer.accelerator, trainer.devices)


def _measured(spec: RunSpec, ranks: Ranks) -> tuple[float, int, float]:
    """Return the bytes that a token of a batch takes, the tokens of the longest text, and the bytes of the weights."""
    config, weights = _largest(spec)
    batch, longest = _longest_text(spec, config, ranks)
    heads = {spec.setup.task.head}
    if "pretrain" in spec.config.stages and spec.decisions.base == "pretrain" and spec.setup.task.family == "encoder":
        heads.add(pretrain.head(spec))
    prices = []
    for head in heads:
        model = loading.from_config(config, head).to(device=ranks.device, dtype=spec.dtype)  # type: ignore[call-arg]
        model.train().get_input_embeddings().requires_grad_(
            False
        )  # else their gradient is more than all of a short text
        one, two = (peak_bytes(partial(_step, model, _repeated(batch, rows), spec), ranks.device) for rows in (1, 2))
        prices.append((two - one) / longest)
    return max(prices), longest, weights


def _largest(spec: RunSpec) -> tuple[PretrainedConfig, float]:
    """Return the configuration of the largest model that may learn, and the bytes that are kept of its weights."""
    configs = [space.teacher_configuration(each) for each in spec.teachers.values()]
    configs += [config for name, config in spec.sources.configurations.items() if name == STUDENT_CHECKPOINT]
    sizes = [loading.parameters(build_on_meta(config, spec.setup.task.head)) for config in configs]
    largest = max(sizes)
    return configs[sizes.index(largest)], float(_STATES * spec.dtype.itemsize * largest)


def _longest_text(spec: RunSpec, config: PretrainedConfig, ranks: Ranks) -> tuple[Batch, int]:
    """Return a batch of the longest text of train, as a model of a configuration can read it, and its tokens."""
    train = spec.data.splits["train"]
    tokenizer = meta_build.stand_in(spec, _SAMPLE)
    examples = example_pipeline(spec.config, spec.setup, ranks)
    features = examples.encode(train.select(range(0, len(train), -(-len(train) // _SAMPLE))), tokenizer)
    read = [features[name] for name in ("input_ids", "target_ids") if name in features.column_names]
    sizes = [sum(map(len, ids)) for ids in zip(*read, strict=True)]
    longest = sizes.index(max(sizes))
    batch = examples.collate(tokenizer)(features[[longest]], Place(()))
    last = config.get_text_config().vocab_size - 1  # marks of a task have no embedding yet
    for name in batch.keys() & {"input_ids", "target_ids"}:
        batch[name] = batch[name].clamp_max(last)
    return {name: to_device(tensor, ranks.device) for name, tensor in batch.items()}, len(read[0][longest])


def _repeated(batch: Batch, rows: int) -> Batch:
    """Return a batch in which a text stands so many times."""
    return {name: tensor.repeat(rows, *[1] * (tensor.dim() - 1)) for name, tensor in batch.items() if tensor.dim()}


def _step(model: PreTrainedModel, batch: Batch, spec: RunSpec) -> None:
    """Take a step forward and back, in which no gradient stays: those of all weights are counted apart."""
    trainer = spec.config.trainer
    mixed = trainer.precision.endswith("-mixed")
    dtype = torch.bfloat16 if trainer.precision == "bf16-mixed" else torch.float16
    hooks: list[RemovableHandle] = [
        weight.register_post_accumulate_grad_hook(_forget)  # type: ignore[no-untyped-call]
        for weight in model.parameters()
        if weight.requires_grad
    ]
    try:
        with training_modes(model, recompute=trainer.activation_checkpointing, compiled=False):
            with torch.autocast(batch["input_ids"].device.type, dtype, enabled=mixed):
                logits = outputs(model, batch).logits
            logits.float().log_softmax(-1).sum().backward()  # type: ignore[no-untyped-call]
    finally:
        for hook in hooks:
            hook.remove()


def _forget(weight: Tensor) -> None:
    weight.grad = None
