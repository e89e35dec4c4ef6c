"""Ask any command that reads lines of JSON and writes lines of JSON: ``{"id", ...}`` in, ``{"id", "answer"}`` out."""

import json
import os
import queue
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from distill.base import signals
from distill.base.files import checksum
from distill.base.terminal_text import shown
from distill.errors import ConfigError
from distill.labelling.forms import AnswerForm
from distill.labelling.questions import LabellerError, Question, Reply
from distill.labelling.reading import UnreadableError

_POLL = 0.25
"""Seconds within which a signal is seen."""
_END = None
"""Comes after the last line of a command."""
_TAIL = 4096
"""Bytes of what a command says of errors that are looked at."""
_Lines = queue.Queue[bytes | None]


class CommandLabeller:
    """A labeller that is a command: started once, given all texts, and read as it answers."""

    def __init__(self, command: str, form: AnswerForm, timeout: float) -> None:
        """Take a command apart into words, as a shell would, though none runs it.

        Args:
            command: the words.
            form: what an answer is.
            timeout: seconds without any answer after which it is ended.

        Raises:
            ConfigError: its quotes do not match, or it has no words.
        """
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise ConfigError(f"labeller.command={command}: {error}") from error
        if not self._words:
            raise ConfigError("labeller.command: give a command")
        self._form, self._timeout = form, timeout

    def identity(self) -> Mapping[str, object]:
        """Return the command, and the content of the files that it names."""
        files = [Path(word) for word in self._words]
        return {
            "labeller": "command",
            "words": self._words,
            "files": [checksum(file) for file in files if file.is_file()],
        }

    def replies(self, questions: Iterator[Question]) -> Iterator[Reply]:
        """Yield what the command answers, in whatever order it does.

        Raises:
            LabellerError: it cannot be started, says what is no answer, fails, or is silent for too long.
        """
        with tempfile.TemporaryFile() as errors:
            process = self._started(errors)
            lines: _Lines = queue.Queue()
            asked: dict[str, Question] = {}
            threads = [
                threading.Thread(target=_read, args=(process.stdout, lines), daemon=True),
                threading.Thread(target=_write, args=(process.stdin, list(questions), asked), daemon=True),
            ]
            try:
                for thread in threads:
                    thread.start()
                while (line := self._next(lines)) is not _END:
                    yield self._reply(line, asked)
                self._refuse_failure(process, errors)
                yield from (
                    Reply(question, error="the command gave no answer", lasting=False) for question in _left(asked)
                )
            finally:
                _end(process)

    def _started(self, errors: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start the command in a session of its own, so that Ctrl-C reaches it by us alone."""
        try:
            return subprocess.Popen(  # noqa: S603 - the command that the user gave
                self._words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise LabellerError(f"{self._words[0]}: cannot be started ({error.strerror})") from error

    def _next(self, lines: _Lines) -> bytes | None:
        """Return the next line, or the end."""
        waited = 0.0
        while waited < self._timeout:
            signals.check()
            with suppress(queue.Empty):
                return lines.get(timeout=_POLL)
            waited += _POLL
        raise LabellerError(f"{self._words[0]}: no answer within {self._timeout:g} s (labeller.timeout)")

    def _reply(self, line: bytes, asked: dict[str, Question]) -> Reply:
        """Return the reply that a line is.

        Raises:
            LabellerError: it is none.
        """
        said = shown(line.decode("utf-8", "replace").rstrip("\r\n"))
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LabellerError(f"{self._words[0]}: writes what is no line of JSON: {said}") from error
        if not isinstance(entry, dict) or "id" not in entry or not {"answer", "error"} & set(entry):
            raise LabellerError(f'{self._words[0]}: writes a line without "id" and "answer": {said}')
        if (question := asked.pop(str(entry["id"]), None)) is None:
            raise LabellerError(f"{self._words[0]}: answers an id that was not asked, or twice: {said}")
        if entry.get("error") is not None:
            return Reply(question, error=str(entry["error"]), lasting=False)
        try:
            return Reply(question, self._form.take(entry["answer"], question.inputs))
        except UnreadableError as error:
            return Reply(question, raw=json.dumps(entry["answer"], ensure_ascii=False), error=str(error))

    def _refuse_failure(self, process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
        """Refuse a command that ended with an error."""
        if not (code := process.wait()):
            return
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TAIL))
        lines = errors.read().decode("utf-8", "replace").strip().splitlines()
        raise LabellerError(f"{self._words[0]}: ended with code {code}{': ' + shown(lines[-1]) if lines else ''}")


def _write(stdin: IO[bytes], questions: list[Question], asked: dict[str, Question]) -> None:
    """Write the questions, each with a number for its id."""
    with suppress(BrokenPipeError, ValueError), stdin:
        for number, question in enumerate(questions, start=1):
            asked[str(number)] = question
            stdin.write(json.dumps({"id": str(number), **question.inputs}).encode() + b"\n")
            stdin.flush()


def _read(stdout: IO[bytes], lines: _Lines) -> None:
    """Hand on the lines of the command, and its end."""
    try:
        for line in stdout:
            if line.strip():
                lines.put(line)
    finally:
        lines.put(_END)


def _left(asked: Mapping[str, Question]) -> list[Question]:
    return list(asked.values())


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the command and whatever it has started, if it has not ended itself."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
