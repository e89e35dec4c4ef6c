"""Ask the models of a run about one example, and show their answers side by side."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from numpy.typing import NDArray

from distill.base.run_folders import no_report
from distill.data.answering import Answer
from distill.data.given_examples import given_example
from distill.errors import DataError, ModelError
from distill.inference.formats import TORCH
from distill.inference.predictor import Predictor
from distill.models.json_objects import read_object
from distill.tasks import arrays
from distill.tasks.tagging import OUTSIDE

REPORT = "report.json"
_NEEDED = {"task": str, "stages": list, "models": dict}
_STAGES = {"teacher": "finetune", "student": "distill", "control": "control"}
"""Each model, and the stage of the run that made it."""
_MOST = 5
"""Labels whose probability is shown."""
_WORDS = ("texts", "turns")
"""Kinds of inputs that are lists of texts."""


@dataclass(frozen=True)
class RunModels:
    """The models of a run.

    Attributes:
        task: the name of the task.
        folders: name of each model to its folder, or its name on the hub.
    """

    task: str
    folders: Mapping[str, str]


class Said(NamedTuple):
    """The answer of a model to an example, and the median time that it took, in milliseconds."""

    name: str
    answer: Answer
    milliseconds: float


def models_of(run: Path, checkpoints: Mapping[str, str]) -> RunModels:
    """Return the models of a run whose folders are still there, several teachers one by one.

    Of several seeds, and of several rounds, those are taken that the report is about.

    Args:
        run: its folder.
        checkpoints: name of each teacher that was fine-tuned elsewhere to its folder or name on the hub.

    Raises:
        ModelError: it is no folder of a run, or none of its models is there.
    """
    if not (run / REPORT).is_file():
        raise ModelError(f"model={run}: it has no {REPORT}, so that it is no folder of a run that has ended")
    report = read_object(run / REPORT)
    if (why := no_report(report, _NEEDED, run)) is not None:
        raise ModelError(f"model={run}: its {REPORT} {why}")
    found = dict(checkpoints)
    for name, stage in _STAGES.items():
        for entry in report["stages"]:
            kind, _, whose = str(entry["name"]).partition(":")
            compared = not whose or name == "teacher" or whose in report["models"]
            if kind == stage and compared and (folder := _there(run, Path(entry["folder"]))) is not None:
                found[whose or name] = str(folder)
    if not set(found) - set(checkpoints):
        raise ModelError(f"model={run}: none of the models that {REPORT} names is in the store any more")
    return RunModels(str(report["task"]), found)


def _there(run: Path, folder: Path) -> Path | None:
    """Return the folder of a stage, which may be named as seen from a folder above the run; none where it is gone."""
    above = (folder, *(parent / folder for parent in run.resolve().parents))
    return next((place for place in above if place.is_dir()), None)


def opened(run: RunModels, folder: str, max_length: int | None) -> Predictor:
    """Return a model of a run, to be asked with PyTorch, by which all are comparable; it may say its own length."""
    return Predictor.load(Path(folder), task=run.task, max_length=max_length, format=TORCH)


def example(model: Predictor, texts: Sequence[str]) -> Mapping[str, Any]:
    """Return the inputs of the task that some texts are.

    Raises:
        DataError: they are too many or too few, or one is none.
    """
    inputs = model.task.inputs
    row: dict[str, object]
    if len(inputs) == 1 and next(iter(inputs.values())) in _WORDS:
        (role,) = inputs
        row = {role: texts[0] if len(texts) == 1 and inputs[role] == "texts" else list(texts)}
    elif len(texts) == len(inputs):
        row = dict(zip(inputs, texts, strict=True))
    else:
        raise DataError(f"the task reads {' and '.join(inputs)}: give {len(inputs)} of them, not {len(texts)}")
    return given_example(row, inputs, model.task.problem, "the example")


def answer(name: str, model: Predictor, row: Mapping[str, Any], runs: int) -> Said:
    """Return what a model says of an example, after it was asked once for warming up."""
    features = model.encode([row])
    rows = model.by_example(features, model.ask(features), 1)
    model.refuse_not_finite(rows, ["the example"])
    (said,) = model.decode([row], rows)
    if "tags" in said:
        said["tags"] = _tagged(row["tokens"], cast(Sequence[str], said["tags"]), rows[0])
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        model.answer_rows([row])
        times.append(time.perf_counter() - start)
    return Said(name, said, 1000 * statistics.median(times))


def _tagged(words: Sequence[str], tags: Sequence[str], rows: NDArray[Any]) -> list[str]:
    """Return the words of a sentence, each that is tagged with its tag and the probability of it."""
    likely = arrays.softmax(arrays.in_float32([rows])).max(axis=-1)
    triplets = zip(words, tags, likely.tolist(), strict=True)
    return [word if tag == OUTSIDE else f"{word}/{tag} {probability:.0%}" for word, tag, probability in triplets]


def table(answers: Sequence[Said]) -> str:
    """Return the answers as lines of text, a model a line."""
    width = max(len(each.name) for each in answers)
    lines = [f"{each.name:<{width}}  {_words(each.answer)}  ({each.milliseconds:.2f} ms)" for each in answers]
    return "\n".join(lines)


def _words(answer: Mapping[str, Any]) -> str:
    if "probabilities" in answer and isinstance(answer["probabilities"], Mapping):
        likely = sorted(answer["probabilities"].items(), key=lambda pair: -pair[1])[:_MOST]
        return f"{', '.join(answer['labels']) or 'none'}  [{', '.join(f'{name} {p:.1%}' for name, p in likely)}]"
    if "tags" in answer:
        return " ".join(answer["tags"])
    value = next(value for key, value in answer.items() if key != "probability")
    shown = f"{value:.4g}" if isinstance(value, float) else str(value) or "no answer"
    return f"{shown}  {answer['probability']:.1%}" if "probability" in answer else shown
