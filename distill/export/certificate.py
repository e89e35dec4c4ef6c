"""State what was measured of the formats of a bundle, in a file that travels with them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from distill.base.disk import replacing

FILE = "certificate.json"
_SCHEMA = 1
"""Counts up when a field changes its meaning; fields are only added otherwise."""

Certificate: TypeAlias = dict[str, Any]
"""The content of the file."""


@dataclass(frozen=True)
class FormatFacts:
    """The facts of one format: whether it is as good as the student, and what was measured of it.

    Attributes:
        path: the format's file or folder, seen from the bundle.
        reason: why it is not as good as the student, or cannot be written; none where it is certified.
        metrics: each split to its scores.
        headline_loss: points of the leading metric that it loses on validation; less than 0 where it gains.
        max_logit_drift: the largest difference of a logit from the student's.
        equal_decisions: the share of examples with the student's decision; none for scores.
        changes: decisions that change with the batch; none where that was not measured.
        batch_dependent: whether answers depend on the batch; none where that was not measured.
        recall: each label to its recall by student and format, and the interval of the difference.
        facts: what only the format knows of itself, such as its ``saturation``.
        latency_ms: each size of batch to its ``p50`` and ``p90``.
        parameters: the number of weights.
        bytes: the size of its files.
    """

    path: str
    reason: str | None
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    headline_loss: float | None = None
    max_logit_drift: float | None = None
    equal_decisions: float | None = None
    changes: Mapping[str, float] | None = None
    batch_dependent: bool | None = None
    recall: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    latency_ms: Mapping[str, Mapping[str, float]] | None = None
    parameters: int | None = None
    bytes: int | None = None

    def entry(self) -> dict[str, Any]:
        """Return the format's part of the certificate."""
        return {
            "path": self.path,
            "certified": self.reason is None,
            "reason": self.reason,
            "metrics": {split: dict(scores) for split, scores in self.metrics.items()},
            "headline_loss": self.headline_loss,
            "max_logit_drift": self.max_logit_drift,
            "equal_decisions": self.equal_decisions,
            "batch_dependent": self.batch_dependent,
            "changed_by_batch": None if self.changes is None else dict(self.changes),
            "recall_by_label": {label: dict(recall) for label, recall in self.recall.items()},
            "saturation": self.facts.get("saturation"),
            "kept_in_fp32": self.facts.get("kept_in_fp32", []),
            "latency_ms": self.latency_ms,
            "parameters": self.parameters,
            "bytes": self.bytes,
        }


def certificate(
    formats: Mapping[str, FormatFacts],
    *,
    versions: Mapping[str, str],
    data: str,
    command: str,
    processor: str,
    flags: Sequence[str],
    calibration: Mapping[str, Any] | None = None,
) -> Certificate:
    """Put together a certificate.

    Args:
        formats: each format that was tried to its facts.
        versions: packages that made it.
        data: the fingerprint of the data.
        command: the command line that repeats the run.
        processor: the processor on which everything was measured.
        flags: its instructions that decide on how 8 bits are multiplied.
        calibration: the temperature that made probabilities reliable, and how reliable they are; none where they are
            as the student gave them.
    """
    return {
        "schema": _SCHEMA,
        "versions": dict(versions),
        "data": {"fingerprint": data},
        "command": command,
        "processor": {"name": processor, "flags": list(flags)},
        "calibration": None if calibration is None else dict(calibration),
        "formats": {name: facts.entry() for name, facts in formats.items()},
    }


def write(content: Certificate, bundle: Path) -> None:
    """Write a certificate into a bundle, whole or not at all."""
    with replacing(bundle / FILE) as hidden:
        hidden.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
