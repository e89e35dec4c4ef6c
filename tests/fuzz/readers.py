"""Look for bytes that the readers of files end on otherwise than with rows or one sentence, by atheris.

Run by `make fuzz`. What is found is written to the folder of findings: put it into `tests/bad_inputs/corpus.py`.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["distill.data"]):
    from distill.data import formats
    from distill.data.formats import ENDINGS, PARQUET, Options
    from distill.data.kinds import Columns
    from distill.errors import DataError

TEXT = [ending for ending in ENDINGS if ending != PARQUET]
FOLDER = Path(tempfile.mkdtemp())


def read(content: bytes) -> None:
    """Read the content as a file of the kind that its first byte says, all rows of it."""
    if len(content) < 2:
        return
    file = FOLDER / f"train{TEXT[content[0] % len(TEXT)]}"
    file.write_bytes(content[1:])
    options, columns = Options(words=bool(content[0] & 64), keep_bad=bool(content[0] & 128)), Columns()
    try:
        for number, row in formats.rows(file, options).rows:
            columns.see(row, lambda number=number: f"row {number}")
    except DataError as error:
        if not str(error).strip():
            raise AssertionError("an error without a sentence") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
