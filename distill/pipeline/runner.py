"""Walk through the stages of a run in order, and skip, reuse, resume or refuse each."""

import logging
import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from distill.base import work_shown
from distill.base.disk import run_folder
from distill.base.resources import ResourceMeter
from distill.config.dump import write_config
from distill.config.schema import Config
from distill.data.example_pipeline import ExamplePipeline
from distill.distributed.launching import refuse_other_launch
from distill.distributed.processes import Ranks, joined
from distill.errors import DataError
from distill.models.sources import CHECKPOINTS
from distill.pipeline.context import example_pipeline, run_spec
from distill.pipeline.lineage import lineage
from distill.pipeline.outlook import Outlook
from distill.pipeline.plan import Planned, plan
from distill.pipeline.preflight import preflight
from distill.pipeline.prepare_data import prepare
from distill.pipeline.run_report import Finished, write_report
from distill.pipeline.settle import settled
from distill.pipeline.stage_on_its_way import on_its_way
from distill.pipeline.store import Store
from distill.pipeline.store_contents import note_run
from distill.pipeline.teacher_check import check_teacher
from distill.pipeline.teacher_outputs import with_output_plan
from distill.pipeline.warnings import warn
from distill.report import page
from distill.report.environment import versions
from distill.stages import STAGES
from distill.stages.job import Job, RunContext, RunSpec, StageResult, title
from distill.stages.supervised import make_trainer
from distill.training.tracking import wandb_mode
from distill.training.trainer import device_count

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chain:
    """A run on its way through the stages.

    Attributes:
        spec: settings, data, and what was decided from both.
        context: its folder, command and processes.
        examples: makes batches of its examples.
        store: holds finished stages.
        finished: the stages so far.
    """

    spec: RunSpec
    context: RunContext
    examples: ExamplePipeline
    store: Store
    finished: Finished = field(default_factory=Finished)

    @property
    def ranks(self) -> Ranks:
        """This process among all."""
        return self.context.ranks


