"""How stages ask finished models: in passes over examples, kept on disk."""

import sys

from distill.config.schema import Config
from distill.inference.output_pass import OutputPass
from distill.stages.job import Job


def output_pass(job: Job) -> OutputPass:
    """Return what asks finished models about the job's examples, and keeps on disk what they answer."""
    spec, ranks = job.spec, job.context.ranks
    return OutputPass(
        spec.setup,
        job.examples,
        ranks,
        spec.generation if spec.setup.task.writes else {},
        spec.quote,
        job.title if ranks.rank == 0 and shows_progress(spec.config) else None,
    )


def shows_progress(config: Config) -> bool:
    """Say whether progress bars are shown: where the settings say so, else on a terminal."""
    wanted = config.trainer.enable_progress_bar
    return sys.stdout.isatty() if wanted is None else wanted
