"""Rows of any number as a table on disk, which ``datasets`` maps into memory."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from distill.base.files import checksum, fingerprint
from distill.data.formats import Options, Row, Rows, rows
from distill.data.kinds import Columns, arrow_type
from distill.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

_VERSION = 4
"""The version of what a table on disk holds, so that older ones are written anew."""
ROWS = 1000
_WEIGHT = 1 << 25
"""Rows, and characters, that are in memory together."""


@dataclass(frozen=True)
class Table:
    """The rows of one or more files as a data set on disk, and what was noticed while they were read.

    Attributes:
        dataset: of the columns that can be used.
        notes: what was decided, each a sentence.
        problems: column to why it cannot be used.
        absent: column to a row that lacks it.
    """

    dataset: "Dataset"
    notes: Sequence[str] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


Read = Callable[[Path, Options], Rows]
"""Gives the rows of a file."""


def of_rows(files: Sequence[Path], options: Options, read: Read = rows) -> Table:
    """Read files row by row, such as CSV or JSON lines, into one table with the rows in their order.

    Raises:
        DataError: one cannot be read, or all are without rows.
    """
    columns = Columns()
    notes: list[str] = []
    problems: dict[str, str] = {}
    for file in files:
        file_rows = read(file, options)
        notes += file_rows.notes
        problems |= file_rows.problems
        for number, row in file_rows.rows:
            columns.see(row, _where(file_rows.unit, number, file))
    if not columns.count:
        raise DataError(f"{files_in_words(files)} has no rows")
    problems |= columns.problems
    kinds = {column: kind for column, kind in columns.kinds.items() if column not in problems}
    if not kinds:
        raise DataError(next(iter(problems.values()), f"{files_in_words(files)} has no columns"))
    import pyarrow as pa

    schema = pa.schema([(column, arrow_type(kind)) for column, kind in kinds.items()])
    shared_options = {
        name: value for name, value in asdict(options).items() if name != "keep_bad"
    }  # a table has no bad rows
    dataset = table(files, shared_options, schema, _batches(files, options, schema, read))
    return Table(dataset, notes, problems, {each: why for each, why in columns.absent.items() if each in kinds})


def _where(unit: str, number: int, file: Path) -> Callable[[], str]:
    return lambda: f"{unit} {number} of {file}"


def files_in_words(files: Sequence[Path]) -> str:
    """Return some files as a message names them: the first one, and how many more there are."""
    return str(files[0]) if len(files) == 1 else f"{files[0]} with {len(files) - 1} more"


def _batches(files: Sequence[Path], options: Options, schema: "pa.Schema", read: Read) -> Iterator["pa.RecordBatch"]:
    chunk: list[Row] = []
    weight = 0
    for file in files:
        file_rows = read(file, options)
        weigh = _weight_of_texts if file_rows.text else _weight
        for _, row in file_rows.rows:
            chunk.append(row)
            weight += weigh(row)
            if len(chunk) == ROWS or weight > _WEIGHT:
                yield _batch(chunk, schema, file)
                chunk, weight = [], 0
    if chunk:
        yield _batch(chunk, schema, files[-1])


def _batch(chunk: Sequence[Row], schema: "pa.Schema", file: Path) -> "pa.RecordBatch":
    import pyarrow as pa

    try:
        arrays = [pa.array([row.get(each.name) for row in chunk], each.type) for each in schema]
    except pa.ArrowException as error:
        raise DataError(f"{file} cannot be read: {str(error).splitlines()[0]}") from error
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _weight_of_texts(row: Row) -> int:
    """How many characters a row has whose values are all texts, which most rows are."""
    return sum(map(len, cast(Mapping[str, str], row).values()))


def _weight(value: object) -> int:
    """About how many characters a value has."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_weight, value.values()))
    return sum(map(_weight, value)) if isinstance(value, list) else 8


def table(
    files: Sequence[Path], options: Mapping[str, object], schema: "pa.Schema", batches: Iterable["pa.RecordBatch"]
) -> "Dataset":
    """Return the table on disk as a data set, written unless the same files were read with the same options before."""
    from datasets import Dataset, config

    name = fingerprint(
        {
            "version": _VERSION,
            "files": [[file.name.lower(), checksum(file)] for file in files],
            "options": options,
            "schema": str(schema),
        }
    )
    target = Path(config.HF_DATASETS_CACHE) / "distill" / f"{name}.arrow"
    if not _whole(target):
        _write(target, schema, batches)
    return cast("Dataset", Dataset.from_file(str(target)))


def _whole(target: Path) -> bool:
    """Whether a table is there, and was not cut off by a machine that stopped."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(target)) as source, pa.ipc.open_stream(source) as reader:
            return all(batch is not None for batch in reader)
    except (OSError, pa.ArrowException):
        return False


@contextmanager
def keeping() -> Iterator[None]:
    """Turn a full or read-only cache folder of ``datasets`` into one sentence that says how to take another.

    Raises:
        DataError: there is none.
    """
    from datasets import config

    try:
        yield
    except OSError as error:
        folder, full = Path(config.HF_DATASETS_CACHE), error.errno in (errno.ENOSPC, errno.EDQUOT)
        if not full and error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT):
            raise
        what = f"no space left in {folder}" if full else f"{folder} cannot be written ({error})"
        raise DataError(f"{what}, where tables are kept; take another with HF_DATASETS_CACHE=FOLDER") from error


def _write(target: Path, schema: "pa.Schema", batches: Iterable["pa.RecordBatch"]) -> None:
    """Write a table under a hidden name, and rename it when it is whole."""
    import pyarrow as pa

    hidden = target.with_name(f".{target.name}.{os.getpid()}")
    with keeping():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with hidden.open("wb") as out, pa.ipc.new_stream(out, schema) as writer:
                for batch in batches:
                    writer.write_batch(batch)
            hidden.replace(target)
        finally:
            hidden.unlink(missing_ok=True)
