"""How far new rows are from old ones: lengths, unknown tokens, labels, and how sure the old teacher is of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from distill.data.slices import readable
from distill.inference import scoring
from distill.metrics.drift import label_shift, shift
from distill.refreshing import named_rows
from distill.refreshing.corrections import said
from distill.refreshing.named_rows import NEW, OLD, ORIGIN, NamedRows
from distill.refreshing.old_run import OLD_TEACHER
from distill.refreshing.together import Together
from distill.report import JsonObject
from distill.stages import kept_outputs
from distill.stages.job import Job
from distill.tasks import arrays

_MOST = 5000
"""Rows of each side that are read for their tokens, spread over all."""


def drift(job: Job, together: Together, split: str) -> JsonObject:
    """Return how the new rows of train differ from the old ones, and the answers of the old teacher to both tests.

    Args:
        job: that of the finished stage ``evaluate``.
        together: old and new rows.
        split: the one that is judged.

    Raises:
        StoreError: the old teacher's answers are not there.
    """
    spec, kind = job.spec, job.spec.setup.task.roles.get("label", "")
    section = spec.config.evaluate
    row = next(row for row in spec.decisions.compared if row.name == OLD_TEACHER)
    model, outputs = kept_outputs.evaluated(job, row, split)
    parts = {OLD: together.old, NEW: together.parts["train"][1][1]}
    read = {name: _tokens(rows, spec.setup.task.text, model.tokenizer) for name, rows in parts.items()}
    found: dict[str, object] = {}
    numbers = {"length in tokens": 0, "share of unknown tokens": 1}
    chosen = (section.resamples, section.confidence, spec.config.seed)
    for name, column in numbers.items():
        if not np.isnan(read[OLD][:, column]).any():
            found[name] = _shift(read[OLD][:, column], read[NEW][:, column], chosen)
    sure = _confidence(
        spec.setup.task.kind, scoring.decoded(spec.setup, spec.data.splits[split], outputs, model.tokenizer)[1]
    )
    if sure is not None:
        places = {part.name: part.places for part in spec.data.slices if part.by == ORIGIN}
        found["confidence of the old teacher"] = _shift(sure[places[OLD]], sure[places[NEW]], chosen)
    if named_rows.names_in_any(kind) or kind == "score":
        found["labels"] = _labels(parts[OLD], parts[NEW], kind, chosen)
    return found


def _shift(old: NDArray[np.float64], new: NDArray[np.float64], chosen: tuple[int, float, int]) -> JsonObject:
    resamples, confidence, seed = chosen
    return {**shift(old, new, resamples=resamples, confidence=confidence, seed=seed)}


def _labels(old: NamedRows, new: NamedRows, kind: str, chosen: tuple[int, float, int]) -> JsonObject:
    if kind == "score":
        return _shift(np.asarray(old.labels, dtype=np.float64), np.asarray(new.labels, dtype=np.float64), chosen)
    counts = [named_rows.counted([rows], kind) for rows in (old, new)]
    for rows, count in zip((old, new), counts, strict=True):
        if without := sum(not named_rows.names_in(label, kind) for label in rows.labels):
            count[said([])] = without
    resamples, confidence, seed = chosen
    return {**label_shift(*counts, resamples=resamples, confidence=confidence, seed=seed)}


def _tokens(rows: NamedRows, roles: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> NDArray[np.float64]:
    """Return ``[rows, 2]``: the tokens of each text, and the share of unknown ones; none where no token is unknown."""
    step = max(1, -(-len(rows) // _MOST))
    texts = readable({role: list(values)[::step] for role, values in rows.columns.items()}, roles)
    ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    unknown = tokenizer.unk_token_id
    return np.asarray(
        [(len(each), np.nan if unknown is None else each.count(unknown) / max(1, len(each))) for each in ids],
        dtype=np.float64,
    )


def _confidence(kind: str, rows: Sequence[object]) -> NDArray[np.float64] | None:
    """Return ``[examples]``, the mean probability of what is answered in each row of an example; none of scores."""
    if kind == "score":
        return None
    found = []
    for each in rows:
        logits = np.asarray(each, dtype=np.float32)
        if kind == "labels":
            likely = arrays.sigmoid(logits)
            found.append(np.maximum(likely, 1 - likely).mean())
        else:
            found.append(arrays.softmax(logits).max(axis=-1).mean())
    return np.asarray(found, dtype=np.float64)
