"""Parquet files, read by columns."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from distill.data.arrow import ROWS, Table, files_in_words, table
from distill.data.formats import Options, Rows, character_spans, foreign, placed_entities, spans_as_written
from distill.data.formats.unpacking import refuse_too_much
from distill.data.standard_input import StandardInput
from distill.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def read(files: Sequence[Path]) -> Table:
    """Read Parquet files into one table with the rows in their order.

    Raises:
        DataError: one cannot be read, or all are without rows.
    """
    import pyarrow as pa

    schemas = [_schema(file) for file in files]
    fields, problems = _usable(schemas[0], files[0])
    for file, schema in zip(files[1:], schemas[1:], strict=True):
        for name, kind in list(fields.items()):
            if (both := _covering(kind, schema)) is None:
                problems[name] = (
                    f"{file} has no column {name} of the type that {files[0].name} has, {fields.pop(name).type}"
                )
            else:
                fields[name] = both
    if not fields:
        raise DataError(next(iter(problems.values()), f"{files_in_words(files)} has no columns"))
    whole = list(fields.values()) == list(schemas[0])
    schema = pa.schema(list(fields.values()), metadata=schemas[0].metadata if whole else None)
    dataset = table(files, {}, schema, _batches(files, schema))
    if not len(dataset):
        raise DataError(f"{files_in_words(files)} has no rows")
    return Table(dataset, problems=problems)


def rows(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the rows of a Parquet file, numbered from 1."""
    number = 0
    fields, _ = _usable(_schema(file), file)
    import pyarrow as pa

    for batch in _batches([file], pa.schema(list(fields.values()))):
        for row in batch.to_pylist():
            number += 1
            yield number, row


def header(file: Path) -> dict[str, object]:
    """Return the names of the columns of a Parquet file, of objects with those of their keys, each without a value."""
    return {field.name: _keys(field.type) for field in _schema(file)}


def _keys(kind: "pa.DataType") -> object:
    import pyarrow as pa

    if not pa.types.is_struct(kind):
        return None
    return {kind.field(place).name: _keys(kind.field(place).type) for place in range(kind.num_fields)}


def has_spans(file: Path) -> bool:
    """Return whether a Parquet file has a column of spans of characters, as objects.

    Raises:
        DataError: the file cannot be read.
    """
    import pyarrow as pa

    return any(
        (pa.types.is_list(kind) or pa.types.is_large_list(kind))
        and pa.types.is_struct(kind.value_type)
        and spans_as_written.has_keys(
            [kind.value_type.field(place).name for place in range(kind.value_type.num_fields)]
        )
        for kind in _schema(file).types
    )


def words_of_spans(file: Path, options: Options) -> Rows:
    """Return the rows of a Parquet file with words and tags in the place of texts and spans, as those of JSON are read.

    Raises:
        DataError: the file cannot be read.
    """
    return character_spans.opened(Rows(rows(file), "row"), file, options)


def has_places(file: Path) -> bool:
    """Return whether a Parquet file tells the entities of relations by their places.

    Raises:
        DataError: the file cannot be read.
    """
    return placed_entities.names_places(_schema(file).names)


def texts_with_marks(file: Path, options: Options) -> Rows:
    """Return the rows of a Parquet file with marks around entities that are told by places, as those of JSON are read.

    Raises:
        DataError: the file cannot be read.
    """
    return placed_entities.opened(Rows(rows(file), "row"), file, options)


def _schema(file: Path) -> "pa.Schema":
    import pyarrow as pa
    from pyarrow import parquet

    foreign.refuse(file, "parquet")
    try:
        return parquet.read_schema(_opened(file))
    except (pa.ArrowException, OSError) as error:
        if _is_packed(file):
            raise DataError(
                f"{file} is packed with gzip, in which Parquet is not read: unpack it with gunzip"
            ) from error
        raise DataError(f"{file} cannot be read: {str(error).splitlines()[0]}") from error


def _is_packed(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _opened(file: Path) -> Path | BinaryIO:
    """What is given to the library, which opens files faster itself."""
    return file.open("rb") if isinstance(file, StandardInput) else file


def _size(file: Path) -> int:
    """Return the bytes of a file, all of which its footer at the end has made a reader fetch."""
    with file.open("rb") as opened:
        return opened.seek(0, os.SEEK_END)


def _covering(kind: "pa.Field", schema: "pa.Schema") -> "pa.Field | None":
    """The column of a type that holds what a part has and what another part has; none where there is no such type."""
    import pyarrow as pa

    others = [pa.field(each.name, _plain(each.type)) for each in schema if each.name == kind.name]
    if len(others) != 1:
        return None
    try:
        both = pa.unify_schemas([pa.schema([kind]), pa.schema(others)], promote_options="permissive")
    except pa.ArrowException:
        return None
    return both.field(kind.name)


def _plain(kind: "pa.DataType") -> "pa.DataType":
    """The type of a column without the ways in which some files save space: categories, and decimals of fixed width."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return kind.value_type
    return pa.float64() if pa.types.is_decimal(kind) else kind


def _usable(schema: "pa.Schema", file: Path) -> tuple[dict[str, "pa.Field"], dict[str, str]]:
    """The columns that ``datasets`` knows how to hold, by name, and why others cannot be used."""
    import pyarrow as pa
    from datasets import Features

    fields, problems = {}, {}
    for column in schema:
        kind = _plain(column.type)
        if schema.names.count(column.name) > 1:
            problems[column.name] = f"{file} names the column {column.name} twice"
            continue
        try:
            Features.from_arrow_schema(pa.schema([pa.field(column.name, kind)]))
        except (ValueError, NotImplementedError, KeyError, AttributeError, TypeError):
            problems[column.name] = f"{file} has in {column.name} values of the type {column.type}, which is not read"
            continue
        if column.name:
            fields[column.name] = pa.field(column.name, kind)
    return fields, problems


def _batches(files: Sequence[Path], schema: "pa.Schema") -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa
    from pyarrow import parquet

    for file in files:
        count = 0
        try:
            with parquet.ParquetFile(_opened(file)) as opened:
                for batch in opened.iter_batches(ROWS, columns=schema.names):
                    count += batch.nbytes
                    refuse_too_much(file, _size(file), count, "save it as JSON lines, where you trust it")
                    arrays = [_of_type(batch.column(name), schema.field(name).type) for name in schema.names]
                    yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{file} cannot be read: {str(error).splitlines()[0]}") from error


def _of_type(values: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    """The values of a column as another type; of lists of objects with a key that nothing has, Arrow casts too few."""
    import pyarrow as pa

    if values.type == kind:
        return values
    cast = values.cast(kind)
    try:
        cast.validate(full=True)
    except pa.ArrowInvalid:
        return pa.array(values.to_pylist(), kind)
    return cast
