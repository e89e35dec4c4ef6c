"""Show what was made of what, from the data to the exported files."""

from collections.abc import Sequence
from typing import NamedTuple

from distill.report import JsonObject, Report

_SHOWN = 12
"""Characters of a fingerprint that tell it from others."""


class Step(NamedTuple):
    """A line of the lineage; ``sources`` pairs each thing that it was made of with its fingerprint."""

    name: str
    kind: str
    what: str
    fingerprint: str
    whole: str
    sources: Sequence[tuple[str, str]]


def steps(report: Report) -> list[Step]:
    """Return the data, the checkpoints, the stages and the exported files, each after what it was made of."""
    nodes: Sequence[JsonObject] = report.get("lineage") or ()
    known = {node["name"]: _short(node["fingerprint"]) for node in nodes}
    return [
        Step(
            node["name"],
            node["kind"],
            node.get("what", ""),
            known[node["name"]],
            str(node["fingerprint"]),
            [(name, known.get(name, "")) for name in node["inputs"]],
        )
        for node in nodes
    ]


def _short(fingerprint: object) -> str:
    return str(fingerprint)[:_SHOWN]
