"""Let student and control learn with the rounding of the student's 8-bit form, where the settings say so."""

from pytorch_lightning.callbacks import Callback
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.models.fake_quantization import FakeQuantization
from distill.stages.job import Job, RunSpec, StageSettings
from distill.training.calibration import Calibration


def settings(spec: RunSpec) -> StageSettings:
    """Return what the student learns to bear; nothing where that is nothing."""
    quantization = spec.config.distill.quantization
    return {} if quantization == "none" else {"quantization": quantization}


def callbacks(job: Job, student: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[Callback]:
    """Let a student round from now on, in place, and return what measures its ranges while it learns."""
    if not settings(job.spec):
        return []
    sample = job.examples.sample(job.spec.data.splits["train"], tokenizer)
    return [Calibration(FakeQuantization(student, sample))]
