"""Store the teacher's outputs for every training example, computed once."""

import logging
from pathlib import Path

import torch
from datasets import Dataset

from distill.base.files import fingerprint
from distill.data.splits import UNLABELLED
from distill.inference.output_pass import identity
from distill.inference.output_store import OutputStore
from distill.inference.pass_loop import Kept
from distill.inference.reductions import Reduce, top
from distill.inference.runtime import FinishedModel
from distill.inference.sampled_logits import sampled
from distill.models.sources import ModelRef
from distill.report import size
from distill.stages import answered, students, texts
from distill.stages.job import Job, RunSpec, StageResult, StageSettings
from distill.stages.passes import output_pass
from distill.tasks.labels import replaced
from distill.teacher.reuse import reuse_outputs

RECIPE = 6

log = logging.getLogger(__name__)


def skipped(spec: RunSpec) -> str | None:
    """Return why outputs are not stored, where the teacher answers live while the student learns; else none."""
    reason = spec.decisions.outputs.reason
    return f"{reason}; the teacher answers while the student learns" if reason else None


def needs(spec: RunSpec) -> list[str]:
    """Return the input that holds the teacher, and that of texts that were made."""
    return [spec.decisions.teacher, *texts.needs(spec)]


def settings(spec: RunSpec) -> StageSettings:
    """Return what decides on a logit besides the teacher, and the texts."""
    if spec.labelled is not None:
        return answered.settings(spec)
    more = spec.data.splits.keys() & {UNLABELLED}
    return {
        **_row_settings(spec),
        **spec.setup.limits,
        "texts": spec.data.texts("train"),
        **{split: spec.data.texts(split) for split in more},
        "states": list(spec.decisions.outputs.states),
    }


def _row_settings(spec: RunSpec) -> StageSettings:
    """Return what decides on the rows of a text besides the teacher, the length limits, and the text."""
    return {
        "labels": list(spec.data.labels),
        **students.given_labels(spec),
        "task": spec.config.task,
        "kept": _kept_logits(spec),
        "recipe": RECIPE,
        "generation": spec.generation if spec.learns_teacher_targets else None,
        **({"precision": "64-true"} if spec.dtype == torch.float64 else {}),  # all others answer in 32 bits
    }


def run(job: Job) -> StageResult:
    """Answer every example once, distributed over the ranks; the folder ``outputs`` is the teacher store.

    Where the student shall learn from what the teacher writes, it writes first, into ``written``.
    """
    if job.spec.labelled is not None:
        return answered.teach(job)
    spec, outputs = job.spec, output_pass(job, "storing the teacher's outputs")
    ref = spec.sources.model(spec.decisions.teacher, job.inputs)
    teacher = spec.finished(ref, spec.dtype)
    plan, folder = spec.decisions.outputs, job.folder / "outputs"
    examples = [rows(job, job.folder), *filter(None, [texts.unlabelled(job)])]
    if job.context.ranks.rank == 0:
        log.info("teach: stores %s, about %s", _describe_kept(spec), size(1e9 * (plan.gigabytes or 0.0)))

    def places_needed() -> set[tuple[int, int]]:
        return set().union(*(outputs.places(teacher, split) for split in examples))

    if not spec.learns_teacher_targets:  # what it writes anew may be other words under the same keys
        made_by = outputs_identity(spec, ref)
        job.context.ranks.first(lambda: reuse_outputs(folder, made_by, plan.states, places_needed, job.is_finished))
    for split in examples:
        outputs.rows(teacher, split, folder, _kept(spec))
    return {"examples": sum(map(len, examples))}


def stored(job: Job, spec: RunSpec, model: ModelRef, folder: Path) -> OutputStore:
    """Open the finished stage's outputs of a teacher, which are then asked like the teacher itself.

    Args:
        job: a stage that has the outputs as an input.
        spec: specification of a run in which that teacher is the only one.
        model: the teacher.
        folder: the folder of the finished stage.
    """
    if spec.labelled is not None:
        return answered.stored(job, spec, folder)
    made_by = outputs_identity(spec, model)
    states = () if job.spec.members else spec.decisions.outputs.states
    return output_pass(job).opened(str(model.folder), folder / "outputs", made_by, states, stored_temperature(spec))


def rows(job: Job, folder: Path) -> Dataset:
    """Return the examples that the student learns from: those of train, or with targets that the teacher wrote."""
    spec = job.spec
    train = spec.data.splits["train"]
    if not spec.learns_teacher_targets:
        return train
    teacher = spec.finished(spec.sources.model(spec.decisions.teacher, job.inputs))
    store = output_pass(job).written(teacher, train, folder / "written")
    return _retargeted(spec, teacher, train, store)


def outputs_identity(spec: RunSpec, model: ModelRef) -> str:
    """Return what stands for the weights and settings behind stored rows, in every store alike."""
    return identity(spec.setup, model.made_by, _kept(spec).name)


def stored_temperature(spec: RunSpec) -> float | None:
    """Return the temperature that stored rows hold for; none where all logits are stored, which hold for any."""
    return spec.config.distill.temperature if spec.setup.task.writes else None


def _kept(spec: RunSpec) -> Kept:
    name = fingerprint(_row_settings(spec))
    return Kept(_reduce(spec), name, spec.decisions.outputs.states)


def _describe_kept(spec: RunSpec) -> str:
    """Return what is kept besides all logits, or in their place, for the log."""
    states = ", ".join(str(number) for number in spec.decisions.outputs.states)
    parts = (_kept_logits(spec), states and f"hidden states {states} in half precision")
    return "; ".join(filter(None, parts)) or "all logits"


def _kept_logits(spec: RunSpec) -> str:
    """Return what is kept of logits over a vocabulary: the largest and the rest, or tokens drawn."""
    teacher, temperature = spec.config.teacher, spec.config.distill.temperature
    if not spec.setup.task.writes:
        return ""
    if teacher.keep == "sampled":
        return f"{teacher.samples} tokens drawn at temperature {temperature:g} with seed {spec.config.seed}"
    return f"top {teacher.top_k} at temperature {temperature:g}"


def _reduce(spec: RunSpec) -> Reduce | None:
    teacher, temperature = spec.config.teacher, spec.config.distill.temperature
    if not spec.setup.task.writes:
        return None
    if teacher.keep == "sampled":
        return sampled(teacher.samples, temperature, spec.config.seed)
    return top(teacher.top_k, temperature)


def _retargeted(spec: RunSpec, teacher: FinishedModel, train: Dataset, store: OutputStore) -> Dataset:
    """Return the examples with the teacher's words as targets; their keys stay, since they are another store's."""
    setup, texts = spec.setup, []
    target = next(role for role, kind in setup.task.roles.items() if kind == "target")
    for start in range(0, len(train), 1000):
        chunk = train[start : start + 1000]
        answers = [ids.numpy() for ids in store.examples(torch.tensor(chunk["key"]))]
        records = setup.decode(answers, chunk, teacher.tokenizer)
        written = setup.task.predictions(records, ())
        texts += [text or target_text for text, target_text in zip(written, chunk[target], strict=True)]
    return replaced(train, target, texts)
