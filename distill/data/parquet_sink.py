"""How answers are written as Parquet, in which each column has one type."""

import json
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from distill.data.arrow import ROWS
from distill.data.sinks import ERROR, HeldRows, Row
from distill.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter


class ParquetSink:
    """Writes answers to a Parquet file, a thousand at a time."""

    def __init__(self, out: IO[bytes], errors: bool) -> None:
        """Write to ``out``, with a column of errors where ``errors`` is set."""
        self._out, self._held_rows = out, HeldRows(errors)
        self._chunk: list[Row] = []
        self._writer: ParquetWriter | None = None

    def write(self, row: Row) -> None:
        """Take the answer to one row; each thousandth answer writes those that are held."""
        self._chunk += self._held_rows.add(row)
        if len(self._chunk) >= ROWS:
            self._write()

    def end(self) -> None:
        """Write the answers that are still held."""
        self._chunk += self._held_rows.end()
        self._write()

    def close(self) -> None:
        """Write the footer, without which the file cannot be read."""
        if self._writer is not None:
            self._writer.close()

    def _write(self) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        rows, self._chunk = self._chunk, []
        try:
            if self._writer is None:
                self._writer = ParquetWriter(self._out, self._schema(rows))
            schema = self._writer.schema
            columns = [[_as(row.get(field.name), field.type) for row in rows] for field in schema]
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"answers have no single type in a column ({reason}): write JSON lines") from error

    def _schema(self, rows: Sequence[Row]) -> "pa.Schema":
        """The type of each column, by the first rows; numbers and texts as one are texts, and so is what is empty."""
        import pyarrow as pa

        fields = []
        for name in self._held_rows.names:
            values = [row.get(name) for row in rows]
            texts = any(isinstance(value, str) for value in values) or name == ERROR
            fields.append((name, pa.string() if texts else _filled(pa.array(values).type)))
        return pa.schema(fields)


def _filled(kind: "pa.DataType") -> "pa.DataType":
    """The type with text where nothing was seen."""
    import pyarrow as pa

    if pa.types.is_null(kind):
        return pa.string()
    return pa.list_(_filled(kind.value_type)) if pa.types.is_list(kind) else kind


def _as(value: object, kind: "pa.DataType") -> object:
    """A value as its column has it: in one of texts, numbers are such."""
    import pyarrow as pa

    plain = value is None or isinstance(value, str) or not pa.types.is_string(kind)
    return value if plain else json.dumps(value, ensure_ascii=False)
