"""Where the log of a command goes, in the words of ``logging.config``: the console, and a run's own file."""

from pathlib import Path
from typing import Any

_FORMATTER = "distill.base.terminal_text.PlainFormatter"
_CONSOLE: dict[str, Any] = {
    "console": {
        "class": "distill.base.work_shown.ConsoleHandler",
        "formatter": "plain",
        "stream": "ext://sys.stdout",
        "filters": ["no_errors"],
    },
    "errors": {
        "class": "distill.base.work_shown.ConsoleHandler",
        "formatter": "plain",
        "stream": "ext://sys.stderr",
        "level": "ERROR",
    },
}
USUAL: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"class": _FORMATTER, "format": "%(message)s"},
        "full": {"class": _FORMATTER, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "filters": {"no_errors": {"()": "distill.base.terminal_text.BelowErrors"}},
    "handlers": {
        **_CONSOLE,
        "file": {
            "class": "distill.launch.RunLog",
            "formatter": "full",
            "filename": "${hydra.runtime.output_dir}/run.log",
            "encoding": "utf-8",
        },
    },
    "root": {"level": "WARNING", "handlers": ["console", "errors", "file"]},
    "loggers": {"distill": {"level": "INFO"}},
}

WITHOUT_A_FILE: dict[str, Any] = {
    **USUAL,
    "handlers": _CONSOLE,
    "root": {"level": "WARNING", "handlers": ["console", "errors"]},
}

OF_OTHER_RANKS: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": USUAL["formatters"]["plain"]},
    "handlers": {  # into the rank's own file
        "console": {"class": "logging.StreamHandler", "level": "ERROR", "formatter": "plain"}
    },
    "root": {"level": "ERROR", "handlers": ["console"]},
}


def of_launched_rank(rank: int) -> dict[str, Any]:
    """Return the logging of a rank above 0 whose output a launcher mixes with that of others: errors, with the rank."""
    formatter = {"class": _FORMATTER, "format": f"rank {rank}: %(message)s"}
    return {**OF_OTHER_RANKS, "formatters": {"plain": formatter}}


def logging_into(folder: Path | None) -> dict[str, Any]:
    """Return the logging of a command that Hydra does not start, for ``logging.config``; without a folder no file's."""
    if folder is None:
        return WITHOUT_A_FILE
    handlers = {**USUAL["handlers"], "file": {**USUAL["handlers"]["file"], "filename": str(folder / "run.log")}}
    return {**USUAL, "handlers": handlers}
