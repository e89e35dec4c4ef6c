"""Plain text as blocks of tokens: lines of any number, packed one after the other, in a table on disk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from distill.data.arrow import ROWS, table
from distill.data.formats import foreign, text
from distill.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

T = TypeVar("T")
Tokens = Callable[[Sequence[str]], Sequence[Sequence[int]]]
"""The tokens of some texts, without those that begin and end an input."""


@dataclass(frozen=True)
class PlainText:
    """The lines of text files that are not blank, in their order; they are read anew each time, in bounded memory."""

    files: Sequence[Path]

    def __iter__(self) -> Iterator[str]:
        """Yield each line.

        Raises:
            DataError: a file cannot be read, or is no text.
        """
        for file in self.files:
            foreign.refuse(file, "text")
            yield from (line.strip() for line in text.lines(file) if not line.isspace() and line)

    def documents(self) -> Iterator[tuple[int, str]]:
        """Yield each line with the number of its document, which ends at a blank line and with its file.

        Raises:
            DataError: as of iteration.
        """
        number = -1
        for file in self.files:
            foreign.refuse(file, "text")
            begins = True
            for line in text.lines(file):
                if stripped := line.strip():
                    number += begins
                    yield number, stripped
                begins = not stripped

    def refuse_empty(self) -> None:
        """Refuse a file without text.

        Raises:
            DataError: a file has no line that is not blank, or cannot be read.
        """
        for file in self.files:
            if next(iter(PlainText([file])), None) is None:
                raise DataError(f"{file} has no text: all its lines are blank")


@dataclass(frozen=True)
class Packing:
    """The form of a block: what stands around its tokens, and how many there are.

    Attributes:
        length: tokens of a block at most, with those around.
        before: tokens that begin each block.
        after: tokens that end it.
        between: tokens after each text in a block.
    """

    length: int
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    between: tuple[int, ...] = ()

    def blocks(self, texts: Iterable[Sequence[int]]) -> Iterator[list[int]]:
        """Yield blocks that are full but for the last one; a text that does not fit goes on in the next.

        >>> list(Packing(4, after=(9,), between=(0,)).blocks([[1, 2], [3, 4, 5]]))
        [[1, 2, 0, 9], [3, 4, 5, 9]]
        """
        room, rest = self.length - len(self.before) - len(self.after), list[int]()
        for tokens in texts:
            rest += [*tokens, *self.between]
            whole = len(rest) - len(rest) % room
            yield from (self._block(rest[start : start + room]) for start in range(0, whole, room))
            del rest[:whole]
        if rest[: len(rest) - len(self.between)]:
            yield self._block(rest[: len(rest) - len(self.between)])

    def _block(self, tokens: Sequence[int]) -> list[int]:
        return [*self.before, *tokens, *self.after]


def packed(
    texts: Iterable[str], tokens: Tokens, packing: Packing, files: Sequence[Path], identity: Mapping[str, object]
) -> "Dataset":
    """Return texts as blocks on disk: ``input_ids`` and ``attention_mask``, and the number of the block as ``key``.

    Args:
        texts: in their order.
        tokens: of some of the texts.
        packing: the form of a block.
        files: that the texts are from; their content names the table.
        identity: what else names it, such as the tokenizer.
    """
    import pyarrow as pa

    ids, mask = pa.field("input_ids", pa.list_(pa.int32())), pa.field("attention_mask", pa.list_(pa.int8()))
    schema = pa.schema([ids, mask, pa.field("key", pa.int64())])
    tokenized = (ids for chunk in chunks(texts) for ids in tokens(chunk))
    of_blocks = _batches(packing.blocks(tokenized), schema)
    return table(files, {"blocks": 1, "packing": str(packing), **identity}, schema, of_blocks)


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield values in lists of as many as are in memory together."""
    rest = iter(values)
    while chunk := list(islice(rest, ROWS)):
        yield chunk


def batch(columns: Sequence[Sequence[object]], schema: "pa.Schema") -> "pa.RecordBatch":
    """Return columns of values as rows of a table."""
    import pyarrow as pa

    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _batches(blocks: Iterable[list[int]], schema: "pa.Schema") -> Iterator["pa.RecordBatch"]:
    first = 0
    for chunk in chunks(blocks):
        yield batch([chunk, [[1] * len(ids) for ids in chunk], range(first, first + len(chunk))], schema)
        first += len(chunk)


def held_out(count: int, share: float) -> tuple[list[int], list[int]]:
    """Return the numbers of blocks to learn from, and of those held out, which lie evenly among them.

    Args:
        count: of all blocks.
        share: of them that is held out.

    Raises:
        DataError: either are none.

    >>> held_out(6, 0.34)
    ([0, 1, 3, 4], [2, 5])
    """
    out = [number for number in range(count) if int((number + 1) * share) > int(number * share)]
    if not out or len(out) == count:
        raise DataError(
            f"pretrain.holdout={share}: of {count} blocks of text {len(out)} would be held out; there must be one at "
            "least to measure perplexity on, and one to learn from: give more text, another share, or a smaller "
            "data.max_length"
        )
    held = set(out)
    return [number for number in range(count) if number not in held], out
