"""List the rows that are most likely labelled wrong, for people to look at (Northcutt et al. 2021)."""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from distill.base.disk import replacing
from distill.base.installed import installed
from distill.data.splits import UNLABELLED
from distill.report import JsonObject
from distill.stages.answered import FILE
from distill.stages.job import RunSpec

log = logging.getLogger(__name__)

NAME = "mislabelled.jsonl"


def write(spec: RunSpec, folders: Mapping[str, Path], folder: Path) -> JsonObject | None:
    """Write the rows that are most likely labelled wrong into the folder of a run, the likeliest first.

    Args:
        spec: the run.
        folders: title of each finished stage to its folder.
        folder: takes the file.

    Returns:
        How many there are and where, or why they are not looked for; none where they cannot be.
    """
    taught = folders.get("teach")
    if spec.labelled is None or taught is None or not (taught / FILE).is_file():
        return None
    if not installed("cleanlab"):
        return {"rows": None, "missing": "pip install 'distill[labels]' brings cleanlab, which finds them"}
    rows = list(_rows(spec, taught / FILE))
    with replacing(folder / NAME) as hidden:
        hidden.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return {"rows": len(rows), "file": NAME}


def _rows(spec: RunSpec, file: Path) -> Iterator[JsonObject]:
    from cleanlab.filter import find_label_issues

    labelled, names = spec.labelled, spec.data.labels
    if labelled is None:
        return
    with np.load(file) as words:
        keys, predicted = words["keys"].tolist(), words["predicted"]
    said = np.asarray([labelled.rows[key][0].argmax() for key in keys])
    shares = predicted / predicted.sum(axis=1, keepdims=True)
    found = find_label_issues(said, shares, return_indices_ranked_by="self_confidence", n_jobs=1)
    inputs = _inputs(spec)
    for place in found.tolist():
        key, likely = keys[place], int(shares[place].argmax())
        yield {
            **({"id": labelled.ids[key]} if key in labelled.ids else {}),
            **inputs[key],
            "said": names[said[place]],
            "likely": names[likely],
            "probability_of_said": round(float(shares[place, said[place]]), 4),
            "probability_of_likely": round(float(shares[place, likely]), 4),
        }


def _inputs(spec: RunSpec) -> dict[int, JsonObject]:
    """Return the inputs of each row of train and of the unlabelled texts by its key."""
    found: dict[int, JsonObject] = {}
    for split in (each for each in ("train", UNLABELLED) if each in spec.data.splits):
        rows = spec.data.splits[split]
        columns = {role: rows[role][:] for role in spec.setup.task.inputs}
        for place, key in enumerate(rows["key"][:]):
            found[key] = {role: values[place] for role, values in columns.items()}
    return found
