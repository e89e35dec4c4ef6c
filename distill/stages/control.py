"""Train the control: the same student, labels and steps without the teacher, which distillation has to beat."""

from distill.data.splits import UNLABELLED
from distill.stages import adapting, hyperparameters, loaders, quantizing, students, supervised, texts
from distill.stages.job import Job, RunSpec, StageResult, StageSettings

RECIPE = 6


def skipped(spec: RunSpec) -> str | None:
    """Return none: no run leaves this stage out."""
    return None


def needs(spec: RunSpec) -> list[str]:
    """Return the input that the student starts from, and that of texts that were made, which add steps."""
    return [spec.decisions.student_source, *texts.needs(spec)]


def settings(spec: RunSpec) -> StageSettings:
    """Return the student's settings without the objective; of unlabelled texts only the steps that they add."""
    more = spec.data.identity(UNLABELLED)["examples"]
    return {
        **hyperparameters.settings(spec, spec.config.distill),
        **spec.data.identity("train", "validation"),
        **({"as_long_as_with": more} if more else {}),
        "student": students.settings(spec),
        **quantizing.settings(spec),
        **adapting.student_settings(spec.config.distill),
        "class_weights": spec.config.data.class_weights,
    }


def run(job: Job) -> StageResult:
    """Train the control on labels alone; the folder ``model`` holds it and its tokenizer."""
    spec = job.spec
    student, tokenizer = students.make_student(job)
    calibration = quantizing.callbacks(job, student, tokenizer)
    batches = loaders.make_loaders(job, tokenizer)
    section = hyperparameters.with_length(
        job, spec.config.distill, batches.train, as_long_as=loaders.with_unlabelled(job, tokenizer, batches)
    )
    module = supervised.supervised_module(spec, section.settings, student, batches.train)
    watched = hyperparameters.watched(spec, section.settings)
    return supervised.train(job, section, module, tokenizer, batches, watched, calibration)
