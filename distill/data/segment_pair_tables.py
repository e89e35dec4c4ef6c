"""Pairs of the lines of text files as tables on disk, to learn from and held out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from distill.data.arrow import table
from distill.data.segment_pairs import Pair, PairForm, fitted, pairs, passages
from distill.data.text_blocks import PlainText, Tokens, batch, chunks, held_out
from distill.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset


def paired(
    text: PlainText, tokens: Tokens, form: PairForm, share: float, seed: int, identity: Mapping[str, object]
) -> tuple["Dataset", "Dataset"]:
    """Return pairs of the lines of text files, to learn from and held out, as tables on disk.

    Each has ``input_ids``, ``attention_mask``, ``token_type_ids``, ``follows`` (``FOLLOWS`` or ``OTHER``) and its
    number as ``key``. What is held out stands in no pair that is learnt from.

    Args:
        text: in which a blank line, or a file's end, is the end of a document.
        tokens: of some lines.
        form: of a pair.
        share: of the passages that are held out.
        seed: of what is drawn.
        identity: what else names the tables, such as the tokenizer.

    Raises:
        DataError: no line follows another one, or too few are there to hold some out.
    """
    lines = _lines(text, tokens, form.room // 2, identity)
    columns = {name: np.asarray(lines.with_format("numpy")[name][:]) for name in ("length", "document")}
    read = passages(columns["document"])
    if not any(passage.stop - passage.start > 1 for passage in read):
        raise DataError(
            f"{text.files[0]}: no line of it follows another one, since a blank line ends a document: "
            "pretrain.objective=mlm+nsp learns from lines that do; allowed is mlm"
        )

    def made(numbers: Sequence[int], which: str) -> "Dataset":
        given = [read[number] for number in numbers]
        named = {"pairs": 1, "form": str(form), "share": share, "seed": seed, "which": which, **identity}
        found = pairs(columns["length"], given, form.room, seed)
        return table(text.files, named, _schema(), _batches(found, lines, form, seed))

    kept, out = held_out(len(read), share)
    return made(kept, "learnt"), made(out, "held out")


def _lines(text: PlainText, tokens: Tokens, longest: int, identity: Mapping[str, object]) -> "Dataset":
    """Return the lines of text as a table on disk: ``ids``, ``length`` and ``document``; long lines are cut."""
    import pyarrow as pa

    schema = pa.schema([("ids", pa.list_(pa.int32())), ("length", pa.int32()), ("document", pa.int64())])

    def batches() -> Iterator["pa.RecordBatch"]:
        for chunk in chunks(text.documents()):
            rows = [
                (ids[start : start + longest], document)
                for (document, _), ids in zip(chunk, tokens([line for _, line in chunk]), strict=True)
                for start in range(0, len(ids), longest)
            ]
            values: list[Sequence[object]] = [
                [ids for ids, _ in rows],
                [len(ids) for ids, _ in rows],
                [document for _, document in rows],
            ]
            yield batch(values, schema)

    return table(text.files, {"lines": 1, "longest": longest, **identity}, schema, batches())


def _schema() -> "pa.Schema":
    import pyarrow as pa

    small = pa.list_(pa.int8())
    return pa.schema(
        [
            ("input_ids", pa.list_(pa.int32())),
            ("attention_mask", small),
            ("token_type_ids", small),
            ("follows", pa.int8()),
            ("key", pa.int64()),
        ]
    )


def _batches(found: Iterable[Pair], lines: "Dataset", form: PairForm, seed: int) -> Iterator["pa.RecordBatch"]:
    """Yield pairs with their tokens."""
    schema = _schema()
    for chunk in chunks(enumerate(found)):
        rows = [_inputs(number, pair, lines, form, seed) for number, pair in chunk]
        ids, types = [ids for ids, _ in rows], [types for _, types in rows]
        masks, labels = [[1] * len(each) for each in ids], [pair.label for _, pair in chunk]
        yield batch([ids, masks, types, labels, [number for number, _ in chunk]], schema)


def _inputs(number: int, pair: Pair, lines: "Dataset", form: PairForm, seed: int) -> tuple[list[int], list[int]]:
    first, second = (
        [token for ids in lines[segment.start : segment.stop]["ids"] for token in ids]
        for segment in (pair.first, pair.second)
    )
    return form.inputs(*fitted(first, second, form.room, np.random.default_rng((seed, number, 1))))
