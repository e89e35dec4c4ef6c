"""Keep every answer on disk as it comes, by the text and by all that the labeller is: nothing is asked twice."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from distill.base.files import fingerprint
from distill.errors import DataError
from distill.labelling.questions import Question, Reply


class Cache:
    """The replies of one labeller, in memory and in a file of JSON lines that only grows.

    A process that is killed leaves at most its last line cut, which is passed over.
    """

    def __init__(self, folder: Path, identity: Mapping[str, object]) -> None:
        """Read what the labeller of this identity has replied before.

        Raises:
            DataError: the folder cannot be made, or the file cannot be read.
        """
        self.file = folder / f"{fingerprint(identity)}.jsonl"
        self._replies: dict[tuple[str, int], Reply] = {}
        self._out: IO[str] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lines = self.file.read_bytes().split(b"\n") if self.file.exists() else []
        except OSError as error:
            raise DataError(f"labeller.cache={folder}: {error.strerror or error}") from error
        for line in lines:
            if (reply := _read(line)) is not None:
                self._replies[reply.question.key, reply.question.asking] = reply

    def get(self, key: str, asking: int) -> Reply | None:
        """Return the reply to an asking of a text; none where there is none yet."""
        return self._replies.get((key, asking))

    def add(self, reply: Reply) -> None:
        """Keep a reply, on disk as well where it is lasting.

        Raises:
            DataError: the disk takes no more.
        """
        self._replies[reply.question.key, reply.question.asking] = reply
        if not reply.lasting:
            return
        try:
            if self._out is None:
                self._out = self._opened()
            self._out.write(_line(reply))
            self._out.flush()
        except OSError as error:
            raise DataError(f"{self.file} cannot be written: {error.strerror or error}") from error

    def close(self) -> None:
        """Close the file."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def _opened(self) -> IO[str]:
        """Open the file at its end, behind a line that a kill has cut."""
        cut = self.file.exists() and self.file.stat().st_size and not self.file.read_bytes().endswith(b"\n")
        out = self.file.open("a", encoding="utf-8", newline="\n")
        if cut:
            out.write("\n")
        return out


def _line(reply: Reply) -> str:
    entry = {
        "key": reply.question.key,
        "asking": reply.question.asking,
        "answer": reply.answer,
        "raw": reply.raw,
        "error": reply.error,
        "tokens": list(reply.tokens),
    }
    return json.dumps(entry, ensure_ascii=True) + "\n"


def _read(line: bytes) -> Reply | None:
    """Return the reply of a line; none where it is cut."""
    try:
        entry = json.loads(line)
        read, written = entry["tokens"]
        question = Question(entry["key"], {}, entry["asking"])
        return Reply(question, entry["answer"], entry["raw"], entry["error"], (read, written))
    except (ValueError, KeyError, TypeError):
        return None
