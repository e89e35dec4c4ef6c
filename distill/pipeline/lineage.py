"""Say what was made of what in a run, from the data to the exported files, each with what its content is known by."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from distill.models import checksums
from distill.models.sources import BESIDE, TEACHER_CHECKPOINT, is_beside, is_checkpoint
from distill.pipeline.plan import Planned, content_of
from distill.report import JsonObject
from distill.stages.job import RunSpec

_DATA = "data"
_READ = {"examples", "texts", "data"}
"""What stages call their examples among what decides on their results."""


def lineage(spec: RunSpec, planned_stages: Mapping[str, Planned]) -> list[JsonObject]:
    """Return the data, the checkpoints and the stages of a run, each after all that it was made of.

    Each has a ``name``, a ``kind`` (data, checkpoint, stage, file), a ``fingerprint``, the names of its ``inputs``, and
    says under ``what`` which data or checkpoint it is.
    """
    data = spec.data.describe()
    start = _node(_DATA, "data", data["fingerprint"], [], f"{data['name']} ({data['source']})")
    found, stages = {_DATA: start}, []
    for title, planned in planned_stages.items():
        for own, name in planned.inputs.items():
            if is_checkpoint(name) and name not in found:
                content = content_of(own, name, planned.spec, planned_stages)
                found[name] = _node(name, "checkpoint", content, [], _checkpoint(own, planned.spec))
        inputs = [*([_DATA] if _READ & planned.settings.keys() else []), *planned.inputs.values()]
        stages.append(_node(title, "stage", planned.fingerprint, list(dict.fromkeys(inputs))))
    return [*found.values(), *stages]


def of_bundle(bundle: Path, exports: Sequence[JsonObject]) -> Iterator[JsonObject]:
    """Yield the files with weights of the formats that were not left out, by the SHA-256 that the bundle has of them.

    Raises:
        ModelError: the bundle's checksums cannot be read.
    """
    shipped = {Path(each["path"]) for each in exports if not each.get("left_out")}
    root = Path("export") / bundle.name
    for name, digest in checksums.of_weights(bundle).items():
        path = root / name
        if path in shipped or (path.parent in shipped and path.parent == root):
            yield _node(path.as_posix(), "file", digest, ["export"])


def _checkpoint(name: str, spec: RunSpec) -> str:
    """Return what the settings call a checkpoint."""
    if is_beside(name):
        return spec.config.evaluate.beside[name.removeprefix(f"{BESIDE}:")].model
    owner, own = spec.owner(name)
    section = owner.config.teacher if own == TEACHER_CHECKPOINT else owner.config.student
    return f"{section.model}@{section.revision}" if section.revision else str(section.model)


def _node(name: str, kind: str, fingerprint: str, inputs: Sequence[str], what: str = "") -> JsonObject:
    return {"name": name, "kind": kind, "what": what, "fingerprint": fingerprint, "inputs": list(inputs)}
