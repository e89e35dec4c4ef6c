"""Compare the students of two finished runs on the same test rows, example by example."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill import report as words
from distill.comparison.estimates import Estimate, shown_difference
from distill.comparison.pairs import Flip, Line, Pair, Part
from distill.comparison.runs import Run
from distill.data.slices import readable
from distill.errors import ConfigError
from distill.inference.scoring import SplitScore
from distill.metrics import LabelMarks, Leading
from distill.metrics.bootstrap import paired_bootstrap
from distill.pipeline.kept_scores import KeptScore, kept_score
from distill.stages.job import RunSpec

_PARTS = 4
"""Parts by length, of as many examples each."""
_TEXT = 300
"""Characters of a text that are shown."""


@dataclass(frozen=True)
class _Bootstrap:
    """The interval of differences, drawn as the first run's settings say."""

    resamples: int
    confidence: float
    seed: int

    def difference(
        self, metric: Callable[[NDArray[Any]], float], name: str, first: NDArray[Any], second: NDArray[Any]
    ) -> tuple[float, Estimate]:
        """Return the second's metric minus the first's, turned so that more is better, and the first's metric."""
        drawn = paired_bootstrap(
            metric, second, first, resamples=self.resamples, confidence=self.confidence, seed=self.seed
        )
        if name in words.LOWER_IS_BETTER:
            return metric(first), Estimate(-drawn.difference, -drawn.hi, -drawn.lo, 1)
        return metric(first), Estimate(drawn.difference, drawn.lo, drawn.hi, 1)


def paired(runs: Sequence[Run], titles: Sequence[str], most: int, slices: Sequence[str] = ()) -> Pair:
    """Compare two runs.

    Args:
        runs: the two.
        titles: what they are called.
        most: examples that are shown at most, of those that they answer differently.
        slices: parts of the rows that are told apart besides.

    Raises:
        DistillError: the data or the store is not there any more, or the rows are not the same.
    """
    first, second = (kept_score(run, slices) for run in runs)
    if first.spec.data.identity(first.split) != second.spec.data.identity(second.split):
        raise ConfigError(f"their rows of {first.split} are not the same")
    leading, section = first.spec.leading, first.spec.config.evaluate
    bootstrap = _Bootstrap(section.resamples, section.confidence, first.spec.config.seed)
    one, other = (each.score.scored.statistics[leading.headline.name] for each in (first, second))
    line = _line(leading, bootstrap, first.split, one, other)
    parts = [
        Part(f"By label on {first.split} (F1)", "label", list(_by_label(bootstrap, first.score, second.score))),
        Part(
            f"By length on {first.split} ({leading.headline.name})",
            "characters",
            list(_by_length(leading, bootstrap, first, one, other)),
        ),
        Part(
            f"By slice on {first.split} ({leading.headline.name})",
            "slice",
            [
                _line(leading, bootstrap, part.title, one[part.places], other[part.places])
                for part in first.spec.data.slices
            ],
        ),
    ]
    flips = [] if first.spec.setup.task.writes else list(_flips(first, second))
    sentence = (
        f"{leading.headline.name} on {line.examples} rows of {first.split}: {line.first} and {line.second}, a "
        f"difference of {line.difference} ({words.percent(section.confidence, 0)} interval of the paired bootstrap; "
        f"another seed may move it further). Above 0 the second is better.{_chosen(runs)}"
    )
    return Pair(
        titles[0], titles[1], sentence, [part for part in parts if part.lines], _flipped(flips, most), flips[:most]
    )


def _chosen(runs: Sequence[Run]) -> str:
    """Return whose students are compared, where a run has several."""
    chosen = [
        f"of the {which} run that of seed {run.student_seed}, its best on validation"
        for which, run in zip(("first", "second"), runs, strict=True)
        if len(run.seeds) > 1
    ]
    return f" Of several students one is compared: {words.listed(chosen)}." if chosen else ""


def _line(leading: Leading, bootstrap: _Bootstrap, name: str, first: NDArray[Any], second: NDArray[Any]) -> Line:
    metric = leading.headline.name
    value, difference = bootstrap.difference(leading.compute, metric, first, second)
    show = partial(words.metric, metric)
    reached = leading.compute(second)
    return Line(name, words.number(len(first), 0), show(value), show(reached), shown_difference(difference, metric))


def _by_label(bootstrap: _Bootstrap, first: SplitScore, second: SplitScore) -> Iterator[Line]:
    """Yield the difference in F1 of each label that has examples."""
    marks, others = first.scored.marks, second.scored.marks
    if marks is None or others is None or marks.names != others.names:
        return
    for number, label in enumerate(marks.names):
        one, other = (_of_label(each, number) for each in (marks, others))
        if support := int(one[:, 2].sum()):
            value, difference = bootstrap.difference(_f1, "f1", one, other)
            scores = words.percent(value), words.percent(_f1(other))
            yield Line(label, words.number(support, 0), *scores, shown_difference(difference, "f1"))


def _of_label(marks: LabelMarks, number: int) -> NDArray[Any]:
    """Return right, predicted and there ``[examples, 3]`` of a label."""
    return marks.statistics[:, number :: len(marks.names)]


def _f1(marks: NDArray[Any]) -> float:
    """Return ``2 right / (predicted + there)``, 0 where there is neither."""
    right, predicted, there = marks.sum(axis=0)
    return float(2 * right / (predicted + there)) if predicted + there else 0.0


def _by_length(
    leading: Leading, bootstrap: _Bootstrap, scored: KeptScore, first: NDArray[Any], second: NDArray[Any]
) -> Iterator[Line]:
    """Yield the difference of the shortest quarter of examples, of the next, and so on."""
    lengths = np.array([len(text) for text in readable(scored.examples[:], scored.spec.setup.task.text)])
    order = np.argsort(lengths, kind="stable")
    for places in np.array_split(order, _PARTS):
        if len(places):
            name = f"{lengths[places[0]]:,} to {lengths[places[-1]]:,}"
            yield _line(leading, bootstrap, name, first[places], second[places])


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


def _flipped(flips: Sequence[Flip], most: int) -> str:
    counts = {who: sum(flip.right == who for flip in flips) for who in ("first", "second", "neither")}
    shown = f"; {most:,} are shown" if len(flips) > most else ""
    return (
        f"{len(flips):,} are answered differently: the first is right in {counts['first']:,}, the second in "
        f"{counts['second']:,}, neither in {counts['neither']:,}{shown}."
    )
