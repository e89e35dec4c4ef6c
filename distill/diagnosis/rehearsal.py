"""Make every stage of a run on a few rows, and measure it: what fails there would fail later, and takes as long."""

import logging
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from distill.base import long_work
from distill.base.files import RESUME, whole_folder
from distill.base.memory import is_out_of_memory
from distill.diagnosis.case import Case
from distill.diagnosis.few_rows import Reduced, reduced
from distill.diagnosis.stopwatch import Part, Stopwatch
from distill.errors import DistillError, ModelError
from distill.models.sources import is_checkpoint
from distill.pipeline.context import example_pipeline
from distill.pipeline.outlook import effort
from distill.pipeline.plan import Planned
from distill.stages import STAGES
from distill.stages.job import Job, RunContext, StageResult
from distill.stages.pretrain import trained_tokenizer

_MULTIPLICATIONS = 2e11
"""Of one training step at most: about 20 seconds on two cores. Larger batches are tried with fewer rows."""
_EPOCHS = ((1e10, 4), (1e11, 2))
"""Multiplications of a training step below which so many epochs are tried: quick steps need more to be timed well."""


@dataclass
class Rehearsed:
    """What a stage took on a few rows.

    Attributes:
        runs: the few rows beside all of them.
        seconds: of the stage on a few rows.
        parts: of it that said how far they are.
    """

    runs: Reduced
    seconds: float
    parts: list[Part]


@dataclass
class Rehearsal:
    """The stages of a run as they went on a few rows.

    Attributes:
        stages: title of each that was made to what it took.
        finished: titles of those that the store holds.
        failed: title of the stage that failed, and the error; none where none did.
        left: titles of those that there was no time for.
    """

    stages: dict[str, Rehearsed] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    failed: tuple[str, DistillError] | None = None
    left: list[str] = field(default_factory=list)


def rehearse(case: Case) -> Rehearsal:
    """Make one stage after the other on a few rows, in a folder that is removed, until time is up or one fails."""
    done, deadline = Rehearsal(), time.monotonic() + case.seconds
    with tempfile.TemporaryDirectory(prefix="distill-doctor-") as folder, errors_alone():
        stage_folders: dict[str, Path] = {}
        results: dict[str, StageResult] = {}
        for number, (title, planned) in enumerate(case.stages.items(), 1):
            if (finished := case.finished(title)) is not None:
                done.finished.append(title)
                stage_folders[title], results[title] = finished, case.store.manifest(planned.name)["result"]
                continue
            if time.monotonic() > deadline or any(name in done.left for name in planned.inputs.values()):
                done.left.append(title)
                continue
            stage_folders[title] = Path(folder) / title
            stage_folders[title].mkdir()
            with long_work.stage(long_work.Stage(f"trying {title}", number, len(case.stages))):
                try:
                    start = time.monotonic()
                    job = _job(case, planned, stage_folders, results)
                    results[title], done.stages[title] = _made(job, planned, start)
                except DistillError as error:
                    done.failed = (title, error)
                    done.left += [name for name in case.stages if name not in {*done.stages, *done.finished, title}]
                    break
    return done


def _job(case: Case, planned: Planned, folders: Mapping[str, Path], results: Mapping[str, StageResult]) -> Job:
    """Return the job of a stage on a few rows."""
    spec = reduced(planned.spec, *_size(planned))
    inputs = {own: name for own, name in planned.inputs.items() if not is_checkpoint(own)}
    folder = folders[planned.title]
    if planned.stage == "pretrain" and not spec.config.pretrain.continued and spec.config.pretrain.teacher is None:
        _tokenizer_of_all(planned, folder)
    return Job(
        spec,
        RunContext(folder, "", case.ranks),
        example_pipeline(spec.config, spec.setup, case.ranks),
        folder,
        inputs={own: folders[name] for own, name in inputs.items()},
        results={own: results[name] for own, name in inputs.items()},
        title=planned.title,
        is_finished=lambda name: case.store.find(name) is not None,
    )


def _tokenizer_of_all(planned: Planned, folder: Path) -> None:
    """Train the tokenizer on all texts, as the run will: one of a few knows too few tokens to take as long."""
    spec = planned.spec
    whole_folder(folder / RESUME, "tokenizer", lambda place: trained_tokenizer(spec).save_pretrained(place))


def _made(job: Job, planned: Planned, start: float) -> tuple[StageResult, Rehearsed]:
    """Make a stage, and return what it took since the start."""
    watch = Stopwatch()
    try:
        with long_work.observed(watch):
            result = STAGES[planned.stage].run(job)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ModelError(
            f"{planned.title}: a batch does not fit into memory; lower data.batch_size or data.max_length, or raise "
            "trainer.accumulate_grad_batches"
        ) from error
    seconds = time.monotonic() - start
    return result, Rehearsed(Reduced(job.spec, planned.spec), seconds, watch.parts)


def _size(planned: Planned) -> tuple[int, int]:
    """Return the rows of a batch, fewer than set where a step would take too long to be tried, and the epochs."""
    spec, size = planned.spec, planned.spec.config.data.batch_size
    rows = max(1, len(spec.data.splits["train"]))
    row = max(1.0, effort(replace(planned, stage="teach")) / rows * spec.setup.spec.max_length * 3)
    batch = max(1, min(size, int(_MULTIPLICATIONS / row)))
    return batch, next((epochs for most, epochs in _EPOCHS if batch * row < most), 1)


@contextmanager
def errors_alone() -> Iterator[None]:
    """Let nothing but errors of the package be logged: what else there is to say, a finding says."""
    log = logging.getLogger("distill")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
