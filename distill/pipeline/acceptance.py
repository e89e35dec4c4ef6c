"""Check each teacher of a run once, before the first stage that reads it."""

from collections.abc import Mapping
from pathlib import Path

from distill.pipeline.chain import Chain
from distill.pipeline.plan import Planned
from distill.pipeline.teacher_check import check_teacher
from distill.stages.job import title


def first_reader(planned_stages: Mapping[str, Planned], name: str) -> Planned | None:
    """Return the first of the planned stages that reads the teacher of a name; none where none does."""
    asked = next((planned for planned in planned_stages.values() if planned.stage == "distill"), None)
    return planned_stages.get(title("teach", name), asked)


def accepted_before_training(chain: Chain, planned_stages: Mapping[str, Planned]) -> dict[str, list[str]]:
    """Check fine-tuned teachers whose outputs are not in the store yet.

    Returns:
        Title of each first stage that reads one to what was accepted of it.
    """
    accepted: dict[str, list[str]] = {}
    for name, spec in chain.spec.teachers.items():
        reader = first_reader(planned_stages, name)
        if spec.config.teacher.finetuned and reader is not None and chain.store.whole(reader.name) is None:
            accepted.setdefault(reader.title, []).extend(_accepted(chain, name, {}))
    return accepted


def accepted_before(planned: Planned, chain: Chain) -> list[str]:
    """Check the teachers that the run fine-tuned, before the first stage that reads them; return what was accepted."""
    if planned.stage not in ("teach", "distill") or chain.store.whole(planned.name) is not None:
        return []
    readers = [
        (name, spec)
        for name, spec in chain.spec.teachers.items()
        if not spec.config.teacher.finetuned and spec.labelled is None
    ]
    stored = chain.spec.decisions.outputs.stored
    return [
        sentence
        for name, _ in readers
        if (planned.title == title("teach", name) if stored else planned.stage == "distill")
        for sentence in _accepted(chain, name, {"finetune": chain.finished.folders[title("finetune", name)]})
    ]


def _accepted(chain: Chain, name: str, inputs: Mapping[str, Path]) -> list[str]:
    if name in chain.accepted:
        return []
    chain.accepted.add(name)
    sentence = check_teacher(chain.spec.teachers[name], chain.examples, name, inputs)
    return [] if sentence is None else [sentence]
