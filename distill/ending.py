"""How every command ends: by itself, with one sentence on stderr, or where nobody reads it any more."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from distill.base import signals, standard_output
from distill.base.installed import missing_package
from distill.base.signals import Interrupted
from distill.base.terminal_text import plain
from distill.errors import DistillError


def stop(message: str, code: int) -> NoReturn:
    """End with a sentence on stderr and an exit code."""
    sys.stderr.write(plain(f"distill: {message}\n"))
    sys.exit(code)


def _own_message(error: Exception) -> str | None:
    """Return the sentence of an error of this package; None for any other."""
    return str(error) if isinstance(error, DistillError) else None


def _without_docstrings(error: Exception) -> str | None:
    """Return a sentence on an error of which Python's ``-OO`` may be the reason: transformers reads docstrings."""
    if sys.flags.optimize < 2:
        return None
    return (
        f"{type(error).__name__}: {error}; Python runs without docstrings (-OO, PYTHONOPTIMIZE=2), which libraries "
        "read: run it without that"
    )


@contextmanager
def in_one_sentence(then: str, describe: Callable[[Exception], str | None] = _own_message) -> Iterator[None]:
    """Run a command: what a user can cause ends it with one sentence and exit code 2, a signal with the shells' code.

    Args:
        then: how the sentence on a signal goes on.
        describe: says what the user can mend about an error; None where it is a fault of the program, which goes on.
    """
    try:
        os.getcwd()
    except FileNotFoundError:
        stop("the folder in which the command was started is gone: go to another one", 2)
    with standard_output.harmless(), while_it_is_read(), errors_as_sentences(then, describe):
        yield
        with standard_output.written():
            pass  # what is still held is written here, where an error has its sentence


@contextmanager
def errors_as_sentences(
    then: str, describe: Callable[[Exception], str | None], end: Callable[[str, int], NoReturn] = stop
) -> Iterator[None]:
    """Turn what a user can cause, and signals, into one sentence each, with which ``end`` ends the process.

    Args:
        then: how the sentence on a signal goes on.
        describe: says what the user can mend about an error; None where it is a fault of the program, which goes on.
        end: gets the sentence and the exit code.
    """
    try:
        with signals.heeded():
            yield
    except Interrupted as error:
        end(f"{error}; {then}", error.code)
    except Exception as error:
        if (sentence := describe(error) or missing_package(error) or _without_docstrings(error)) is None:
            raise
        end(sentence, 2)


@contextmanager
def while_it_is_read() -> Iterator[None]:
    """End a command without a word where nobody reads its output any more, as in ``--help | head``."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        standard_output.let_go()
        sys.exit(0)
