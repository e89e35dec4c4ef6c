"""Whether the teacher's outputs are stored, and which: decided before the first stage, by settings and data alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from transformers import PretrainedConfig

from distill.base.memo import kept
from distill.data.splits import UNLABELLED
from distill.errors import ConfigError
from distill.models import loading
from distill.objective import Objective
from distill.objective import build as objectives
from distill.objective.declaration import BEYOND_LOGITS
from distill.objective.settings import reads, terms_beyond_logits, unstorable
from distill.pipeline import expected_shapes, meta_build
from distill.pipeline.context import Builder
from distill.student import layer_matching

_SAMPLE = 512
"""Examples that are looked at for the estimate."""
_READ = 2048
"""Examples that a tokenizer learns from which stands in for one that is not there yet."""
_PLACES = 3 * 8
"""Bytes by which a feature is found again."""


@dataclass(frozen=True)
class TeacherOutputPlan:
    """What shall be stored of the teacher.

    Attributes:
        reason: why nothing is; empty where its outputs are stored.
        states: which of its hidden states are; 0 is the embedding output.
        gigabytes: an estimate of the whole, 10⁹ bytes each; none where it does not matter.
    """

    reason: str = ""
    states: tuple[int, ...] = ()
    gigabytes: float | None = None

    @property
    def stored(self) -> bool:
        """Whether anything is."""
        return not self.reason


def storing(build: Builder) -> TeacherOutputPlan:
    """The decision of ``teacher.store``; the same for the same settings, checkpoints and data, on every rank.

    Raises:
        ConfigError: the teacher is asked beside a student whose words it cannot find, since both read other tokens.
    """
    return kept(build, "storing", lambda: _allowed(build))


def _allowed(build: Builder) -> TeacherOutputPlan:
    decided = _decided(build)
    if not decided.stored and not build.task.of_texts and not expected_shapes.same_tokens(build):
        raise ConfigError(
            f"teacher.store: {decided.reason}, but a student that reads other tokens finds the teacher's rows of "
            f"{build.config.task} only where they are stored; allowed are auto and always"
        )
    return decided


def _decided(build: Builder) -> TeacherOutputPlan:
    asked, section = build.config.teacher, build.config.distill
    if asked.store == "never":
        return TeacherOutputPlan("teacher.store=never")
    if names := unstorable(section):
        return TeacherOutputPlan(f"{BEYOND_LOGITS[reads(section, names[0])]} are not stored")
    configs = {name: loading.configuration(folder) for name, folder in build.checkpoints.items()}
    states, width = _states(build, configs) if terms_beyond_logits(section) else ((), 0)
    size = _bytes(build, len(states) * width) / 1e9
    several = bool(build.config.more_teachers)  # whose answers are combined from their stores
    if asked.store == "auto" and not several and size > asked.store_limit_gb:
        what = "logits and hidden states" if states else "logits"
        limit = f"teacher.store_limit_gb={asked.store_limit_gb:g}"
        return TeacherOutputPlan(f"its {what} would take about {size:.3g} GB, and {limit}", gigabytes=size)
    return TeacherOutputPlan(states=states, gigabytes=size)


def read_states(objective: Objective, total: int) -> tuple[int, ...]:
    """Which of a teacher's ``total`` hidden states the terms read: those of their pairs; without pairs, any."""
    reading = (term for term in objective.terms.values() if "teacher_hidden" in term.needs)  # type: ignore[operator]
    pairs = (getattr(term, "pairs", [(number, number) for number in range(total)]) for term in reading)
    return tuple(sorted({theirs % total for each in pairs for _, theirs in each}))


def _states(build: Builder, configs: Mapping[str, PretrainedConfig]) -> tuple[tuple[int, ...], int]:
    """Which hidden states are read, and how wide they are."""
    student, teacher = expected_shapes.shapes(build, configs)
    if layer_matching.asked(build):  # which ones is known when there is a student
        return tuple(range(teacher.layers + 1)), teacher.width
    return read_states(objectives.objective(build, student, teacher), teacher.layers + 1), teacher.width


def _bytes(build: Builder, numbers: int) -> float:
    """Bytes of the store, where each token has so many ``numbers`` in half precision: of a sample, and scaled up."""
    tokenizer, size = meta_build.stand_in(build, _READ), 0.0
    for texts in (rows for split, rows in build.data.splits.items() if split in ("train", UNLABELLED)):
        sample = texts.select(range(0, len(texts), -(-len(texts) // _SAMPLE)))
        features = build.task.encode(sample[:], tokenizer, build.form)
        rows, tokens = sum(features["count"]), sum(map(len, features["input_ids"]))
        places = len(features["count"]) * (_PLACES + 8 * bool(numbers))
        size += len(texts) / len(sample) * (rows * _row(build, len(tokenizer)) + 2 * tokens * numbers + places)
    return size


def _row(build: Builder, vocabulary: int) -> int:
    """Bytes of a row: float32 logits; of a vocabulary some, with their numbers, and what stands for the rest."""
    teacher, widths = build.config.teacher, {"labels": len(build.outputs) or 1, "tokens": build.form.max_length}
    if not build.task.writes:
        return 4 * widths[build.task.class_axis]
    return (4 + 4) * min(vocabulary, {"top_k": teacher.top_k, "sampled": teacher.samples}[teacher.keep]) + 4
