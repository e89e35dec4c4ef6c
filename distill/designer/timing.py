"""How long models take on this machine for one text: all of them in turn, so that noise hits them alike."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedTokenizerBase

from distill.inference.torch_runtime import TorchRuntime
from distill.metrics.latency import interleaved, watched
from distill.models import loading
from distill.tasks import Task
from distill.types import Batch

Latency = dict[str, float]
"""``p50`` and ``p90``, in milliseconds."""
Call: TypeAlias = Callable[[int], object]
"""Lets a model answer the text, whatever the number."""
_GLANCES = 5
"""Calls of the first look at a model."""
_HOPELESS = 2.0
"""Times the limit at which a first look is enough."""
_SECONDS, _FEWEST, _MOST = 45.0, 15, 100
"""What all timed calls may take together, within so many of each model."""


@dataclass(frozen=True)
class Text:
    """The text that models are timed with, and how they read and answer it.

    Attributes:
        tokens: of the text.
        threads: that it is read on.
        written: tokens that a model of a task that writes answers with.
        beams: with which it writes them.
    """

    tokens: int
    threads: int
    written: int
    beams: int = 1


@dataclass(frozen=True)
class Timed:
    """The times that were measured.

    Attributes:
        latency: by name; models that are far too slow are left out.
        samples: calls that were timed of each.
        attention: the fraction of the time in which the CPU really worked on them; more than 1 with several threads.
        bytes: of the file, by name, of those that were exported.
    """

    latency: dict[str, Latency]
    samples: int
    attention: float
    bytes: dict[str, int] = field(default_factory=dict)


def measure(
    task: Task,
    tokenizer: PreTrainedTokenizerBase,
    models: Mapping[str, PretrainedConfig],
    text: Text,
    *,
    limit: float | None = None,
    always: str = "",
    slower: Callable[[str, str], bool] = lambda one, other: False,
) -> Timed:
    """Time models of random weights, which take as long as trained ones.

    Args:
        task: what the models do.
        tokenizer: whose tokens the text is made of.
        models: name to configuration, the smallest first.
        text: what they read.
        limit: milliseconds; those far beyond it are not looked at twice, but for the first one.
        always: the model that is timed however slow.
        slower: whether one model is sure to take longer than another.
    """
    calls: dict[str, Call] = {}
    hopeless: list[str] = []
    one_round, embeddings = 0.0, dict[tuple[int, int], nn.Embedding]()
    with on_threads(text.threads):
        for name, configured in models.items():
            if name != always and any(slower(name, other) for other in hopeless):
                hopeless.append(name)
                continue
            call = torch_call(task, tokenizer, configured, text, embeddings)
            glance = first_look(name, call)
            if name != always and calls and limit is not None and glance > _HOPELESS * limit:
                hopeless.append(name)
                continue
            calls[name] = call
            one_round += glance / 1000
        return in_turn(calls, one_round)


def first_look(name: str, call: Call) -> float:
    """Return about how many milliseconds a model takes."""
    return interleaved({name: call}, _GLANCES)[name]["p50"]


def in_turn(calls: Mapping[str, Call], one_round: float) -> Timed:
    """Time models in turn, as often as fits into the time that all may take together.

    Args:
        calls: by the models' names.
        one_round: seconds of one call of each.
    """
    samples = max(_FEWEST, min(_MOST, int(_SECONDS / one_round)))
    worked = watched()
    latency = interleaved(calls, samples)
    return Timed(latency, samples, worked())


def torch_call(
    task: Task,
    tokenizer: PreTrainedTokenizerBase,
    configured: PretrainedConfig,
    text: Text,
    embeddings: dict[tuple[int, int], nn.Embedding],
) -> Call:
    """Return a call that lets a model answer the text; models of one width share ``embeddings``, to save memory."""
    model = loading.from_config(configured, task.head)
    runtime = TorchRuntime(model)
    own = cast(nn.Embedding, model.get_input_embeddings())
    model.set_input_embeddings(embeddings.setdefault((own.num_embeddings, own.embedding_dim), own))
    batch = plain_batch(tokenizer, text.tokens, configured.vocab_size)
    if not task.writes:
        return lambda _: runtime.logits(batch)
    settings = {"num_beams": text.beams, "max_new_tokens": text.written, "min_new_tokens": text.written}
    return lambda _: runtime.generate(batch, settings)


def plain_batch(tokenizer: PreTrainedTokenizerBase, tokens: int, known: int | None = None) -> Batch:
    """Return one text ``[1, tokens]`` of plain tokens, of the first ``known`` ones where a model has no more."""
    special = set(tokenizer.all_special_ids)
    plain = [number for number in range(min(len(tokenizer), known or len(tokenizer))) if number not in special]
    ids = torch.tensor([[plain[place % len(plain)] for place in range(tokens)]])
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if "token_type_ids" in tokenizer.model_input_names:
        batch["token_type_ids"] = torch.zeros_like(ids)
    return batch


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Let torch compute on so many threads, and without gradients, while what is inside works."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
