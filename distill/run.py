"""``python -m distill.run experiment=sst2_tiny``: from a config to a student on disk."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.GOES_ON)  # what is imported below takes half a second

import logging
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from distill.base import disk, library_caches, parent
from distill.base.early_signals import GOES_ON
from distill.base.launcher_rank import launcher_rank
from distill.config import compose, sweeps
from distill.config.messages import describe_error
from distill.config.named_columns import named_roles
from distill.config.schema import Config
from distill.config.validate import check
from distill.ending import errors_as_sentences, in_one_sentence, stop
from distill.errors import ConfigError
from distill.launch import card_folders, command, one_job

log = logging.getLogger("distill.run")  # also when it is started as __main__


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    with in_one_sentence(GOES_ON, _describe):
        parent.end_with_the_parent()
        sbatch = _takes_flag(sys.argv)
        sys.argv[1:] = compose.prepare_hydra(sys.argv[1:])
        if sbatch:
            from distill.sbatch import write

            write(sys.argv[1:])
        else:
            _hydra_main()


def _takes_flag(arguments: list[str], flag: str = "--sbatch") -> bool:
    """Take the flag out of a command line, and return whether it was there: Hydra does not know it."""
    if flag not in arguments or {"-h", "--help"} & set(arguments):
        return False
    arguments.remove(flag)
    return True


# Left to itself, Hydra would take the package's own folders for groups of cards when it is started as `distill`.
@hydra.main(version_base="1.3", config_path=str(Path(__file__).parent / "config"), config_name="config")
def _hydra_main(composed: DictConfig) -> None:
    folder = disk.run_folder(Path(HydraConfig.get().runtime.output_dir))
    with errors_as_sentences(GOES_ON, describe_error):  # the log in it would be the second to say so
        if not launcher_rank():  # the others leave nothing, wherever they are
            replace(folder, setting=_folder_setting()).try_out()
    with errors_as_sentences(GOES_ON, describe_error, _stop):
        _run_job(compose.typed(composed, Config))


def _run_job(config: Config) -> None:
    """Check the settings of one job, and walk through its stages."""
    hydra = HydraConfig.get()
    if hydra.job.chdir:
        raise ConfigError(
            "hydra.job.chdir=true: paths of the settings would be looked for in the folder of the run; leave it out, "
            "and say with hydra.run.dir=FOLDER where a run is written"
        )
    config.data.exact += named_roles(hydra.overrides.task, card_folders(hydra), hydra.runtime.choices)
    check(config, hydra.overrides.task)
    repeat = command()
    with one_job() as folder:
        for note in library_caches.ready(Path(config.store)):
            log.info("%s", note)
        from distill.pipeline.runner import walk  # torch takes seconds: only settings that hold pay them

        walk(config, folder, repeat, sweeps.values(hydra.overrides.task))


def _describe(error: Exception) -> str | None:
    """Say what the user can mend, also about the job's folder, which Hydra makes before any setting is looked at."""
    if isinstance(error, OSError) and not _is_of_the_job(error) and (refusal := disk.refused(error)) is not None:
        return f"{refusal}; give another folder with {_folder_setting()}"
    return describe_error(error)


def _folder_setting() -> str:
    """Return the setting that takes another folder for the run, or for all jobs of a sweep."""
    return "hydra.sweep.dir=FOLDER" if sweeps.announced() else "hydra.run.dir=FOLDER"


def _is_of_the_job(error: OSError) -> bool:
    """Tell whether an error is one of the job's own, and not of what is made for it before: its folder."""
    return any(frame.f_code is _run_job.__code__ for frame, _ in traceback.walk_tb(error.__traceback__))


def _stop(message: str, code: int) -> NoReturn:
    """End a job, whose log keeps its last sentence, too."""
    if not log.isEnabledFor(logging.ERROR) or not log.hasHandlers():  # as with hydra/job_logging=disabled
        stop(message, code)
    log.error("distill: %s", message)
    sys.exit(code)


if __name__ == "__main__":
    main()
