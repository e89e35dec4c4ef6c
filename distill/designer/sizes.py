"""The teacher of the settings, and how many weights it and its students have, without making them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.base.layer_maps import layer_map
from distill.designer.candidates import INNER, Candidate, Shape, from_the_first
from distill.designer.ranking import Sized
from distill.errors import ModelError
from distill.models import checkpoint_fitting, from_scratch, loading
from distill.models.sources import TEACHER_CHECKPOINT
from distill.stages import pretrain
from distill.stages.job import RunSpec
from distill.student.from_layers import from_layers, shortened
from distill.student.narrow import narrowing
from distill.student.narrow.architectures import inner_size


@dataclass(frozen=True)
class Teacher:
    """Whom students are made of.

    Attributes:
        configuration: with the task's outputs and an embedding for each token.
        tokenizer: that students of it read, too.
        kinds: of students that may be made of it.
    """

    configuration: PretrainedConfig
    tokenizer: PreTrainedTokenizerBase
    kinds: tuple[str, ...]

    @property
    def shape(self) -> Shape:
        """Of its layers."""
        found = self.configuration
        inner = inner_size(found) / found.hidden_size if "narrow" in self.kinds else INNER  # of models from scratch
        return Shape(found.num_hidden_layers, found.hidden_size, found.num_attention_heads, inner)


def teacher(spec: RunSpec) -> Teacher:
    """The teacher as the run would fine-tune it.

    Raises:
        ModelError: its checkpoint does not fit the settings.
    """
    folder = spec.sources.checkpoints.get(TEACHER_CHECKPOINT)
    if folder is not None:
        tokenizer, found = spec.sources.tokenizer(folder), loading.configuration(folder)
        loading.inside_bounds(found, spec.config.data.max_length, "teacher")
        tokens = checkpoint_fitting.token_count(tokenizer)
        found.vocab_size = tokens if spec.setup.task.writes else max(found.vocab_size, tokens)
        checkpoint_fitting.fit_padding(found, tokenizer)
    else:
        tokenizer = _tokenizer_from_scratch(spec)
        found = _from_scratch(spec, tokenizer, from_scratch.Size(**asdict(spec.config.teacher.architecture)))
    _name_outputs(spec, found)
    learnt = folder is not None  # else its weights are not worth cutting
    return Teacher(
        found, tokenizer, ("teacher", "narrow" if learnt and narrowing.why_not_narrowable(found) is None else "random")
    )


def makeable(spec: RunSpec, of: Teacher, wanted: Sequence[Candidate]) -> list[Candidate]:
    """Those that a run would make: some layers cannot be told apart, some widths do not fit.

    Where layers cannot stand elsewhere (the first of ModernBERT lacks a norm), the first stays the first.
    """
    whole = _without_memory(spec, of.configuration)

    def made(candidate: Candidate) -> Iterator[Candidate]:
        first = from_the_first(candidate.shape.layers, of.shape.layers)
        ways = (candidate, replace(candidate, layer_map=first))
        yield from islice((each for each in ways if _can_be_made(spec, of, whole, each)), 1)

    return [each for candidate in wanted for each in made(candidate)]


def _can_be_made(spec: RunSpec, of: Teacher, whole: PreTrainedModel, candidate: Candidate) -> bool:
    try:
        configuration(spec, of, candidate)
        if candidate.init == "teacher":
            with torch.device("meta"):
                from_layers(whole, _chosen(of, candidate), None, spec.setup.task.head, 0.0)
    except ModelError:
        return False
    return True


def sized(spec: RunSpec, of: Teacher, candidate: Candidate) -> Sized:
    """Count a candidate's weights."""
    return Sized(candidate, *count(spec, configuration(spec, of, candidate)))


def count(spec: RunSpec, configured: PretrainedConfig) -> tuple[int, int]:
    """The parameters of a model with the task's head: all of them, and those outside the embeddings."""
    model = _without_memory(spec, configured)
    embedded = {each.weight for each in model.modules() if isinstance(each, nn.Embedding)}
    whole = loading.parameters(model)
    return whole, whole - sum(weight.numel() for weight in embedded)


def configuration(spec: RunSpec, of: Teacher, candidate: Candidate) -> PretrainedConfig:
    """A candidate's, as the run would make it."""
    found = CONFIGURATIONS[candidate.init](spec, of, candidate)
    _name_outputs(spec, found)
    return found


def _of_layers(spec: RunSpec, of: Teacher, candidate: Candidate) -> PretrainedConfig:
    return shortened(of.configuration, _chosen(of, candidate))


def _chosen(of: Teacher, candidate: Candidate) -> list[int]:
    return layer_map(candidate.layer_map, student=candidate.shape.layers, teacher=of.configuration.num_hidden_layers)


def _narrow(spec: RunSpec, of: Teacher, candidate: Candidate) -> PretrainedConfig:
    size: Mapping[str, int] = candidate.card["architecture"]
    width = narrowing.Width(size["hidden_size"], size["heads"], size["intermediate_size"])
    return narrowing.narrowed_config(_of_layers(spec, of, candidate), width)


def _random(spec: RunSpec, of: Teacher, candidate: Candidate) -> PretrainedConfig:
    size: Mapping[str, int] = candidate.card["architecture"]
    return _from_scratch(spec, of.tokenizer, from_scratch.Size(**size))


CONFIGURATIONS: Mapping[str, Callable[[RunSpec, Teacher, Candidate], PretrainedConfig]] = {
    "teacher": _of_layers,
    "narrow": _narrow,
    "random": _random,
}


def _from_scratch(spec: RunSpec, tokenizer: PreTrainedTokenizerBase, size: from_scratch.Size) -> PretrainedConfig:
    length, dropout = spec.config.data.max_length, spec.config.distill.dropout
    return from_scratch.config(spec.setup.task.family, tokenizer, size, max_length=length, dropout=dropout)


def _name_outputs(spec: RunSpec, configured: PretrainedConfig) -> None:
    if spec.setup.outputs:
        loading.name_labels(configured, spec.setup.outputs, spec.setup.task.kind)


def _tokenizer_from_scratch(spec: RunSpec) -> PreTrainedTokenizerBase:
    with TemporaryDirectory() as folder:
        pretrain.trained_tokenizer(spec, spec.data.splits["train"]).save_pretrained(folder)
        return spec.sources.tokenizer(Path(folder))


def _without_memory(spec: RunSpec, configured: PretrainedConfig) -> PreTrainedModel:
    with torch.device("meta"):
        return loading.from_config(configured, spec.setup.task.head)
