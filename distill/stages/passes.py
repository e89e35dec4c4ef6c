"""Let a stage ask finished models about its examples, in passes that are kept on disk."""

from distill.inference.output_pass import OutputPass
from distill.stages.job import Job


def output_pass(job: Job, doing: str = "scoring") -> OutputPass:
    """Return the pass that asks finished models about the job's examples, and keeps their outputs on disk."""
    spec = job.spec
    generation = spec.generation if spec.setup.task.writes else {}
    return OutputPass(spec.setup, job.examples, job.context.ranks, generation, spec.quote, doing)
