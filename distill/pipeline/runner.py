"""Walk through the stages of a run in order, and skip, reuse, resume or refuse each."""

import logging
import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from distill.base import work_shown
from distill.base.disk import run_folder
from distill.base.resources import ResourceMeter
from distill.config.dump import write_config
from distill.config.schema import Config
from distill.config.seeds import with_shared_seed
from distill.distributed.launching import refuse_other_launch
from distill.distributed.processes import joined
from distill.errors import DataError
from distill.models.sources import is_checkpoint
from distill.pipeline import tracked
from distill.pipeline.acceptance import accepted_before, accepted_before_training
from distill.pipeline.batch_fitting import fitted
from distill.pipeline.chain import Chain, Judge
from distill.pipeline.context import example_pipeline, run_spec
from distill.pipeline.lineage import lineage
from distill.pipeline.out_of_memory import in_memory
from distill.pipeline.outlook import Outlook, outlook_on
from distill.pipeline.plan import Planned, plan
from distill.pipeline.preflight import preflight
from distill.pipeline.prepare_data import prepare
from distill.pipeline.run_report import write_report
from distill.pipeline.seeds import best_on_validation, plan_seeds, with_seed
from distill.pipeline.settle import settled
from distill.pipeline.shared_store import refuse_separate_stores
from distill.pipeline.stage_on_its_way import on_its_way, tell_of_beginning
from distill.pipeline.step_cuts import is_begun
from distill.pipeline.store import Store
from distill.pipeline.store_contents import note_run
from distill.pipeline.teacher_outputs import with_output_plan
from distill.pipeline.warnings import warn
from distill.report import page
from distill.report.environment import versions
from distill.stages import STAGES
from distill.stages.job import Job, RunContext, StageResult
from distill.stages.supervised import make_trainer
from distill.tracking.jobs import TrackedJob
from distill.training.trainer import device_count

log = logging.getLogger(__name__)


