"""Decide before the first stage, by settings and data alone, whether and which outputs of the teacher are stored."""

from dataclasses import replace

from distill.data.splits import UNLABELLED
from distill.errors import ConfigError
from distill.objective.build import states_read
from distill.objective.declaration import BEYOND_LOGITS
from distill.objective.settings import auto_mapped_terms, reads, terms_beyond_logits, unstorable
from distill.pipeline import meta_build
from distill.pipeline.expected_shapes import read_same_tokens, student_and_teacher_shapes
from distill.stages.job import RunSpec
from distill.teacher.output_plan import TeacherOutputPlan, estimated_bytes

_READ = 2048
"""Examples that a tokenizer learns from which stands in for one that is not there yet."""


def with_output_plan(spec: RunSpec) -> RunSpec:
    """Decide on ``teacher.store``; the same settings, checkpoints and data decide alike on every rank.

    Raises:
        ConfigError: the teacher is asked beside a student whose words it cannot find, since both read other tokens.
    """
    plan = _plan(spec)
    if not plan.stored and not spec.setup.task.of_texts and not read_same_tokens(spec):
        raise ConfigError(
            f"teacher.store: {plan.reason}, but a student that reads other tokens finds the teacher's rows of "
            f"{spec.config.task} only where they are stored; allowed are auto and always"
        )
    if plan.stored and (precision := spec.config.teacher.precision) != "auto":
        raise ConfigError(
            f"teacher.precision={precision}: is of a teacher that answers while the student learns, but this one's "
            "outputs are stored; allowed is auto, or teacher.store=never"
        )
    members = {name: with_output_plan(member) for name, member in spec.members.items()}
    return replace(spec, decisions=replace(spec.decisions, outputs=plan), members=members)


def _plan(spec: RunSpec) -> TeacherOutputPlan:
    teacher, section = spec.config.teacher, spec.config.distill
    if teacher.store == "never":
        return TeacherOutputPlan("teacher.store=never")
    if names := unstorable(section):
        return TeacherOutputPlan(f"{BEYOND_LOGITS[reads(section, names[0])]} are not stored")
    states, width = _states(spec) if terms_beyond_logits(section) else ((), 0)
    size = _bytes(spec, len(states) * width) / 1e9
    several = bool(spec.members)  # whose outputs are combined from their stores
    if teacher.store == "auto" and not several and size > teacher.store_limit_gb:
        what = "logits and hidden states" if states else "logits"
        limit = f"teacher.store_limit_gb={teacher.store_limit_gb:g}"
        return TeacherOutputPlan(f"its {what} would take about {size:.3g} GB, and {limit}", gigabytes=size)
    return TeacherOutputPlan(states=states, gigabytes=size)


def _states(spec: RunSpec) -> tuple[tuple[int, ...], int]:
    """Return which hidden states the objective reads, and how wide they are."""
    student, teacher = student_and_teacher_shapes(spec)
    if auto_mapped_terms(spec.config.distill):  # which ones is known when there is a student
        return tuple(range(teacher.layers + 1)), teacher.width
    return states_read(spec.config.distill, student, teacher), teacher.width


def _bytes(spec: RunSpec, state_numbers: int) -> float:
    """Return the bytes of the store, where so many numbers of hidden states are kept of each token."""
    teacher = spec.config.teacher
    splits = {name: rows for name, rows in spec.data.splits.items() if name in ("train", UNLABELLED)}
    made = spec.config.augment  # of each text as long a one at most, by each method
    sources = [
        splits[name] for name in ("train", UNLABELLED) if name == "train" or (made.of == "all" and name in splits)
    ]
    copies = [rows for rows in sources for _ in range(made.copies * len(made.methods))]
    splits |= {f"made {number}": rows for number, rows in enumerate(copies)}
    kept_per_row = {"top_k": teacher.top_k, "sampled": teacher.samples}[teacher.keep]
    return estimated_bytes(spec.setup, splits, meta_build.stand_in(spec, _READ), state_numbers, kept_per_row)
