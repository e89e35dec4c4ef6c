"""Open again what the evaluation and the export kept of each model's answers, without asking the models."""

from collections.abc import Callable
from pathlib import Path

from distill.base.files import fingerprint
from distill.config import ensemble as ensembles
from distill.inference import generation_ensemble, scoring
from distill.inference.generation_ensemble import Combined
from distill.inference.output_parts import identity_of
from distill.inference.output_pass import identity
from distill.inference.output_store import OutputStore
from distill.inference.runtime import FinishedModel
from distill.inference.scoring import ModelOutputs
from distill.stages import answered
from distill.stages.decisions import ScoredModel
from distill.stages.job import Job, RunSpec
from distill.stages.passes import output_pass
from distill.teacher import ensemble


def answers_folder(folder: Path, name: str, split: str) -> Path:
    """Return the folder in which a stage keeps a model's outputs on a split."""
    return folder / "answers" / name / split


def student_outputs(job: Job, split: str) -> ModelOutputs:
    """Open what the student answered to a split, for a stage that needs ``distill`` and ``evaluate``."""
    spec = job.spec
    (student, *_) = spec.decisions.of_role("student")
    model = spec.finished(spec.sources.model("distill", job.inputs))
    return opened(job, model, answers_folder(job.inputs["evaluate"], student.name, split))


def evaluated(job: Job, row: ScoredModel, split: str) -> tuple[FinishedModel, ModelOutputs]:
    """Open what a model of the evaluation answered to a split, and return it with the model, which stays closed.

    Args:
        job: that of the stage ``evaluate``.
        row: a teacher, the student, or the control; or several teachers as one.
        split: of the data.

    Raises:
        StoreError: its answers are not there.
    """
    spec, folder = job.spec, answers_folder(job.folder, row.name, split)
    if row.source is not None:
        model = spec.finished(spec.model(row.source, job.inputs))
        return model, opened(job, model, folder)
    if (labelled := spec.labeller(row)) is not None:
        return _reader(job), answered.outputs(spec, labelled, spec.data.splits[split], folder / "rows")
    members = [member for member in spec.decisions.of_role("teacher") if member.name in spec.members]
    kept = [evaluated(job, member, split) for member in members]
    teachers = [model for model, _ in kept]
    if spec.setup.task.writes:
        model = together(spec, teachers)
        return model, opened(job, model, folder)
    return teachers[0], ModelOutputs(ensemble.of_logits([outputs.rows for _, outputs in kept], combine_logits(spec)))


def _reader(job: Job) -> FinishedModel:
    """Return a model of the evaluation whose tokenizer serves a teacher that has none; it stays closed."""
    sources = (row.source for row in job.spec.decisions.compared if row.source is not None)
    return job.spec.finished(job.spec.model(next(sources), job.inputs))


def opened(job: Job, model: FinishedModel, folder: Path) -> ModelOutputs:
    """Open the outputs of a model that are kept in a folder.

    Raises:
        StoreError: they are not there, or are another model's.
    """
    setup = job.spec.setup

    def made_by(part: Path, how: str) -> str:
        return identity(setup, model.made_by, how, model.beside)

    return _opened(job, folder, model.name, made_by)


def of_finished_stage(job: Job, folder: Path) -> ModelOutputs:
    """Open the outputs that are kept in a folder of a finished stage, which holds those of its own models alone.

    Raises:
        StoreError: they are not there.
    """
    return _opened(job, folder, folder.parent.name, lambda part, how: identity_of(part))


def _opened(job: Job, folder: Path, name: str, made_by: Callable[[Path, str], str]) -> ModelOutputs:
    setup, outputs = job.spec.setup, output_pass(job)

    def kept(part: str, how: str) -> OutputStore:
        return outputs.opened(name, folder / part, made_by(folder / part, how))

    rows = kept("rows", scoring.kept_for_scoring(setup).name)
    if not setup.task.writes:
        return ModelOutputs(rows)
    return ModelOutputs(rows, kept("written", fingerprint(outputs.generation)))


def combine_logits(spec: RunSpec) -> Combined:
    """Return the function that combines the teachers' logits, at temperature 1, as they would be used."""
    weights = ensembles.weights(spec.config)
    return ensemble.combined_logits(spec.config.ensemble.combine, spec.setup.task.kind, weights)


def together(spec: RunSpec, teachers: list[FinishedModel]) -> FinishedModel:
    """Return several teachers as one that writes by their combined logits."""
    return generation_ensemble.together(teachers, combine_logits(spec), fingerprint(ensembles.settings(spec.config)))