def walk(
    config: Config, folder: Path, command: str, swept: Mapping[str, str] | None = None, judge: Judge | None = None
) -> None:
    """Run all stages that the settings ask for, and write the report.

    Args:
        config: checked settings.
        folder: takes the report and what the run exports.
        command: the command line that repeats the run.
        swept: the settings that a sweep sweeps over, with their values in this run.
        judge: returns what else the report shall hold, once the models are scored; it is asked on the first rank.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    since = time.monotonic()
    folder = Path(os.path.relpath(folder)) if folder.is_relative_to(Path.cwd()) else folder
    devices, nodes = device_count(config.trainer.accelerator, config.trainer.devices), config.trainer.num_nodes
    refuse_other_launch(devices, nodes)
    config = with_shared_seed(config)
    config, data = settled(config, prepare(config))
    log.info("data: %s", data.summary())
    for note in (*data.notes, *data.remarks):
        log.info("data: %s", note)
    spec = run_spec(config, data)
    preflight(spec)
    patience = config.trainer.join_timeout + time.monotonic() - since  # the others have as much to do
    with in_memory(config), joined(make_trainer(config), devices, nodes, folder, patience) as ranks:
        if not ranks.same(data.describe()["fingerprint"]):
            raise DataError("the processes read different data; say which with data.source")
        config, data = fitted(config, data, ranks)
        spec = run_spec(config, data) if config is not spec.config else spec
        folder = ranks.agree(folder)  # of others that a launcher has started, Hydra has made none
        context = RunContext(folder, command, ranks, tracked.tracking(config, ranks.rank), swept or {})
        ranks.first(lambda: _begin(config, folder))  # also a trial whether the folder takes it
        refuse_separate_stores(Path(config.store), ranks)
        spec = with_output_plan(spec)
        ranks.first(partial(warn, spec))
        store = Store(Path(config.store))
        chain = Chain(spec, context, example_pipeline(config, spec.setup, ranks), store, judge=judge)
        with _shown(chain):
            _stages(chain)


def _shown(chain: Chain) -> AbstractContextManager[None]:
    """Show on the first rank how far the stages are."""
    if chain.ranks.rank:
        return nullcontext()
    config = chain.spec.config
    return work_shown.shown(config.progress.every_seconds, bars=config.trainer.enable_progress_bar is not False)


def _stages(chain: Chain) -> None:
    """Take each stage in turn, on every rank, and report at the end."""
    ranks, notes = chain.ranks, []
    planned_stages = plan(chain.spec, chain.store, tell=ranks.rank == 0)
    of_seeds = plan_seeds(chain.spec, chain.store)
    outlook = outlook_on([*of_seeds.values(), planned_stages], chain.store)
    evaluations: dict[int, Job] = {}
    for seed, planned_of_seed in of_seeds.items():
        notes += make_stages(chain, planned_of_seed, outlook)
        for planned in planned_of_seed.values():
            if planned.stage == "evaluate":
                evaluations[seed] = _job(planned, chain, chain.finished.folders[planned.title])
    if evaluations:
        best = best_on_validation(
            chain.spec, {seed: chain.finished.results[job.title] for seed, job in evaluations.items()}
        )
        if ranks.rank == 0:
            log.info("seeds: the student of seed %d is the best on validation", best)
        chain = replace(chain, spec=with_seed(chain.spec, best))
        planned_stages = plan(chain.spec, chain.store, tell=False)
    notes += make_stages(chain, planned_stages, outlook)
    ranks.heed()
    ranks.first(lambda: _report(chain, planned_stages, notes, evaluations))


def make_stages(chain: Chain, planned_stages: Mapping[str, Planned], outlook: Outlook | None = None) -> list[str]:
    """Take each of some stages in turn, unless the run has it already; return what was accepted of teachers."""
    ranks, outlook, notes = chain.ranks, outlook or outlook_on([planned_stages], chain.store), list[str]()
    accepted = ranks.first(lambda: accepted_before_training(chain, planned_stages))
    for planned in planned_stages.values():
        if not chain.finished.has(planned.title, chain.store.folder(planned.name)):
            with on_its_way(planned, outlook, chain.finished, chain.store, tell=ranks.rank == 0):
                ranks.heed()
                of_teacher = ranks.first(partial(accepted_before, planned, chain))
                notes += _advance(planned, chain, [*accepted.get(planned.title, []), *of_teacher])
    return notes


def _begin(config: Config, folder: Path) -> None:
    with run_folder(folder).writing():
        write_config(config, folder / "config.yaml")
    note_run(Path(config.store), folder)


def _advance(planned: Planned, chain: Chain, accepted: list[str]) -> list[str]:
    """Take a stage from the store, make it, or wait for another run; return what was accepted of its teacher."""
    start, ranks, store, finished = time.monotonic(), chain.ranks, chain.store, chain.finished
    if not (reused := _is_finished(planned, chain)):  # asked without a lock: finished stages never change
        with ExitStack() as held:
            ranks.first(lambda: held.enter_context(store.lock(planned.name)))
            if not (reused := _is_finished(planned, chain)):
                _make(planned, chain, accepted)
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
    return list(manifest.get("accepted", ()))


def _is_finished(planned: Planned, chain: Chain) -> bool:
    return chain.ranks.first(lambda: chain.store.whole(planned.name) is not None)


def _make(planned: Planned, chain: Chain, accepted: list[str]) -> None:
    ranks, store = chain.ranks, chain.store
    partial = ranks.together(lambda: store.partial(planned.name))
    resumed = is_begun(partial)
    ranks.wait()
    if ranks.rank == 0:
        tell_of_beginning(planned, store, partial, resumed=resumed)
    ranks.wait()
    with tracked.stage(planned, chain, partial) as trackers:
        job = _job(planned, chain, partial, trackers)
        with ResourceMeter() as meter:
            result = ranks.together(lambda: _run(planned, job, store))
        manifest = {**_manifest(planned, job, result, meter, resumed), **({"accepted": accepted} if accepted else {})}
        ranks.first(lambda: store.finish(planned.name, manifest))
        trackers.made(tracked.product(planned.title, planned.fingerprint, store.folder(planned.name)))


def _manifest(
    planned: Planned, job: Job, result: StageResult, meter: ResourceMeter, resumed: bool
) -> dict[str, object]:
    return {
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


def _job(planned: Planned, chain: Chain, folder: Path, trackers: TrackedJob | None = None) -> Job:
    """Return the job of a stage, with its inputs by the names that the stage knows."""
    stages = {name_in_stage: name for name_in_stage, name in planned.inputs.items() if not is_checkpoint(name_in_stage)}
    return Job(
        planned.spec,
        chain.context,
        replace(chain.examples, seed=planned.spec.config.seed),
        folder,
        inputs={name_in_stage: chain.finished.folders[name] for name_in_stage, name in stages.items()},
        results={name_in_stage: chain.finished.results[name] for name_in_stage, name in stages.items()},
        title=planned.title,
        is_finished=lambda name: chain.store.find(name) is not None,
        tracked=trackers or TrackedJob(),
    )


def _run(planned: Planned, job: Job, store: Store) -> StageResult:
    with store.writing(job.folder):
        return STAGES[planned.stage].run(job)


def _report(
    chain: Chain, planned_stages: Mapping[str, Planned], notes: list[str], evaluations: Mapping[int, Job]
) -> None:
    """Write the run's folder, and log the table."""
    folders = chain.finished.folders
    kept = [name for name in ("evaluate", "export") if name in folders]
    jobs: dict[str, Job] = {name: _job(planned_stages[name], chain, folders[name]) for name in kept}
    chain.finished.lineage += lineage(chain.spec, planned_stages)
    more = chain.judge(jobs["evaluate"]) if chain.judge is not None else {}
    report, examples = write_report(chain.spec, chain.context, chain.finished, jobs, notes, evaluations, more)
    described = tracked.described(chain.spec.config, chain.context, "report")
    with chain.context.tracking.job(described) as trackers:
        tracked.report(trackers, report, examples, folders, chain.context.folder / "report.html")
