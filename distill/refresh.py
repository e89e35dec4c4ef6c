"""``python -m distill.refresh run=RUN data.path=NEW``: a finished run goes on with new data, if nothing gets worse."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.GOES_ON)  # what is imported below takes half a second

import logging
import logging.config
import shlex
import sys
import time

from distill.base import library_caches, parent
from distill.base.early_signals import GOES_ON
from distill.config import logging_settings
from distill.config.messages import describe_error
from distill.config.refresh import Command, read
from distill.ending import in_one_sentence

HELD = 3
"""The exit code of a run that is not promoted."""
_USAGE = """python -m distill.refresh run=RUN data.path=NEW [NAME=VALUE ...]

  run                  the folder of a finished run, whose settings, teacher and student go on
  data.path            the new data, as for a run: the same columns; train, validation, test, or one file
  refresh.replay       old rows of train that are learnt beside the new ones, a share or a number (0.5)
  refresh.corrections  a file of right labels for old rows: columns id and label
  refresh.rename       old name of a label to its new one: 'refresh.rename={old: new}'
  refresh.new_labels   labels of the new data that are none of the old ones under another name: [NAME,...]
  refresh.remove       labels of the run that are no longer wanted, whose old rows are left out: [NAME,...]
  refresh.older        true: run may be another run than the one that was promoted last (false)
  refresh.tolerance    points by which the headline may be lower; without it, it may not be significantly lower
  refresh.level        the chance of holding up a model that is worse nowhere, over all tests together (0.05)

All other settings are the run's, and can be overridden by their dotted keys, such as distill.max_epochs=2.
Exit code 0: the new run is promoted, and the link latest beside it names it. 3: it is not, and the reason stands first.
2: it cannot be made. The same command goes on where it was interrupted. The old run stays as it is.
"""
log = logging.getLogger("distill.refresh")


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    if not _promoted(sys.argv[1:]):
        sys.exit(HELD)


@in_one_sentence(GOES_ON, describe_error)
def _promoted(arguments: list[str]) -> bool:
    """Print the verdict, and return whether the new run is promoted."""
    parent.end_with_the_parent()
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(_USAGE)
        return True
    return _refresh(read(arguments, _USAGE), shlex.join(["python", "-m", "distill.refresh", *arguments]))


def _refresh(command: Command, repeat: str) -> bool:
    notes = library_caches.ready()
    from distill.refreshing.conduct import carry_out, prepared  # torch takes seconds
    from distill.refreshing.old_run import open_run
    from distill.refreshing.promotion import folder_of

    logging.config.dictConfig(logging_settings.logging_into(None))
    old = open_run(command.run)
    folder = folder_of(old, time.strftime("%Y-%m-%d_%H-%M-%S"))
    going = prepared(command, old, folder)
    logging.config.dictConfig(logging_settings.logging_into(folder))
    for note in notes:
        log.info("%s", note)
    verdict = carry_out(going, repeat)
    log.info("\n%s", verdict.as_text().rstrip("\n"))
    return verdict.passed


if __name__ == "__main__":
    main()
