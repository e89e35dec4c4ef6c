"""Go on from a finished run with new data, and judge whether the new student may take the old one's place."""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.base.disk import run_folder
from distill.base.terminal_text import names as shown_names
from distill.comparison.verdict import Verdict
from distill.config.refresh import Command, with_overrides
from distill.config.schema import Config
from distill.config.validate import check
from distill.data.prepared import Prepared
from distill.distributed.launching import refuse_other_launch
from distill.errors import ConfigError, DataError
from distill.pipeline import paired_checks
from distill.pipeline.prepare_data import load, prepare
from distill.pipeline.runner import walk
from distill.refreshing import corrections, drift, named_rows
from distill.refreshing.never_found import never_found
from distill.refreshing.old_run import DATA, OLD_STUDENT, OldRun, refuse_other_data
from distill.refreshing.promotion import LATEST, passed_over, promote
from distill.refreshing.settings import going_on, of_old, reading, refuse_settings
from distill.refreshing.together import Together, put_together
from distill.stages import evaluate, kept_outputs
from distill.stages.job import Job, RunSpec
from distill.tasks import task

log = logging.getLogger(__name__)


@dataclass
class Judged:
    """What is known once the chain is through."""

    verdict: Verdict | None = None


@dataclass(frozen=True)
class Refresh:
    """A run that goes on: what it was, the rows it goes on with, and its settings.

    Attributes:
        command: what the command line asks for.
        old: the run that goes on.
        together: old and new rows.
        config: the settings of the new run.
        folder: of the new run.
        judged: takes the verdict.
    """

    command: Command
    old: OldRun
    together: Together
    config: Config
    folder: Path
    judged: Judged = field(default_factory=Judged)


def carry_out(going: Refresh, repeat: str) -> Verdict:
    """Train teacher and student on, judge, report, and promote the new run where nothing is worse.

    Args:
        going: the run, prepared.
        repeat: the command line that repeats it.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    for line in said(going):
        log.info("refresh: %s", line)
    walk(going.config, going.folder, repeat, judge=lambda job: _judge(job, going))
    if going.judged.verdict is None:
        raise DataError(f"{going.folder} was trained, but not judged")
    if going.judged.verdict.passed:
        promote(going.folder)
        log.info("refresh: promoted, %s names %s now", going.folder.with_name(LATEST), going.folder.name)
    return going.judged.verdict


def prepared(command: Command, old: OldRun, folder: Path) -> Refresh:
    """Read old and new rows, put them together, and write what the new run learns from.

    Args:
        command: what the command line asks for.
        old: the run that goes on.
        folder: of the new run.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    settings, given = command.settings, [key for key, _ in command.overrides]
    passed = passed_over(old.run.folder, allowed=settings.older)
    changed = with_overrides(old.config, command.overrides)
    refuse_settings(old.config, changed, given)
    refuse_other_launch(1, 1)  # before the folder is written, which several processes would write together
    path = str(changed.data.path)
    if not Path(path).expanduser().exists():
        raise ConfigError(f"data.path={path}: there is no such file or folder")
    known = of_old(old.config)
    before = prepare(known, train_ids=True)
    refuse_other_data(old, before)
    new, held_out = _new(reading(changed, path, given, tests="test" in before.splits), known)
    together = put_together(
        before,
        new,
        task(changed.task),
        settings,
        corrections.read(old.config, settings.corrections),
        named_rows.seen_before(old.run.folder / DATA),
        changed.seed,
        held_out=held_out,
    )
    together.found.notes[:0] = [f"new data: {note}" for note in new.notes]
    together.found.notes += passed
    config = going_on(old, changed, folder / DATA, together.labels, settings.rename)
    try:
        with run_folder(folder).writing():
            named_rows.write(together.parts, folder / DATA)
            named_rows.write_seen(together.seen, folder / DATA)
        check(config)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Refresh(command, old, together, config, folder)


def _new(config: Config, known: Config) -> tuple[Prepared, bool]:
    """Return the new data, and whether its test rows were held out of its train."""
    beside = load(known)
    try:
        has_test = "test" in load(config).splits
        if has_test:
            config = replace(config, data=replace(config.data, holdout_test=None))
        return prepare(config, train_ids=True, beside=beside), not has_test
    except DataError as error:
        raise DataError(f"new data: {error}") from error


def said(going: Refresh) -> list[str]:
    """Return a sentence for each thing that was decided about rows and labels."""
    found = going.together.found
    rows = found.rows
    lines = [
        f"goes on from {going.old.run.folder}: {rows['new']:,} new rows, and {rows['replayed']:,} of {rows['old']:,} "
        f"old ones; judged by {rows['judged_old']:,} old and {rows['judged_new']:,} new rows"
    ]
    lines += [f"labels corrected: {count:,} from {before} to {after}" for before, after, count in found.corrected]
    if found.superseded:
        lines.append(f"{found.superseded:,} old rows have the text of new ones, whose labels count")
    lines += [f"label {name} removed, {count:,} old rows left out" for name, count in found.removed.items()]
    if found.new_labels:
        lines.append(f"new labels: {shown_names(found.new_labels)}; the outputs for all others keep their weights")
    for what, few in (("learn", found.rare), ("judge", found.unjudged)):
        if few:
            lines.append(f"too few rows to {what}: {', '.join(f'{name} ({count})' for name, count in few.items())}")
    return [*lines, *found.notes]


def _judge(job: Job, going: Refresh) -> Mapping[str, object]:
    """Return what the report says of a refresh, and keep the verdict."""
    spec, settings, found = job.spec, going.command.settings, going.together.found
    split = "test" if "test" in spec.data.splits else "validation"
    models = {name: _scored(job, name, split) for name in (OLD_STUDENT, "student")}
    rules = paired_checks.Rules(tolerance=settings.tolerance, level=settings.level)
    section = spec.config.evaluate
    draws = paired_checks.Draws(section.resamples, section.confidence, spec.config.seed)
    checks = paired_checks.compare(
        models[OLD_STUDENT], models["student"], spec.leading, rules, split, spec.data.slices, draws
    )
    old, new = str(going.old.run.folder), str(going.folder)
    notes = [f"Too few rows to learn: {shown_names(list(found.rare))}."] if found.rare else []
    missed = never_found(
        models[OLD_STUDENT],
        models["student"],
        _new_rows(spec),
        found.new_labels,
        spec.setup.task.roles.get("label", ""),
    )
    verdict = Verdict(old, new, split, section.confidence, settings.tolerance, settings.level, checks, notes, missed)
    going.judged.verdict = verdict
    return {
        "refresh": {
            "run": old,
            "data": str(dict(going.command.overrides)["data.path"]),
            "settings": asdict(settings),
            **asdict(found),
            "said": said(going),
            "drift": drift.drift(job, going.together, split),
            "promoted": verdict.passed,
            "verdict": verdict.as_json(),
        }
    }


def _new_rows(spec: RunSpec) -> NDArray[np.intp]:
    """Return the places of the rows of the new data among those that are judged."""
    return next(part.places for part in spec.data.slices if (part.by, part.name) == (named_rows.ORIGIN, named_rows.NEW))


def _scored(job: Job, name: str, split: str) -> Any:  # noqa: ANN401 - Scored
    row = next(row for row in job.spec.decisions.compared if row.name == name)
    model, outputs = kept_outputs.evaluated(job, row, split)
    return evaluate.score(job, model, split, outputs).scored
