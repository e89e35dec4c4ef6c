"""Tell trackers of a run: its jobs, what stages make and read of each other, and what was found."""

import json
import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

from distill.config.schema import Config
from distill.export import BUNDLE
from distill.pipeline.chain import Chain
from distill.pipeline.plan import OF_EACH_TEACHER, Planned
from distill.report import JsonObject, Report
from distill.stages.job import RunContext
from distill.tracking import JobDescription, Product
from distill.tracking.findings import findings
from distill.tracking.jobs import TrackedJob, Tracking, TrackingPlan
from distill.tracking.reach import wandb_mode

log = logging.getLogger(__name__)

FILE = "tracking.json"
"""In the folder of a stage: the job that tracked it, by which later runs link to it."""
_KINDS = {
    "pretrain": "language_model",
    "finetune": "teacher",
    "teach": "teacher_outputs",
    "distill": "student",
    "control": "control",
    "evaluate": "answers",
    "export": "export",
}
"""What the folder of each stage is to others."""
_KEPT_IN_PLACE = ("teach", "evaluate")
"""Stages whose products may be huge, and tell of single texts: trackers name them, and never copy them."""


def tracking(config: Config, rank: int) -> Tracking:
    """Return the trackers of a run, of which only the first process knows any."""
    section = config.tracking
    if rank or section.trackers == []:
        return Tracking()
    mode = wandb_mode(section.wandb) if "wandb" in section.trackers else "disabled"
    limits = section.artifact_limit_mb, section.finish_seconds
    return Tracking(TrackingPlan(section.trackers, mode, section.project, section.entity, *limits))


def described(config: Config, context: RunContext, job: str, folder: Path | None = None) -> JobDescription:
    """Return a job as trackers show it.

    Args:
        config: the settings of the run.
        context: its folder, and what it has of a sweep.
        job: the stage, or ``report``.
        folder: of the stage; an interrupted one goes on under the id that it has there.
    """
    place = context.folder.absolute()
    sweep = place.parent.name if context.swept else None
    group = "-".join(filter(None, (config.name, sweep, place.name)))
    settings = {**asdict(config), "command": context.command, "swept": list(context.swept)}
    earlier = _tracked_as(folder).get("id") if folder is not None else None
    return JobDescription(group, job, str(earlier or secrets.token_hex(4)), settings, context.folder, sweep)


def product(title: str, fingerprint: str, folder: Path) -> Product:
    """Return what a finished stage leaves for others.

    Args:
        title: the run's name of the stage.
        fingerprint: of the stage.
        folder: of the stage in the store.
    """
    stage, _, whose = title.partition(":")
    of = {"teacher" if stage in OF_EACH_TEACHER else "student": whose} if whose else {}
    inner = next((path for path in (folder / "model", folder / BUNDLE) if path.is_dir()), folder)
    about = {"stage": stage, "fingerprint": fingerprint, **of}
    return Product(folder.name, _KINDS.get(stage, stage), inner, about, stage in _KEPT_IN_PLACE)


def data_product(data: Mapping[str, Any]) -> Product:
    """Return the data of a run, of which trackers learn where it came from and how much it is, and no row."""
    about = {key: data.get(key) for key in ("name", "source", "rows", "fingerprint")}
    return Product(f"data-{data['fingerprint']}", "data", None, about)


@contextmanager
def stage(planned: Planned, chain: Chain, folder: Path) -> Iterator[TrackedJob]:
    """Open the trackers of a stage, which note what it reads of other stages."""
    context, read = chain.context, {name: chain.finished.folders.get(name) for name in planned.inputs.values()}
    config = chain.spec.config
    description = described(config, context, planned.title, folder)
    with context.tracking.job(description) as trackers:
        if (link := trackers.link) is not None:
            with chain.store.writing(folder):
                note(folder, link, config, description.group)
            if link["url"] is not None:
                log.info("%s: tracked at %s", planned.title, link["url"])
        fingerprints = {entry["name"]: str(entry["fingerprint"]) for entry in chain.finished.entries}
        trackers.used(data_product(planned.spec.data.describe()))
        for name, place in read.items():
            if place is not None:
                trackers.used(product(name, fingerprints[name], place))
        yield trackers


def report(
    job: TrackedJob,
    content: Report,
    examples: Sequence[JsonObject],
    folders: Mapping[str, Path],
    page: Path,
) -> None:
    """Let the last job of a run link to its stages, those of earlier runs too, and show what was found.

    Args:
        job: the trackers.
        content: of ``report.json``.
        examples: on which teacher and student part.
        folders: of the stages, by title.
        page: ``report.html``.
    """
    job.used(data_product(content["data"]))
    fingerprints = {stage["name"]: stage["fingerprint"] for stage in content["stages"]}
    for title, folder in folders.items():
        job.used(product(title, fingerprints[title], folder))
    links = {title: _tracked_as(folder) for title, folder in folders.items()}
    job.found(cache(partial(findings, content, examples, links, page)))


def note(folder: Path, link: Mapping[str, str | None], config: Config, group: str) -> None:
    """Say in the folder of a stage which job tracks it.

    Args:
        folder: of the stage.
        link: the job's id and address.
        config: the settings of the run.
        group: of the run's jobs.
    """
    where = {"project": config.tracking.project, "entity": config.tracking.entity}
    content = {**link, "group": group, **where}
    (folder / FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _tracked_as(folder: Path) -> dict[str, Any]:
    """Return what the folder of a stage says of the job that tracked it; nothing where it was not tracked."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
