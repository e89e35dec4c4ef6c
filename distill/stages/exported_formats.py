"""Write one format of the student, open it again, score it as the student was, and let the gate judge it."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import torch

from distill.distributed.processes import Ranks
from distill.errors import DataError, ModelError
from distill.export import BUNDLE, INT8, ROOT, Exporter, Source, exporter
from distill.export.gate import Allowed, Measured, batch_failure, failure, headline_loss
from distill.inference import scoring
from distill.inference.batch_dependence import Answers, BatchChanges, BatchProbe
from distill.inference.runtime import FinishedModel
from distill.inference.scoring import ModelOutputs, SplitScore
from distill.metrics.label_recall import LabelRecall, recall_by_label
from distill.stages import evaluate, kept_outputs
from distill.stages.job import Job
from distill.stages.passes import output_pass

VALIDATION = "validation"
"""The split that the gate reads: test judges nothing that is chosen."""
Scores = Mapping[str, SplitScore]
"""Each split to a model's scores there; empty on all ranks but the first."""


@dataclass(frozen=True)
class ExportedFormat:
    """A format that was tried; all but ``reason`` is known to rank 0 alone.

    Attributes:
        name: its name in the table of formats.
        reason: why it was left out; none where it is in the bundle.
        model: the format, to be opened from its files; none where it could not be written.
        scores: each split to its scores.
        measured: how far it is from the student.
        changes: what changes with the batch; none where that was not asked.
        bytes: the size of its files.
    """

    name: str
    reason: str | None
    model: FinishedModel | None = None
    scores: Scores = field(default_factory=dict)
    measured: Measured | None = None
    changes: BatchChanges | None = None
    bytes: int = 0


def student_scores(job: Job, changed: Callable[[ModelOutputs], ModelOutputs] = lambda outputs: outputs) -> Scores:
    """Score again what the evaluation kept of the student's answers, on rank 0.

    Args:
        job: the stage.
        changed: makes of the student's answers those of what is exported.
    """
    if job.context.ranks.rank != 0:
        return {}
    model = job.spec.finished(job.spec.model("distill", job.inputs))
    (student, *_) = job.spec.decisions.of_role("student")
    splits = job.results["evaluate"]["models"][student.name]["metrics"]
    opened = {split: changed(kept_outputs.student_outputs(job, split)) for split in splits}
    return {split: evaluate.score(job, model, split, outputs) for split, outputs in opened.items()}


def place(job: Job, name: str) -> Path:
    """Return the folder of a format in the bundle of the stage."""
    return job.folder / BUNDLE / exporter(name).place


def try_format(job: Job, name: str, source: Source, student: Scores) -> ExportedFormat:
    """Write a format, and leave it out where it cannot be written or is not as good as the student.

    Args:
        job: the stage.
        name: the format.
        source: what all formats are made of.
        student: its scores.

    Raises:
        ModelError: the format is the bundle's root, or the settings require it, and it fails.
    """
    ranks = job.context.ranks
    reason, made_by = ranks.first(partial(_written, job, name, source, student))
    tried = ExportedFormat(name, reason)
    if reason is None:
        model, outputs = _opened(job, name, made_by, place(job, name)), output_pass(job)
        answered = {
            split: scoring.collect_outputs(
                outputs, model, job.spec.data.splits[split], answers_folder(job.folder, name) / split
            )
            for split in job.results["evaluate"]["models"][_student(job)]["metrics"]
        }
        if ranks.rank == 0:
            scores = {split: evaluate.score(job, model, split, each) for split, each in answered.items()}
            tried = _judged(job, tried, model, scores, student)
    reason = ranks.agree(tried.reason)
    if reason is not None:
        ranks.first(partial(_leave_out, job, name, reason))
    return replace(tried, reason=reason)


def answers_folder(folder: Path, name: str) -> Path:
    """Return the folder in which the stage keeps the answers of a format."""
    return folder / "answers" / name


def allowed(job: Job, format_exporter: Exporter) -> Allowed:
    """Return how far a format may be from the student, by the settings."""
    tolerance = job.spec.config.export.tolerance
    headline, setting = (tolerance.int8, "int8") if format_exporter.rounds else (tolerance.fp32, "fp32")
    return Allowed(headline, f"export.tolerance.{setting}", tolerance.label, format_exporter.tolerance)


def _student(job: Job) -> str:
    return job.spec.decisions.of_role("student")[0].name


def _written(job: Job, name: str, source: Source, student: Scores) -> tuple[str | None, str]:
    """Write a format; return why it cannot be, or none, and what stands for the files."""
    folder, format_exporter = place(job, name), exporter(name)
    shutil.rmtree(answers_folder(job.folder, name), ignore_errors=True)  # of files that an earlier try wrote
    try:
        format_exporter.write(replace(source, accept=partial(_accepted, job, name, student)), folder)
    except (DataError, ModelError) as error:
        if name == ROOT:
            raise
        return str(error).removeprefix(f"{name}: "), ""
    content = sha256()
    for path in format_exporter.files(folder):
        content.update(path.read_bytes())
    return None, f"export of {job.inputs['distill'].name}: {content.hexdigest()}"


