"""Compare the students of two finished runs on the same test rows, example by example."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from distill import report as words
from distill.comparison.estimates import Estimate, shown_difference
from distill.comparison.pairs import Flip, Line, Pair, Part
from distill.comparison.runs import Run, stage_folder
from distill.config.schema import Config
from distill.distributed.processes import Ranks
from distill.errors import ConfigError, StoreError
from distill.inference.scoring import SplitScore
from distill.metrics import LabelMarks, Leading
from distill.metrics.bootstrap import paired_bootstrap
from distill.pipeline.context import example_pipeline, run_spec
from distill.pipeline.prepare_data import prepare
from distill.pipeline.settle import settled
from distill.stages import evaluate, kept_outputs
from distill.stages.job import Job, RunContext, RunSpec

_PARTS = 4
"""Parts by length, of as many examples each."""
_TEXT = 300
"""Characters of a text that are shown."""


class _Scored(NamedTuple):
    """A run's student on the split that leads."""

    spec: RunSpec
    split: str
    examples: Dataset
    score: SplitScore


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


def paired(runs: Sequence[Run], titles: Sequence[str], most: int) -> Pair:
    """Compare two runs.

    Args:
        runs: the two.
        titles: what they are called.
        most: examples that are shown at most, of those that they answer differently.

    Raises:
        DistillError: the data or the store is not there any more, or the rows are not the same.
    """
    first, second = (_scored(run) for run in runs)
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


def _scored(run: Run) -> _Scored:
    """Score what a run's student has answered, from the store."""
    config, data = settled(config := _config(run.folder / "config.yaml"), prepare(config))
    spec = run_spec(config, data)
    lead = words.headline(run.report)
    split = lead[1] if lead else "validation"
    job = _job(run, spec)
    model = spec.finished(spec.sources.model("distill", job.inputs))
    answered = kept_outputs.student_outputs(job, split)
    return _Scored(spec, split, data.splits[split], evaluate.score(job, model, split, answered))


def _config(path: Path) -> Config:
    try:
        merged = OmegaConf.merge(OmegaConf.structured(Config), OmegaConf.load(path))
        config = OmegaConf.to_object(merged)
    except (OSError, OmegaConfBaseException) as error:
        raise ConfigError(f"{path} cannot be read ({str(error).splitlines()[0]})") from error
    if not isinstance(config, Config):
        raise ConfigError(f"{path} holds no settings of a run")
    return config


def _job(run: Run, spec: RunSpec) -> Job:
    """Return what stands for the job that scored the run, with the stages that it read."""
    inputs: dict[str, Path] = {}
    for name in ("distill", "evaluate"):
        if (folder := stage_folder(run.folder, run.report, name)) is None:
            raise StoreError(f"the stage {name} of {run.folder} is in no store that is found")
        inputs[name] = folder
    ranks = Ranks()
    examples = example_pipeline(spec.config, spec.setup, ranks)
    context = RunContext(run.folder, str(run.report.get("command")), ranks)
    return Job(spec, context, examples, run.folder, inputs, {}, "compare", lambda name: True)


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
    leading: Leading, bootstrap: _Bootstrap, scored: _Scored, first: NDArray[Any], second: NDArray[Any]
) -> Iterator[Line]:
    """Yield the difference of the shortest quarter of examples, of the next, and so on."""
    lengths = np.array([len(_text(scored.spec, row)) for row in scored.examples])
    order = np.argsort(lengths, kind="stable")
    for places in np.array_split(order, _PARTS):
        if len(places):
            name = f"{lengths[places[0]]:,} to {lengths[places[-1]]:,}"
            yield _line(leading, bootstrap, name, first[places], second[places])


def _text(spec: RunSpec, row: Any) -> str:  # noqa: ANN401 - a row of any task
    parts = (row[role] for role in spec.setup.task.text if role in row)
    return " | ".join(part if isinstance(part, str) else " ".join(map(str, part)) for part in parts)


def _flips(first: _Scored, second: _Scored) -> Iterator[Flip]:
    """Yield the examples that the two answer differently, but for numbers, which nearly always differ."""
    references = first.spec.setup.references(first.examples[:])
    answers = zip(first.examples, references, first.score.predictions, second.score.predictions, strict=True)
    for row, reference, one, other in answers:
        if isinstance(one, float) or one == other:
            continue
        right = "first" if one == reference else "second" if other == reference else "neither"
        text, show = _text(first.spec, row), partial(_shown, first.spec)
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
