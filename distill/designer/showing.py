"""Proposals as a user reads them."""

import textwrap
from collections.abc import Callable, Iterator

from distill.designer.candidates import KINDS
from distill.designer.proposing import Design, Measured
from distill.designer.ranking import RULE, Sized
from distill.report import listed, number, percent, short, tie
from distill.report.console import WIDTH, aligned

_BYTES = 4
"""Of a parameter, as students are exported."""
_SAME = 1.1
"""Speeds that differ by less than this factor are called the same."""
_BUSY = 0.8
"""Fraction of the time below which other work made times longer than they are."""


def text(design: Design, command: Callable[[str], str]) -> str:
    """Show the proposals, why, and the commands that try them; or what the cheapest student costs, where none fits.

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
    return [f"{words[0].upper()}{words[1:]}.", f"{measured.parameters:,} parameters; {time}."]


def _text(design: Design) -> str:
    """Say what was timed."""
    text = design.text
    threads = "1 thread" if text.threads == 1 else f"{text.threads} threads"
    written = f", {text.written} more written," if text.written else ""
    return f"one text of {text.tokens} tokens{written} on {threads}"


def _sentences(design: Design) -> Iterator[str]:
    """Say whom students are made of, what they may cost, and how many do."""
    budget, teacher = design.budget, design.teacher
    yield f"Teacher: {design.architecture}, {teacher.shape.layers} layers of width {teacher.shape.width}."
    limits = [
        f"at most {budget.parameters:,} parameters" if budget.parameters is not None else "",
        f"at most {budget.latency_ms:g} ms (p50) for {_text(design)}" if budget.latency_ms is not None else "",
    ]
    yield f"Budget: {listed([limit for limit in limits if limit])}."
    outcomes = {
        "with too many parameters": design.many,
        "too slow": design.slow,
        "within the budget": design.fitting,
    }
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items() if count)
    yield f"{sum(outcomes.values())} candidates: {counts}.{_few(design)}"
    slow = budget.latency_ms is not None and teacher.latency["p50"] > budget.latency_ms
    large = budget.parameters is not None and teacher.parameters > budget.parameters
    if not slow and not large:
        yield "The teacher itself is within the budget."


def _few(design: Design) -> str:
    """Say that there are fewer than three proposals, where that is so."""
    if not design.proposals:
        return " Nothing is proposed; of those that were timed, this one costs least:"
    return f" So there are only {len(design.proposals)} to propose." if design.fitting < 3 else ""


def _table(design: Design) -> str:
    """Compare the proposals with the teacher, or the cheapest student where nothing fits."""
    head = ("", "layers", "width", "parameters", "MB", "p50 ms", "p90 ms")
    shown = [measured for _, measured in design.proposals] or [model for model in (design.cheapest,) if model]
    return aligned([head, *(_cells(model, design.teacher) for model in (design.teacher, *shown))])


def _cells(model: Measured, teacher: Measured) -> tuple[str, ...]:
    """Return a model's row of the table, with percentages of the teacher's values."""

    def cell(shown: str, value: float, of_teacher: float) -> str:
        return shown if model is teacher else f"{shown} ({percent(value / of_teacher, 0)})"

    sizes = (short(model.parameters), number(model.parameters * _BYTES / 1e6, 1))
    times = [(model.latency[name], teacher.latency[name]) for name in ("p50", "p90")]
    return (
        model.name,
        str(model.shape.layers),
        str(model.shape.width),
        *(cell(size, model.parameters, teacher.parameters) for size in sizes),
        *(cell(number(time, 2), time, of_teacher) for time, of_teacher in times),
    )


def _remarks(design: Design) -> Iterator[str]:
    """Say how the table came about."""
    yield (
        f"Each model was timed {design.samples} times on this machine's CPU, in turn with the others: "
        f"{_text(design)}. In brackets: share of the teacher's."
    )
    if design.attention < _BUSY:
        yield (
            f"NOTE: other work kept this machine busy: the models had {percent(design.attention, 0)} of the time that "
            "was measured. On a quiet machine they are faster, and more may fit."
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
    return KINDS[student.candidate.init].words(student.candidate.shape, design.teacher.shape)


def _wrapped(sentence: str, indent: str = "") -> str:
    lines = textwrap.fill(
        tie(sentence), WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
    return lines.replace("\N{NO-BREAK SPACE}", " ")
