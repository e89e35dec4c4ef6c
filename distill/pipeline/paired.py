"""Compare the students of two finished runs, or of all seeds of two, on the same test rows, example by example."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill import report as words
from distill.comparison.estimates import shown_difference
from distill.comparison.pairs import Flip, Line, Pair, Part
from distill.comparison.runs import Run
from distill.data.slices import readable
from distill.metrics import LabelMarks, Leading
from distill.pipeline.kept_scores import KeptScore
from distill.pipeline.paired_students import Bootstrap, Students, refuse_other_rows, students
from distill.stages.job import RunSpec

_PARTS = 4
"""Parts by length, of as many examples each."""
_TEXT = 300
"""Characters of a text that are shown."""


def paired(sides: Sequence[Sequence[Run]], titles: Sequence[str], most: int, slices: Sequence[str] = ()) -> Pair:
    """Compare the students of two sides, each of one run or of runs that differ in their seed.

    Args:
        sides: the runs of both.
        titles: what they are called.
        most: examples that are shown at most, of those that they answer differently.
        slices: parts of the rows that are told apart besides.

    Raises:
        DistillError: the data or the store is not there any more, or the rows are not the same.
    """
    one, other = (students(side, slices) for side in sides)
    refuse_other_rows([*one.scores, *other.scores])
    spec, split = one.shown.spec, one.shown.split
    leading, section = spec.leading, spec.config.evaluate
    together = len(one.seeds) > 1 and one.seeds == other.seeds
    bootstrap = Bootstrap(section.resamples, section.confidence, spec.run.config.seed, together)
    line = _line(leading, bootstrap, split, one.statistics, other.statistics)
    parts = [
        Part(f"By label on {split} (F1)", "label", list(_by_label(bootstrap, one, other))),
        Part(
            f"By length on {split} ({leading.headline.name})",
            "characters",
            list(_by_length(leading, bootstrap, one, other)),
        ),
        Part(
            f"By slice on {split} ({leading.headline.name})",
            "slice",
            [_of_places(leading, bootstrap, part.title, part.places, one, other) for part in spec.data.slices],
        ),
    ]
    flips = [] if spec.setup.task.writes else list(_flips(one.shown, other.shown))
    sentence = (
        f"{leading.headline.name} on {line.examples} rows of {split}: {line.first} and {line.second}, a "
        f"difference of {line.difference} ({_interval(section.confidence, one, other, together)}). Above 0 the second "
        "is better."
    )
    return Pair(
        titles[0],
        titles[1],
        sentence,
        [part for part in parts if part.lines],
        _flipped(flips, most, one, other),
        flips[:most],
    )


def _interval(confidence: float, first: Students, second: Students, together: bool) -> str:
    """Return what the interval of differences covers, and of which students both scores are."""
    percent = words.percent(confidence, 0)
    counts = len(first.seeds), len(second.seeds)
    if max(counts) == 1:
        return f"{percent} interval of the paired bootstrap; another seed may move it further"
    if together:
        return f"means over the seeds {_named(first.seeds)}; {percent} interval over examples and seeds, seed by seed"
    of = " and ".join(
        f"the mean over the seeds {_named(side.seeds)}" if len(side.seeds) > 1 else f"seed {side.seeds[0]} alone"
        for side in (first, second)
    )
    alone = ", but not those of one seed alone" if min(counts) == 1 else ""
    return f"{of}; {percent} interval over examples and seeds{alone}"


def _named(seeds: Sequence[object]) -> str:
    return words.listed([str(seed) for seed in seeds])


def _line(
    leading: Leading, bootstrap: Bootstrap, name: str, first: Sequence[NDArray[Any]], second: Sequence[NDArray[Any]]
) -> Line:
    metric = leading.headline.name
    one, other, difference = bootstrap.difference(leading.compute, metric, first, second)
    show = partial(words.metric, metric)
    return Line(name, words.number(len(first[0]), 0), show(one), show(other), shown_difference(difference, metric))


def _of_places(
    leading: Leading, bootstrap: Bootstrap, name: str, places: NDArray[Any], first: Students, second: Students
) -> Line:
    """Return the difference on some of the examples."""
    one, other = ([each[places] for each in side.statistics] for side in (first, second))
    return _line(leading, bootstrap, name, one, other)


def _by_label(bootstrap: Bootstrap, first: Students, second: Students) -> Iterator[Line]:
    """Yield the difference in F1 of each label that has examples."""
    marks = [score.score.scored.marks for score in (*first.scores, *second.scores)]
    known = [each for each in marks if each is not None]
    if len(known) < len(marks) or any(each.names != known[0].names for each in known):
        return
    for number, label in enumerate(known[0].names):
        of_label = [_of_label(each, number) for each in known]
        if support := int(of_label[0][:, 2].sum()):
            sides = of_label[: len(first.scores)], of_label[len(first.scores) :]
            one, other, difference = bootstrap.difference(_f1, "f1", *sides)
            scores = words.percent(one), words.percent(other)
            yield Line(label, words.number(support, 0), *scores, shown_difference(difference, "f1"))


def _of_label(marks: LabelMarks, number: int) -> NDArray[Any]:
    """Return right, predicted and there ``[examples, 3]`` of a label."""
    return marks.statistics[:, number :: len(marks.names)]


def _f1(marks: NDArray[Any]) -> float:
    """Return ``2 right / (predicted + there)``, 0 where there is neither."""
    right, predicted, there = marks.sum(axis=0)
    return float(2 * right / (predicted + there)) if predicted + there else 0.0


def _by_length(leading: Leading, bootstrap: Bootstrap, first: Students, second: Students) -> Iterator[Line]:
    """Yield the difference of the shortest quarter of examples, of the next, and so on."""
    task = first.shown.spec.setup.task
    lengths = np.array([len(text) for text in readable(first.shown.examples[:], task.text)])
    order = np.argsort(lengths, kind="stable")
    for places in np.array_split(order, _PARTS):
        if len(places):
            name = f"{lengths[places[0]]:,} to {lengths[places[-1]]:,}"
            yield _of_places(leading, bootstrap, name, places, first, second)


def _flips(first: KeptScore, second: KeptScore) -> Iterator[Flip]:
    """Yield the examples that the two answer differently, but for numbers, which nearly always differ."""
    references = first.spec.setup.references(first.examples[:])
    texts = readable(first.examples[:], first.spec.setup.task.text)
    answers = zip(texts, references, first.score.predictions, second.score.predictions, strict=True)
    for text, reference, one, other in answers:
        if isinstance(one, float) or one == other:
            continue
        right = "first" if one == reference else "second" if other == reference else "neither"
        show = partial(_shown, first.spec)
        text = text if len(text) <= _TEXT else f"{text[:_TEXT]}\N{HORIZONTAL ELLIPSIS}"
        yield Flip(text, show(reference), show(one), show(other), right)


def _shown(spec: RunSpec, answer: object) -> str:
    """Return an answer as text: labels by their names."""
    labels = spec.setup.labels
    if isinstance(answer, int) and labels:
        return labels[answer]
    if isinstance(answer, list | tuple) and all(isinstance(each, int) for each in answer) and labels:
        return " ".join(labels[each] for each in answer)
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False, default=str)


def _flipped(flips: Sequence[Flip], most: int, first: Students, second: Students) -> str:
    counts = {who: sum(flip.right == who for flip in flips) for who in ("first", "second", "neither")}
    shown = f"; {most:,} are shown" if len(flips) > most else ""
    chosen = [
        f"seed {side.seeds[side.best]} of the {which}"
        for which, side in (("first", first), ("second", second))
        if len(side.seeds) > 1
    ]
    of = f" Of several students one answers here, the best on validation: {words.listed(chosen)}." if chosen else ""
    return (
        f"{len(flips):,} are answered differently: the first is right in {counts['first']:,}, the second in "
        f"{counts['second']:,}, neither in {counts['neither']:,}{shown}.{of}"
    )