def walk(config: Config, folder: Path, command: str, swept: Mapping[str, str] | None = None) -> None:
    """Run all stages that the settings ask for, and write the report.

    Args:
        config: checked settings.
        folder: takes the report and what the run exports.
        command: the command line that repeats the run.
        swept: the settings that a sweep sweeps over, with their values in this run.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    folder = Path(os.path.relpath(folder)) if folder.is_relative_to(Path.cwd()) else folder
    devices, nodes = device_count(config.trainer.accelerator, config.trainer.devices), config.trainer.num_nodes
    refuse_other_launch(devices, nodes)
    config, data = settled(config, prepare(config))
    log.info("data: %s", data.summary())
    for note in (*data.notes, *data.remarks):
        log.info("data: %s", note)
    spec = run_spec(config, data)
    preflight(spec)
    with joined(make_trainer(config), devices, nodes, folder) as ranks:
        if not ranks.same(data.describe()["fingerprint"]):
            raise DataError("the processes read different data; say which with data.source")
        context = RunContext(folder, command, ranks, ranks.agree(wandb_mode(config.tracking.wandb)), swept or {})
        ranks.first(lambda: _begin(config, folder))  # also a trial whether the folder takes it
        spec = with_output_plan(spec)
        ranks.first(partial(warn, spec))
        chain = Chain(spec, context, example_pipeline(config, spec.setup, ranks), Store(Path(config.store)))
        with _shown(chain):
            _stages(chain)


def _shown(chain: Chain) -> AbstractContextManager[None]:
    """Show on the first rank how far the stages are."""
    config = chain.spec.config
    bars = config.trainer.enable_progress_bar is not False
    return work_shown.shown(config.progress.every_seconds, bars=bars) if chain.ranks.rank == 0 else nullcontext()


def _stages(chain: Chain) -> None:
    """Take each stage in turn, on every rank, and report at the end."""
    ranks = chain.ranks
    planned_stages = plan(chain.spec, chain.store, tell=ranks.rank == 0)
    notes = ranks.first(lambda: _accepted_before_training(chain, planned_stages))
    outlook = Outlook(planned_stages, _in_store(chain, planned_stages))
    for planned in planned_stages.values():
        with on_its_way(planned, outlook, chain.finished, chain.store, tell=ranks.rank == 0):
            ranks.heed()
            notes += ranks.first(partial(_accepted_before, planned, chain))
            _advance(planned, chain)
    ranks.heed()
    ranks.first(lambda: _report(chain, planned_stages, notes))


def _in_store(chain: Chain, planned_stages: Mapping[str, Planned]) -> frozenset[str]:
    return frozenset(title for title, each in planned_stages.items() if chain.store.folder(each.name).is_dir())


def _begin(config: Config, folder: Path) -> None:
    _write_config(config, folder)
    note_run(Path(config.store), folder)


def _write_config(config: Config, folder: Path) -> None:
    with run_folder(folder).writing():
        write_config(config, folder / "config.yaml")


def _accepted_before_training(chain: Chain, planned_stages: Mapping[str, Planned]) -> list[str]:
    """Check fine-tuned teachers whose outputs are not in the store yet; return what was accepted of them."""
    readers = (planned_stages.get(title("teach", name), planned_stages.get("distill")) for name in chain.spec.teachers)
    return [
        sentence
        for (name, spec), reader in zip(chain.spec.teachers.items(), readers, strict=True)
        if spec.config.teacher.finetuned and reader is not None and chain.store.find(reader.name) is None
        for sentence in _accepted(chain, name, {})
    ]


def _accepted_before(planned: Planned, chain: Chain) -> list[str]:
    """Check the teachers that the run fine-tuned, before the first stage that reads them; return what was accepted."""
    if planned.stage not in ("teach", "distill") or chain.store.find(planned.name) is not None:
        return []
    readers = [(name, spec) for name, spec in chain.spec.teachers.items() if not spec.config.teacher.finetuned]
    stored = chain.spec.decisions.outputs.stored
    return [
        sentence
        for name, _ in readers
        if planned.title == (title("teach", name) if stored else chain.spec.decisions.learners[0].title)
        for sentence in _accepted(chain, name, {"finetune": chain.finished.folders[title("finetune", name)]})
    ]


def _accepted(chain: Chain, name: str, inputs: Mapping[str, Path]) -> list[str]:
    sentence = check_teacher(chain.spec.teachers[name], chain.examples, name, inputs)
    return [] if sentence is None else [sentence]


def _advance(planned: Planned, chain: Chain) -> None:
    """Take a stage from the store, or make it; wait for another run that is making it."""
    start, ranks, store, finished = time.monotonic(), chain.ranks, chain.store, chain.finished
    if not (reused := _is_finished(planned, chain)):  # asked without a lock: finished stages never change
        with ExitStack() as held:
            ranks.first(lambda: held.enter_context(store.lock(planned.name)))
            if not (reused := _is_finished(planned, chain)):
                _make(planned, chain)
    manifest = ranks.first(lambda: store.manifest(planned.name))
    if reused and ranks.rank == 0:
        store.used(planned.name)
    folder = store.folder(planned.name)
    finished.folders[planned.title], finished.results[planned.title] = folder, manifest["result"]
    status, seconds = ("reused", time.monotonic() - start) if reused else ("done", manifest["seconds"])
    entry = {"name": planned.title, "status": status, "seconds": seconds}
    made = {"seconds": manifest["seconds"], **manifest.get("resources", {})}
    finished.entries.append({**entry, "fingerprint": planned.fingerprint, "folder": str(folder), "made": made})
    if ranks.rank == 0:
        log.info("%s: %s in %.1f s, %s", planned.title, status, seconds, folder)


def _is_finished(planned: Planned, chain: Chain) -> bool:
    return chain.ranks.first(lambda: chain.store.find(planned.name) is not None)


def _make(planned: Planned, chain: Chain) -> None:
    ranks, store = chain.ranks, chain.store
    partial = ranks.together(lambda: store.partial(planned.name))
    resumed = any(partial.iterdir())
    if ranks.rank == 0:
        log.info("%s: %s", planned.title, "goes on where it was interrupted" if resumed else "begins")
    job = _job(planned, chain, partial)
    ranks.wait()
    with ResourceMeter() as meter:
        result = ranks.together(lambda: _run(planned, job, store))
    manifest = {
        "stage": planned.stage,
        "fingerprint": planned.fingerprint,
        "recipe": STAGES[planned.stage].RECIPE,
        "settings": planned.settings,
        "inputs": {name: path.name for name, path in job.inputs.items()},
        "versions": versions(),
        "seconds": meter.seconds,
        "resources": {**meter.measured(), "resumed": resumed},
        "result": page.finite(result),
    }
    ranks.first(lambda: store.finish(planned.name, manifest))


def _job(planned: Planned, chain: Chain, folder: Path) -> Job:
    """Return the job of a stage, with its inputs by the names that the stage knows."""
    stages = {
        name_in_stage: name
        for name_in_stage, name in planned.inputs.items()
        if name_in_stage.partition(":")[0] not in CHECKPOINTS
    }
    return Job(
        planned.spec,
        chain.context,
        chain.examples,
        folder,
        inputs={name_in_stage: chain.finished.folders[name] for name_in_stage, name in stages.items()},
        results={name_in_stage: chain.finished.results[name] for name_in_stage, name in stages.items()},
        title=planned.title,
        is_finished=lambda name: chain.store.find(name) is not None,
    )


def _run(planned: Planned, job: Job, store: Store) -> StageResult:
    with store.writing(job.folder):
        return STAGES[planned.stage].run(job)


def _report(chain: Chain, planned_stages: Mapping[str, Planned], notes: list[str]) -> None:
    """Write the run's folder, and log the table."""
    folders = chain.finished.folders
    kept = [name for name in ("evaluate", "export") if name in folders]
    jobs: dict[str, Job] = {name: _job(planned_stages[name], chain, folders[name]) for name in kept}
    chain.finished.lineage += lineage(chain.spec, planned_stages)
    write_report(chain.spec, chain.context, chain.finished, jobs, notes)
