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
from distill.designer.candidates import CORPUS, INNER, WHOLE, Candidate, StudentShape, architecture, from_the_first
from distill.designer.ranking import Sized
from distill.designer.small_vocabulary import fewer_tokens
from distill.errors import ModelError
from distill.export import exporter
from distill.inference.formats import TORCH
from distill.models import checkpoint_fitting, from_scratch, loading, low_rank, static
from distill.models.embedding_cutting import cut_configuration
from distill.models.sources import TEACHER_CHECKPOINT
from distill.stages import pretrain
from distill.stages.job import RunSpec
from distill.student import student_kind
from distill.student.from_layers import from_layers, shortened
from distill.student.narrow import narrowing
from distill.student.narrow.architectures import inner_size
from distill.student.vocabulary import Vocabulary
from distill.tasks.setup import TaskSetup

FLOAT = 4
"""Bytes of a number in 32 bits."""


@dataclass(frozen=True)
class Teacher:
    """The teacher that students are made of, with what else of a run decides what they are.

    Attributes:
        configuration: with the task's outputs and an embedding for each token.
        tokenizer: that students of it read, too.
        kinds: of students that may be made of it, in the words of ``student.init``.
        setup: the task that all of them solve, with its labels.
        dropout: that students are trained with.
        vocabulary: the tokens alone that the texts use; none where students keep all.
        takes_factors: whether students of its layers, and narrow copies, may hold embeddings as factors of a low rank.
    """

    configuration: PretrainedConfig
    tokenizer: PreTrainedTokenizerBase
    kinds: tuple[str, ...]
    setup: TaskSetup
    dropout: float = 0.0
    vocabulary: Vocabulary | None = None
    takes_factors: bool = False

    @property
    def shape(self) -> StudentShape:
        """The shape of its layers."""
        config = self.configuration
        inner = inner_size(config) / config.hidden_size if "narrow" in self.kinds else INNER  # of models from scratch
        return StudentShape(config.num_hidden_layers, config.hidden_size, config.num_attention_heads, inner)

    def vocabulary_of(self, candidate: Candidate) -> Vocabulary | None:
        """Return the tokens alone that a candidate keeps; none where it keeps all."""
        return self.vocabulary if candidate.vocabulary == CORPUS else None

    def rank_of(self, candidate: Candidate) -> int | None:
        """Return the rank that a run would choose for a candidate's embeddings; none where it leaves them whole."""
        share = student_kind(candidate.init).rank_share
        if share is None or not self.takes_factors or candidate.vocabulary != WHOLE:
            return None
        return low_rank.chosen_rank(self.configuration.vocab_size, candidate.shape.width, share)

    def reader(self, candidate: Candidate) -> PreTrainedTokenizerBase:
        """Return the tokenizer that a candidate reads texts with."""
        vocabulary = self.vocabulary_of(candidate)
        return self.tokenizer if vocabulary is None else vocabulary.tokenizer


def teacher(spec: RunSpec) -> Teacher:
    """Configure the teacher as the run would fine-tune it.

    Raises:
        ModelError: its checkpoint does not fit the settings.
    """
    checkpoint, dropout = spec.sources.checkpoints.get(TEACHER_CHECKPOINT), spec.config.distill.dropout
    if checkpoint is None:  # its weights are not worth cutting before they have learnt anything
        tokenizer = _tokenizer_from_scratch(spec)
        size = from_scratch.Size(**asdict(spec.config.teacher.architecture))
        config = _from_scratch(spec.setup, tokenizer, size, dropout)
        _name_outputs(spec.setup, config)
        return Teacher(config, tokenizer, ("teacher", "random", *_static(spec.setup)), spec.setup, dropout)
    tokenizer, config = spec.sources.tokenizer(checkpoint), loading.configuration(checkpoint)
    loading.inside_bounds(config, spec.setup.spec.max_length, "teacher")
    if getattr(config, "num_attention_heads", None) is None:
        raise ModelError(
            f"{checkpoint}: students are designed by the shape of a transformer's layers, and {config.model_type} "
            "models have none; give another teacher.model"
        )
    tokens = checkpoint_fitting.token_count(tokenizer)
    config.vocab_size = tokens if spec.setup.task.writes else max(config.vocab_size, tokens)
    checkpoint_fitting.fit_padding(config, tokenizer)
    _name_outputs(spec.setup, config)
    kinds = ("teacher", "narrow" if narrowing.why_not_narrowable(config) is None else "random")
    fewer = fewer_tokens(spec, tokenizer)  # a tokenizer from scratch is made of these texts alone
    factors = spec.config.distill.quantization == "none" and low_rank.may_be_factors(config, spec.setup.task.head)
    return Teacher(config, tokenizer, (*kinds, *_static(spec.setup)), spec.setup, dropout, fewer, factors)


