"""The stages in order: skip, reuse, resume, refuse."""

import logging
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.base.disk import run_folder
from distill.config.dump import write_config
from distill.config.schema import Config
from distill.distributed.launching import refuse_other_launch
from distill.distributed.processes import Ranks, joined
from distill.errors import DataError
from distill.pipeline import preflight, teacher_check
from distill.pipeline.context import CHECKPOINTS, Builder
from distill.pipeline.plan import STAGES, Planned, plan
from distill.pipeline.prepare_data import prepare
from distill.pipeline.store import Store
from distill.report import console, page
from distill.report.environment import versions
from distill.report.folder import gather
from distill.stages import Job
from distill.teacher import ensemble
from distill.training.tracking import read_curves, wandb_mode
from distill.training.trainer import device_count

log = logging.getLogger(__name__)


@dataclass
class Finished:
    """What the run has so far: each stage's folder and result, and its line in the report."""

    folders: dict[str, Path] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)


def walk(config: Config, folder: Path, command: str) -> None:
    """Make what is asked for, and report.

    Args:
        config: checked.
        folder: of the run.
        command: that repeats it.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    folder = Path(os.path.relpath(folder)) if folder.is_relative_to(Path.cwd()) else folder
    devices = device_count(config.trainer.accelerator, config.trainer.devices)
    refuse_other_launch(devices, config.trainer.num_nodes)
    build = Builder(config, prepare(config), folder, command)
    log.info("data: %s", build.data.summary())
    for note in build.data.notes:
        log.info("data: %s", note)
    preflight.preflight(build)
    with joined(build.trainer(), devices, config.trainer.num_nodes, folder) as build.ranks:
        _stages(build)


def _stages(build: Builder) -> None:
    """What all ranks do together."""
    ranks, config = build.ranks, build.config
    if not ranks.same(build.data.describe()["fingerprint"]):
        raise DataError("the processes read different data; say which with data.source")
    build.wandb = ranks.agree(wandb_mode(config.tracking.wandb))
    store = Store(Path(config.store))
    ranks.first(lambda: _write_config(build))  # also a trial, before anything is trained, whether the folder takes it
    finished = Finished()
    planned_stages = plan(build, store)
    build.notes += _ask(build, planned_stages, store)
    for planned in planned_stages.values():
        ranks.heed()
        _advance(planned, build, store, finished)
    ranks.heed()
    ranks.first(lambda: _report(build, finished))


def _write_config(build: Builder) -> None:
    with run_folder(build.folder).writing():
        write_config(build.config, build.folder / "config.yaml")


def _ask(build: Builder, every: Mapping[str, Planned], store: Store) -> list[str]:
    """Ask fine-tuned teachers whose answers are not in the store yet what they are worth; what was accepted of them."""

    def accepted() -> list[str]:
        found = []
        for who, mine in ensemble.builders(build).items():
            reading = every.get(ensemble.title("teach", who), every.get("distill"))
            if mine.config.teacher.finetuned and reading is not None and store.find(reading.name) is None:
                found.append(teacher_check.ask(mine, who))
        return [each for each in found if each is not None]

    return build.ranks.first(accepted)


def _advance(planned: Planned, build: Builder, store: Store, finished: Finished) -> None:
    """Take a stage from the store, or make it; another run that makes it is waited for."""
    start, ranks = time.monotonic(), build.ranks
    if not (reused := _there(planned, store, ranks)):  # asked without a lock: finished stages never change
        with ExitStack() as held:
            ranks.first(lambda: held.enter_context(store.lock(planned.name)))
            if not (reused := _there(planned, store, ranks)):
                _make(planned, build, store, finished)
    manifest = ranks.first(lambda: store.manifest(planned.name))
    folder = store.folder(planned.name)
    finished.folders[planned.title], finished.results[planned.title] = folder, manifest["result"]
    status, seconds = ("reused", time.monotonic() - start) if reused else ("done", manifest["seconds"])
    entry = {"name": planned.title, "status": status, "seconds": seconds}
    finished.entries.append({**entry, "fingerprint": planned.fingerprint, "folder": str(folder)})
    if ranks.rank == 0:
        log.info("%s: %s in %.1f s, %s", planned.title, status, seconds, folder)


def _there(planned: Planned, store: Store, ranks: Ranks) -> bool:
    return ranks.first(lambda: store.find(planned.name) is not None)


def _make(planned: Planned, build: Builder, store: Store, finished: Finished) -> None:
    start, ranks = time.monotonic(), build.ranks
    partial = ranks.together(lambda: store.partial(planned.name))
    if ranks.rank == 0:
        log.info("%s: %s", planned.title, "goes on where it was interrupted" if any(partial.iterdir()) else "begins")
    made = {own: title for own, title in planned.inputs.items() if own.partition(":")[0] not in CHECKPOINTS}
    inputs = {own: finished.folders[title] for own, title in made.items()}
    results = {own: finished.results[title] for own, title in made.items()}
    ranks.wait()
    job = Job(planned.build, partial, inputs, results, planned.title, lambda name: store.find(name) is not None)
    result = ranks.together(lambda: _run(planned, job, store))
    manifest = {
        "stage": planned.stage,
        "fingerprint": planned.fingerprint,
        "recipe": STAGES[planned.stage].RECIPE,
        "settings": planned.settings,
        "inputs": {name: path.name for name, path in inputs.items()},
        "versions": versions(),
        "seconds": time.monotonic() - start,
        "result": page.finite(result),
    }
    ranks.first(lambda: store.finish(planned.name, manifest))


def _run(planned: Planned, job: Job, store: Store) -> dict[str, Any]:
    with store.writing(job.folder):
        return STAGES[planned.stage].run(job)


def _report(build: Builder, finished: Finished) -> None:
    """Write the run's folder, and show the table."""
    curves = {stage: read_curves(folder / "metrics.csv") for stage, folder in finished.folders.items()}
    report = build.report(finished.entries, finished.results)
    exported = finished.folders["export"] / "huggingface" if "export" in finished.folders else None
    _write_config(build)  # again, in case that the folder was removed meanwhile
    with run_folder(build.folder).writing():
        page.write(report, {stage: rows for stage, rows in curves.items() if rows}, build.folder)
        gather(build.folder, exported, curves)
    paths = {"report": build.folder / "report.html"}
    if exported is not None:
        paths["export"] = build.folder / "export" / exported.name
    for line in console.table(report, {name: str(path) for name, path in paths.items()}).splitlines():
        log.info("%s", line)
