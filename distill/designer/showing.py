"""Proposals as a user reads them."""

import textwrap
from collections.abc import Callable, Iterator

from distill.designer.candidates import KINDS, WHOLE
from distill.designer.proposing import Design, Measured
from distill.designer.ranking import RULE, Sized
from distill.designer.search import MEGABYTE
from distill.inference.formats import TORCH
from distill.report import listed, number, percent, short, tie
from distill.report.console import WIDTH, aligned

_SAME = 1.1
"""Speeds that differ by less than this factor are called the same."""
_BUSY = 0.8
"""Fraction of the time below which other work made times longer than they are."""


def text(design: Design, command: Callable[[str], str]) -> str:
    """Show the proposals, why, and the commands that try them; or what the nearest student costs, where none fits.

    Args:
        design: what there is to say.
        command: returns the run that tries the student of this name.
    """
    blocks = [*map(_wrapped, _sentences(design)), _table(design), *map(_wrapped, _remarks(design))]
    if design.proposals:
        numbered = (f"{place}. {reason}" for place, reason in enumerate(_reasons(design), start=1))
        reasons = [_wrapped(reason, "   ") for reason in numbered]
        commands = [command(student.name) for student, _ in design.proposals]
        blocks += ["", *reasons, "", _wrapped(RULE), "", "Each is a card; to try them:", *commands]
    return "\n".join(blocks)


def remarks(design: Design, student: Sized, measured: Measured) -> list[str]:
    """Return the first lines of a student's card, which say what it is."""
    words = _words(design, student)
    time = f"{measured.latency['p50']:.2f} ms (p50) where it was designed: {_text(design)}"
    size = f"{measured.parameters:,} parameters, {_megabytes(measured.bytes)} MB as {design.form}"
    return [f"{words[0].upper()}{words[1:]}.", f"{size}; {time}."]


def _megabytes(size: float) -> str:
    return number(size / MEGABYTE, 1)


def _text(design: Design) -> str:
    """Say what was timed."""
    text = design.text
    threads = "1 thread" if text.threads == 1 else f"{text.threads} threads"
    written = f", {text.written} more written," if text.written else ""
    return f"one text of {text.tokens} tokens{written} on {threads}"


def _sentences(design: Design) -> Iterator[str]:
    """Say whom students are made of, what they may cost, and how many do."""
    budget, teacher = design.limits, design.teacher
    yield f"Teacher: {design.architecture}, {teacher.shape.layers} layers of width {teacher.shape.width}."
    limits = [
        f"at most {budget.parameters:,} parameters" if budget.parameters is not None else "",
        f"at most {budget.latency_ms:g} ms (p50) for {_text(design)}" if budget.latency_ms is not None else "",
    ]
    if budget.bytes is not None:
        limits.insert(1, f"at most {budget.bytes / MEGABYTE:g} MB")
    yield f"Budget, as {design.form}: {listed([limit for limit in limits if limit])}."
    outcomes = {
        "with too many parameters": design.many,
        "too large": design.large,
        "too slow": design.slow,
        "within the budget": design.fitting,
    }
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items() if count)
    yield f"{sum(outcomes.values())} candidates: {counts}.{_few(design)}"
    excess = budget.excess(latency_ms=teacher.latency["p50"], size=teacher.bytes, parameters=teacher.parameters)
    if excess <= 1:
        yield "The teacher itself, in PyTorch, is within the budget."


def _few(design: Design) -> str:
    """Say that there are fewer than three proposals, where that is so."""
    if not design.proposals:
        return " Nothing is proposed; of those that were timed, this one comes nearest:"
    return f" So there are only {len(design.proposals)} to propose." if design.fitting < 3 else ""


def _table(design: Design) -> str:
    """Compare the proposals with the teacher, or the nearest student where nothing fits."""
    head = ("", "layers", "width", "parameters", "MB", "p50 ms", "p90 ms")
    shown = [measured for _, measured in design.proposals] or [model for model in (design.nearest,) if model]
    return aligned([head, *(_cells(model, design.teacher) for model in (design.teacher, *shown))])


def _cells(model: Measured, teacher: Measured) -> tuple[str, ...]:
    """Return a model's row of the table, with percentages of the teacher's values."""

    def cell(shown: str, value: float, of_teacher: float) -> str:
        return shown if model is teacher else f"{shown} ({percent(value / of_teacher, 0)})"

    sizes = (
        (short(model.parameters), model.parameters, teacher.parameters),
        (_megabytes(model.bytes), model.bytes, teacher.bytes),
    )
    times = [(model.latency[name], teacher.latency[name]) for name in ("p50", "p90")]
    return (
        model.name,
        str(model.shape.layers),
        str(model.shape.width),
        *(cell(*size) for size in sizes),
        *(cell(number(time, 2), time, of_teacher) for time, of_teacher in times),
    )


def _remarks(design: Design) -> Iterator[str]:
    """Say how the table came about."""
    yield (
        f"Each model was timed {design.samples} times on this machine's CPU, in turn with the others: "
        f"{_text(design)}. In brackets: share of the teacher's."
    )
    if design.form != TORCH:
        yield (
            f"{design.exported} students of random weights, which take as long and as much as trained ones, were "
            f"exported as {design.form}; their file is weighed, and the teacher timed in PyTorch. Whether the other "
            "candidates fit is estimated from these."
        )
    if design.attention < _BUSY:
        yield (
            f"NOTE: other work kept this machine busy: the models had {percent(design.attention, 0)} of the time that "
            f"was measured. On a quiet machine they are faster{', and more may fit' if design.slow else ''}."
        )


def _reasons(design: Design) -> Iterator[str]:
    """Say why each proposal is one."""
    (first, reference), *others = design.proposals
    yield f"{first.name}: {_words(design, first)}. Ranks first of all that fit: try it first."
    for student, measured in others:
        speed, size = reference.latency["p50"] / measured.latency["p50"], measured.parameters / reference.parameters
        against = f"{_speed(speed)} {first.name}, with {percent(size, 0)} of its parameters"
        yield f"{student.name}: {_words(design, student)}. {against}."


def _speed(ratio: float) -> str:
    """Say how fast a student is, as a sentence begins that ends with another one's name."""
    if ratio >= _SAME:
        return f"{number(ratio, 1)} times as fast as"
    return "About as fast as" if ratio > 1 / _SAME else f"Takes {number(1 / ratio, 1)} times as long as"


def _words(design: Design, student: Sized) -> str:
    """Say what a student is."""
    words = KINDS[student.candidate.init].words(student.candidate.shape, design.teacher.shape)
    if student.candidate.vocabulary == WHOLE:
        return words
    return f"{words}; of the teacher's tokens it keeps the {design.tokens:,} that train and unlabelled texts need"


def _wrapped(sentence: str, indent: str = "") -> str:
    lines = textwrap.fill(
        tie(sentence), WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
    return lines.replace("\N{NO-BREAK SPACE}", " ")