def makeable(teacher: Teacher, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that a run would make: some layers cannot be told apart, some widths do not fit.

    Where layers cannot stand elsewhere (the first of ModernBERT lacks a norm), the first stays the first.
    """
    whole = _without_memory(teacher.configuration, teacher.setup.task.head)

    def first_way(candidate: Candidate) -> Iterator[Candidate]:
        """Yield the candidate as it is, or as it can be made, or nothing."""
        from_first = from_the_first(candidate.shape.layers, teacher.shape.layers)
        ways = (candidate, replace(candidate, layer_map=from_first))
        yield from islice((way for way in ways if _can_be_made(teacher, whole, way)), 1)

    return [way for candidate in candidates for way in first_way(candidate)]


def _can_be_made(teacher: Teacher, whole: PreTrainedModel, candidate: Candidate) -> bool:
    """Tell whether a run would make a candidate, by the ``whole`` model of its teacher, which has no memory."""
    try:
        configuration(teacher, candidate)
        if candidate.init == "teacher":
            with torch.device("meta"):
                from_layers(whole, _chosen_layers(teacher, candidate), None, teacher.setup.task.head, 0.0)
    except ModelError:
        return False
    return True


def sized(teacher: Teacher, candidate: Candidate, *, form: str = TORCH) -> Sized:
    """Count a candidate's weights, and the bytes that they take in the form that is shipped.

    These are 32 bits for each, or 8 where the form rounds them; exported forms hold factors of embeddings as such.
    """
    config, head = configuration(teacher, candidate), teacher.setup.task.head
    parameters, body = count(config, head)
    shapes = [weight.shape for weight in _without_memory(config, head).parameters()]
    if form != TORCH and (rank := getattr(config, low_rank.RANK, None)) is not None:
        shapes.remove(torch.Size((config.vocab_size, config.hidden_size)))
        shapes += [torch.Size((config.vocab_size, rank)), torch.Size((config.hidden_size, rank))]
    rounds = form != TORCH and exporter(form).rounds
    return Sized(candidate, parameters, body, sum(_bytes(shape, rounds=rounds) for shape in shapes))


def _bytes(shape: torch.Size, *, rounds: bool) -> int:
    """Return the bytes of a weight: where a form rounds, matrices have 8 bits and a scale for each row."""
    return shape.numel() + FLOAT * shape[0] if rounds and len(shape) == 2 else FLOAT * shape.numel()


def count(config: PretrainedConfig, head: str) -> tuple[int, int]:
    """Count the parameters of a model with a task's head: all of them, and those outside the embeddings."""
    model = _without_memory(config, head)
    embeddings = {module.weight for module in model.modules() if isinstance(module, nn.Embedding)}
    parameters = loading.parameters(model)
    return parameters, parameters - sum(weight.numel() for weight in embeddings)


def configuration(teacher: Teacher, candidate: Candidate) -> PretrainedConfig:
    """Configure a candidate as the run would make it."""
    config = CONFIGURATIONS[candidate.init](teacher, candidate)
    _name_outputs(teacher.setup, config)
    if (vocabulary := teacher.vocabulary_of(candidate)) is not None:
        cut_configuration(config, vocabulary.kept)
    low_rank.name_rank(config, teacher.rank_of(candidate))
    return config


def _of_layers(teacher: Teacher, candidate: Candidate) -> PretrainedConfig:
    """Configure a student of some of the teacher's layers."""
    return shortened(teacher.configuration, _chosen_layers(teacher, candidate))


def _chosen_layers(teacher: Teacher, candidate: Candidate) -> list[int]:
    """Return the numbers of the teacher's layers that a student is made of."""
    layers = teacher.configuration.num_hidden_layers
    return layer_map(candidate.layer_map, student=candidate.shape.layers, teacher=layers)


def _narrow(teacher: Teacher, candidate: Candidate) -> PretrainedConfig:
    """Configure a narrow copy of the teacher."""
    size = architecture(candidate.shape)
    width = narrowing.Width(size["hidden_size"], size["heads"], size["intermediate_size"])
    return narrowing.narrowed_config(_of_layers(teacher, candidate), width)


def _random(teacher: Teacher, candidate: Candidate) -> PretrainedConfig:
    """Configure a student from scratch, which reads the teacher's tokens."""
    size = from_scratch.Size(**architecture(candidate.shape))
    return _from_scratch(teacher.setup, teacher.tokenizer, size, teacher.dropout)


def _static_model(teacher: Teacher, candidate: Candidate) -> PretrainedConfig:
    """Configure the mean of token embeddings."""
    tokens, texts = teacher.configuration.vocab_size, len(teacher.setup.task.text)
    return static.configured(teacher.tokenizer, tokens, candidate.shape.width, texts, teacher.dropout)


def _static(setup: TaskSetup) -> tuple[str, ...]:
    """Return the kind of students without layers, where they have a head for the task."""
    return ("static",) if student_kind("static").has_head(setup.task) else ()


CONFIGURATIONS: Mapping[str, Callable[[Teacher, Candidate], PretrainedConfig]] = {
    "teacher": _of_layers,
    "narrow": _narrow,
    "random": _random,
    "static": _static_model,
}
"""How each kind of student is configured, by its ``student.init``."""


def _from_scratch(
    setup: TaskSetup, tokenizer: PreTrainedTokenizerBase, size: from_scratch.Size, dropout: float
) -> PretrainedConfig:
    """Configure a model of random weights."""
    return from_scratch.config(setup.task.family, tokenizer, size, max_length=setup.spec.max_length, dropout=dropout)


def _name_outputs(setup: TaskSetup, config: PretrainedConfig) -> None:
    """Give a model the outputs of the task, where it has some of its own."""
    if setup.outputs:
        loading.name_labels(config, setup.outputs, setup.task.kind)


def _tokenizer_from_scratch(spec: RunSpec) -> PreTrainedTokenizerBase:
    """Train the tokenizer of a teacher from scratch, as its run would load it."""
    with TemporaryDirectory() as folder:
        pretrain.trained_tokenizer(spec).save_pretrained(folder)
        return spec.sources.tokenizer(Path(folder))


def _without_memory(config: PretrainedConfig, head: str) -> PreTrainedModel:
    """Make a model whose weights have shapes and no numbers."""
    with torch.device("meta"):
        return loading.from_config(config, head)
