"""Operations on splits: holding out, limiting the rows, and keys and digests of what is in them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from distill.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

LABEL = "label"
_ID = "id of a row"
"""The name of a column that no role of a task has."""
UNLABELLED = "unlabelled"
"""The split of texts without labels, on which a student follows its teacher alone."""
GOLD = "gold"
"""The split of rows whose labels people have checked, by which a labeller is audited; nothing is trained on it."""


def hold_out(splits: Mapping[str, "Dataset"], share: float, seed: int) -> tuple[dict[str, "Dataset"], str | None]:
    """Make a validation split of a seeded part of train where there is none, stratified by a single label.

    Returns:
        The splits, and a sentence that says so, or none where nothing had to be held out.

    Raises:
        DataError: train is too small to share.
    """
    if "validation" in splits:
        return dict(splits), None
    new_splits, note = _held_out(splits["train"], "validation", share, seed)
    return {**new_splits, **{name: rows for name, rows in splits.items() if name != "train"}}, note


def hold_out_test(
    splits: Mapping[str, "Dataset"], share: float | None, seed: int
) -> tuple[dict[str, "Dataset"], str | None]:
    """Make a test split of a seeded part of train, stratified by a single label, where a share is given.

    Returns:
        The splits, and a sentence that says so, or none.

    Raises:
        DataError: there is a test split already, or train is too small to share.
    """
    if share is None:
        return dict(splits), None
    if "test" in splits:
        raise DataError(
            f"data.holdout_test={share:g}: there is a test split of {len(splits['test']):,} rows already, of which "
            "the report speaks; leave data.holdout_test out, or give the file of train alone as data.path=FILE"
        )
    new_splits, note = _held_out(splits["train"], "test", share, seed)
    return {**splits, **new_splits}, note


def _held_out(train: "Dataset", split: str, share: float, seed: int) -> tuple[dict[str, "Dataset"], str]:
    """Train without a part of it, and that part as another split; and a sentence that says so."""
    count = max(1, round(len(train) * share))
    if count >= len(train):
        raise DataError(f"train has {len(train)} rows: too few to hold out a {split} split")
    remaining = stratified(_labels(train), len(train) - count, seed)  # drawn, so that a label's only row stays in train
    held = np.setdiff1d(np.arange(len(train)), remaining)
    drawn = "seeded and stratified by label" if _has_label(train) else "drawn with the seed"
    note = f"there is no {split} split: {count:,} rows of train, {drawn}, are held out for it"
    return {"train": train.select(remaining), split: train.select(held)}, note


def with_ids(
    splits: Mapping[str, "Dataset"], ids: Mapping[str, Sequence[object]], names: Sequence[str] = ("validation", "test")
) -> dict[str, "Dataset"]:
    """Return the splits, some of them with a column of the ids of their rows while rows are drawn from them.

    Args:
        splits: as they were read.
        ids: of all rows of the files; a split of which some were left out goes without.
        names: of the splits that get the column.
    """
    new_splits = dict(splits)
    for name in (each for each in names if each in splits and len(ids.get(each, ())) == len(splits[each])):
        new_splits[name] = splits[name].add_column(_ID, [str(value) for value in ids[name]])
    return new_splits


def without_ids(
    splits: Mapping[str, "Dataset"], names: Sequence[str] = ("validation", "test")
) -> tuple[dict[str, "Dataset"], dict[str, list[str]]]:
    """Return the splits, some of them as they were without ids, and the ids of the rows that are left in these."""
    ids = {name: list(rows[_ID][:]) for name, rows in splits.items() if name in names and _ID in rows.column_names}
    return {name: rows.remove_columns(_ID) if name in ids else rows for name, rows in splits.items()}, ids


def limit(splits: Mapping[str, "Dataset"], limits: Mapping[str, int | None], seed: int) -> dict[str, "Dataset"]:
    """Keep a seeded, stratified part of each split that has more rows than its limit, in their order."""
    limited = {}
    for name, rows in splits.items():
        count = limits.get(name)
        cut = count is not None and count < len(rows)
        limited[name] = rows.select(stratified(_labels(rows), count or 0, seed)) if cut else rows
    return limited


def limit_per_label(
    splits: Mapping[str, "Dataset"], count: int | None, names: Sequence[str], seed: int
) -> tuple[dict[str, "Dataset"], list[str]]:
    """Keep so many rows of train of each label, drawn with the seed and in their order; none keeps all.

    Returns the splits, and a sentence on the labels that have fewer.
    """
    if count is None:
        return dict(splits), []
    train = splits["train"]
    labels, draw = np.asarray(_labels(train)), np.random.default_rng(seed)
    of_labels = [draw.permutation(np.flatnonzero(labels == label)) for label in range(len(names))]
    kept = np.sort(np.concatenate([rows[:count] for rows in of_labels]))
    few = [f"{name} {len(rows)}" for name, rows in zip(names, of_labels, strict=True) if len(rows) < count]
    notes = [f"data.limit.per_label={count}: train has fewer rows of {', '.join(few)}, all of them kept"] if few else []
    return {**splits, "train": train.select(kept)}, notes


def stratified(labels: Sequence[int], count: int, seed: int) -> NDArray[np.int64]:
    """Draw ``count`` row numbers, in order: each label by its share, and at least once while there is room.

    >>> stratified([0, 0, 0, 0, 1, 1, 2], 4, seed=0).tolist()
    [0, 2, 5, 6]
    """
    draw = np.random.default_rng(seed)
    values, place, sizes = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    exact = sizes * count / len(place)
    quota = np.floor(exact).astype(np.int64)
    if count >= len(values):
        quota = np.maximum(quota, 1)
    while quota.sum() != count:  # by the largest remainder
        step = 1 if quota.sum() < count else -1
        open_ = quota < sizes if step > 0 else quota > min(1, count // len(values))
        gap = np.where(open_, step * (exact - quota), -np.inf)
        quota[int(gap.argmax())] += step
    drawn = [draw.permutation(np.flatnonzero(place == each))[: quota[each]] for each in range(len(values))]
    return np.sort(np.concatenate(drawn))


def keyed(rows: "Dataset", fields: Sequence[str]) -> "Dataset":
    """Add the column ``key``, a hash of 64 bits of the text in the columns ``fields``.

    The same text has the same key in any split, file and order.
    """
    columns = [rows[field][:] for field in fields]
    keys = np.asarray([_key(values) for values in zip(*columns, strict=True)], dtype=np.int64)
    return _flat(rows).add_column("key", keys)


def _flat(rows: "Dataset") -> "Dataset":
    """Return the same rows without the list of their numbers, which ``datasets`` keeps of rows that were drawn.

    Left to itself, it makes them a table of a piece for each row, and looks at each of these.
    """
    if rows._indices is None:
        return rows
    pieces = rows.with_format("arrow")
    flat: Dataset = pieces.map(_of_one_piece, batched=True, features=rows.features).with_format(None)
    return flat


def _of_one_piece(table: "pa.Table") -> "pa.Table":
    return table.combine_chunks()


def unseen(rows: "Dataset", splits: Mapping[str, "Dataset"]) -> "Dataset":
    """Return the rows, each text once, whose text stands in none of the other splits; all rows have keys."""
    keys = np.asarray(rows["key"][:])
    first = np.sort(np.unique(keys, return_index=True)[1])
    seen_keys = np.concatenate([np.asarray(split["key"][:]) for split in splits.values()])
    return rows.select(first[~np.isin(keys[first], seen_keys)])


def content(rows: "Dataset") -> str:
    """Return a digest of all columns and rows, in their order."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(rows.column_names):
        values = rows[name][:]
        digest.update(repr((name, len(values))).encode())
        digest.update(repr(values).encode())
    return digest.hexdigest()


def overlap(splits: Mapping[str, "Dataset"]) -> str | None:
    """Return a sentence on how many rows of the other splits also stand in train, or none."""
    train = set(splits["train"]["key"][:])
    seen = {name: sum(key in train for key in rows["key"][:]) for name, rows in splits.items() if name != "train"}
    shares = [f"{count:,} of {len(splits[name]):,} in {name}" for name, count in seen.items() if count]
    return f"texts that also occur in train: {', '.join(shares)}" if shares else None


def _labels(rows: "Dataset") -> Sequence[int]:
    """The numbers of the labels; zeros where an example has none, or not exactly one."""
    return rows[LABEL][:] if _has_label(rows) else [0] * len(rows)


def _has_label(rows: "Dataset") -> bool:
    """Whether an example has exactly one label."""
    return LABEL in rows.column_names and isinstance(rows[0][LABEL], int)


def _key(values: Sequence[str | Sequence[str]]) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for value in (part for each in values for part in ((each,) if isinstance(each, str) else (str(len(each)), *each))):
        encoded = value.encode()
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return int.from_bytes(digest.digest(), "little", signed=True)