def kept(job: Job, name: str, split: str) -> tuple[FinishedModel, ModelOutputs]:
    """Open what a format of a finished export answered to a split, and return it with the format, which stays closed.

    Raises:
        StoreError: its answers are not there.
    """
    model = _opened(job, name, "", place(job, name))  # what was written later, as the card, stands for no answers
    return model, kept_outputs.of_finished_stage(job, answers_folder(job.folder, name) / split)


def _opened(job: Job, name: str, made_by: str, folder: Path) -> FinishedModel:
    """Return a format, to be opened from its files."""
    format_exporter = exporter(name)
    tokenizer = job.spec.sources.tokenizer(place(job, name) / format_exporter.tokenizer)
    opened = partial(format_exporter.open, folder, job.spec.setup, tokenizer)
    return FinishedModel(str(folder), made_by, tokenizer, opened)


def _accepted(job: Job, name: str, student: Scores, folder: Path) -> str | None:
    """Tell on rank 0 alone why what a format has written is not as good as the student; none where it is."""
    sharding = replace(job.examples.sharding, world=1, rank=0)
    alone = replace(
        job,
        context=replace(job.context, ranks=Ranks(device=job.context.ranks.device)),
        examples=replace(job.examples, sharding=sharding),
    )
    model, split = _opened(alone, name, "one of several tries", folder), job.spec.data.splits[VALIDATION]
    with tempfile.TemporaryDirectory() as kept:
        answered = scoring.collect_outputs(output_pass(alone), model, split, Path(kept))
        scores = {VALIDATION: evaluate.score(alone, model, VALIDATION, answered)}
    return failure(_measured(job, scores, student), allowed(job, exporter(name)))


def _judged(job: Job, tried: ExportedFormat, model: FinishedModel, scores: Scores, student: Scores) -> ExportedFormat:
    """Compare a format's scores with the student's, and ask it in other batches where it rounds and is good enough."""
    format_exporter, measured = exporter(tried.name), _measured(job, scores, student)
    reason = failure(measured, allowed(job, format_exporter))
    changes = None
    if reason is None and format_exporter.rounds:
        changes = _changes(job, model, scores[VALIDATION])
        if job.spec.config.export.int8 == INT8[0]:
            reason = batch_failure(changes, measured.scale)
    size = sum(path.stat().st_size for path in format_exporter.files(place(job, tried.name)))
    return ExportedFormat(tried.name, reason, model, scores, measured, changes, size)


def _measured(job: Job, scores: Scores, student: Scores) -> Measured:
    """Return how far a format's scores are from the student's."""
    spec, headline = job.spec, job.spec.leading.headline
    pairs = [(student[split].rows, score.rows) for split, score in scores.items()]
    if spec.setup.task.writes:  # of what stands for a vocabulary, a guess is no amount
        pairs = [(one[:, :1], other[:, :1]) for one, other in pairs]
    drifts = [float((one - other).abs().max()) for one, other in pairs]
    return Measured(
        headline.name,
        headline.mode,
        student[VALIDATION].scored.metrics[headline.name],
        scores[VALIDATION].scored.metrics[headline.name],
        max(drifts),
        max(float(one.abs().max()) for one, _ in pairs),
        recall(job, student[VALIDATION], scores[VALIDATION]),
        spec.setup.task.writes,
    )


def recall(job: Job, student: SplitScore, other: SplitScore) -> dict[str, LabelRecall]:
    """Return the recall of each label by the student and a format; nothing for a task without labels."""
    reference, marks = student.scored.marks, other.scored.marks
    if reference is None or marks is None:
        return {}
    section, seed = job.spec.config.evaluate, job.spec.config.seed
    return recall_by_label(reference, marks, resamples=section.resamples, confidence=section.confidence, seed=seed)


def _changes(job: Job, model: FinishedModel, score: SplitScore) -> BatchChanges:
    """Ask a format about validation again in other batches, on this rank alone."""
    spec = job.spec
    split = spec.data.splits[VALIDATION]
    probe = BatchProbe(spec.setup, model, split, job.examples, spec.config.seed)
    return probe.changes(Answers(torch.split(score.rows, list(score.counts)), score.predictions))


def _leave_out(job: Job, name: str, reason: str) -> None:
    """Remove a format's files, or end the run where it cannot do without.

    Raises:
        ModelError: it cannot.
    """
    if name == ROOT:
        raise ModelError(f"the export {name} is not the student that was scored: {reason}")
    required = job.spec.config.export.require
    if name in required:
        raise ModelError(f"export.require=[{', '.join(required)}]: {name} is not good enough to ship: {reason}")
    folder = place(job, name)
    for path in exporter(name).files(folder) if folder.is_dir() else ():
        path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def loss(tried: ExportedFormat) -> float | None:
    """Return the points of the leading metric that a format loses; none where it was not measured."""
    return None if tried.measured is None else headline_loss(tried.measured)
