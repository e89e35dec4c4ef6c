"""Explain the answers of several models to the same examples, side by side."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from distill.data.answering import Answer
from distill.errors import ConfigError
from distill.explanation.attribution import Rule
from distill.explanation.examples import Example
from distill.explanation.explainer import Explained, Explainer, refuse_others, targets
from distill.inference import side_by_side
from distill.inference.formats import TORCH
from distill.inference.predictor import Predictor
from distill.tasks import TASKS, Task
from distill.tasks import task as task_of

ALONE = "model"
"""What a model is called that belongs to no run."""


class Answered(NamedTuple):
    """What a model says of an example, and what each token adds to that."""

    answer: Answer
    explained: Sequence[Explained]


class Explanation(NamedTuple):
    """Examples, and what each model says of each.

    Attributes:
        source: the folder of the run or of the model.
        task: its name.
        baseline: name of each model to the tokens of its baseline.
        rule: how exact sums had to be.
        examples: in their order.
        models: name to the answers, in the order of the examples.
    """

    source: str
    task: str
    baseline: Mapping[str, str]
    rule: Rule
    examples: Sequence[Example]
    models: Mapping[str, Sequence[Answered]]

    @property
    def every(self) -> list[Explained]:
        """Every number that was explained."""
        return [each for answers in self.models.values() for answered in answers for each in answered.explained]

    @property
    def worst(self) -> float:
        """The largest error of completeness, as a share of its difference."""
        return max((each.attribution.relative for each in self.every), default=0.0)

    @property
    def inexact(self) -> int:
        """How many numbers are not explained as exactly as was asked for."""
        return sum(each.attribution.relative > self.rule.tolerance for each in self.every)


def models_of(
    folder: Path,
    checkpoints: Mapping[str, str],
    run_length: int | None,
    wanted: Sequence[str],
    *,
    task: str | None = None,
    max_length: int | None = None,
    control: bool = False,
) -> tuple[str, dict[str, Predictor]]:
    """Return the task of a run, or of any other model, and its models by name, opened with PyTorch.

    Args:
        folder: of a run, or of a model.
        checkpoints: of a run, name of each teacher that was fine-tuned elsewhere to its folder.
        run_length: tokens that the run read of a text, for these.
        wanted: names of a run's models; empty for its teachers and its student.
        task: what the model predicts, for a folder that does not say.
        max_length: tokens of a text, for a folder that does not say.
        control: whether a run's control is among its models, where none are named.

    Raises:
        ConfigError: the run has no model of that name.
        ModelError: it is no such folder, or none of its models is there any more.
    """
    if not (folder / side_by_side.REPORT).is_file():
        if wanted:
            raise ConfigError(f"models={','.join(wanted)}: {folder} is no run, and has a single model")
        alone = Predictor.load(folder, task=task, max_length=max_length, format=TORCH)
        return _name(alone.task), {ALONE: alone}
    run = side_by_side.models_of(folder, checkpoints)
    if strangers := [name for name in wanted if name not in run.folders]:
        raise ConfigError(f"models={strangers[0]}: the run has {', '.join(run.folders)}")
    lengths = {name: run_length if name in checkpoints else max_length for name in run.folders}
    names = list(run.folders)
    chosen = wanted or (names if control else teachers_and_student(names))
    return run.task, {name: side_by_side.opened(run, run.folders[name], lengths[name]) for name in chosen}


def _name(module: Task) -> str:
    """Return the name of a task."""
    return next(name for name in TASKS if task_of(name) is module)


def teachers_and_student(names: Sequence[str]) -> list[str]:
    """Return of the models of a run those that are shown side by side.

    >>> teachers_and_student(["teacher", "student", "control"]), teachers_and_student(["control"])
    (['teacher', 'student'], ['control'])
    """
    return [name for name in names if name != "control"] or list(names)


def explain(
    source: str,
    task: str,
    models: Mapping[str, Predictor],
    examples: Sequence[Example],
    rule: Rule,
    baseline: str,
    tick: Callable[[], None],
) -> Explanation:
    """Return what each model says of each example, and what each token adds to that.

    Args:
        source: the folder of the run or of the model.
        task: its name.
        models: by name, opened with PyTorch.
        examples: with inputs of the task.
        rule: how exact sums have to be.
        baseline: the tokens of a text that says nothing: ``mask`` or ``pad``.
        tick: is called after each example of each model.

    Raises:
        ConfigError: the task's models cannot be explained.
    """
    for model in models.values():
        refuse_others(task, model.task)
    rows = [dict(example.row) for example in examples]
    explainers = {name: Explainer(model, rule, baseline) for name, model in models.items()}
    answers = {name: each.answers(rows) for name, each in explainers.items()}
    found: dict[str, list[Answered]] = {}
    for name, explainer in explainers.items():
        for number, (row, example) in enumerate(zip(rows, examples, strict=True)):
            others = [said[number] for other, said in answers.items() if other != name]
            wanted = targets(explainer, answers[name][number], example.gold, others)
            found.setdefault(name, []).append(Answered(answers[name][number], explainer.explain(row, wanted)))
            tick()
    used = {name: explainer.baseline for name, explainer in explainers.items()}
    return Explanation(source, task, used, rule, examples, found)
