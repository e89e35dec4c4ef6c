"""Let a stage ask finished models about its examples, in passes that are kept on disk."""

import sys

from distill.config.schema import Config
from distill.inference.output_pass import OutputPass
from distill.stages.job import Job


def output_pass(job: Job) -> OutputPass:
    """Return the pass that asks finished models about the job's examples, and keeps their outputs on disk."""
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
    """Return whether progress bars are shown: where the settings say so, else on a terminal."""
    setting = config.trainer.enable_progress_bar
    return sys.stdout.isatty() if setting is None else setting
