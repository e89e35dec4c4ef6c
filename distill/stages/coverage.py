"""Say what a student's small vocabulary leaves of texts that it was not counted on, and how it does on the others."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from datasets import Dataset

from distill.inference.runtime import FinishedModel
from distill.metrics import Scored
from distill.report import metric, percent
from distill.stages.job import RunSpec
from distill.stages.vocabularies import whole_ids

Score = Callable[[str, str, Dataset], Scored]
"""Returns the metrics of a compared model on some rows of a split."""
Coverage = dict[str, Any]
"""How many tokens are left of how many, and of each split the share that is left and the metrics with and without."""


def coverage(spec: RunSpec, models: Mapping[str, FinishedModel], score: Score) -> Coverage | None:
    """Return how much of validation and test a small vocabulary covers; none where the student keeps all tokens.

    Args:
        spec: the run.
        models: compared models by name, the teacher and the student among them.
        score: scores one of them on some rows.
    """
    student, teacher = (next(iter(spec.decisions.of_role(role)), None) for role in ("student", "teacher"))
    if spec.config.student.vocabulary == "all" or student is None or teacher is None:
        return None
    readers = [models[row.name].tokenizer for row in spec.decisions.of_role("teacher") if row.name in models]
    if not readers:  # a teacher that is a file of answers reads no tokens
        return None
    reader = readers[0]
    left, whole = models[student.name].tokenizer.get_vocab().keys(), reader.get_vocab()
    kept = np.zeros(1 + max(whole.values()), dtype=bool)
    kept[[number for token, number in whole.items() if token in left]] = True
    splits = {}
    for split in (name for name in ("validation", "test") if name in spec.data.splits):
        rows = spec.data.splits[split]
        covered = [kept[ids] for ids in whole_ids(spec.setup, rows, reader)]
        touched = np.asarray([not tokens.all() for tokens in covered])
        splits[split] = {
            "tokens": float(np.concatenate(covered).mean()),
            "texts": float(1 - touched.mean()),
            **{
                name: _scores(models, split, rows.select(np.flatnonzero(chosen)), score)
                for name, chosen in (("touched", touched), ("unchanged", ~touched))
            },
        }
    return {"tokens": len(left), "of": len(whole), "splits": splits}


def sentence(found: Coverage, headline: str, names: tuple[str, ...]) -> str:
    """Return in words what a vocabulary covers, and the headline metric of the ``names`` with and without it."""
    parts = [f"student.vocabulary: {found['tokens']:,} of the teacher's {found['of']:,} tokens are left"]
    for split, shares in found["splits"].items():
        scores = [
            f"{name} {' and '.join(_both(shares, name, headline))}" for name in names if shares["touched"]["metrics"]
        ]
        apart = (
            f", where {headline} is, of texts with other tokens and of the rest: {', '.join(scores)}" if scores else ""
        )
        parts.append(
            f"{percent(shares['tokens'], 1)} of the tokens of {split} are among them, and all of "
            f"{percent(shares['texts'], 1)} of its texts{apart}"
        )
    return "; ".join(parts)


def _both(shares: Mapping[str, Any], name: str, headline: str) -> list[str]:
    scores = [shares[part]["metrics"].get(name, {}).get(headline) for part in ("touched", "unchanged")]
    return ["none" if score is None else metric(headline, score) for score in scores]


def _scores(models: Mapping[str, FinishedModel], split: str, rows: Dataset, score: Score) -> dict[str, Any]:
    """Return the metrics of each model on some rows, if there are any."""
    return {
        "rows": len(rows),
        "metrics": {name: score(name, split, rows).metrics for name in models} if len(rows) else {},
    }
