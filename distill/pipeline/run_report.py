"""Write what a run found into its folder: the report, its page, the examples on which models part, the export."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.base.disk import replacing, run_folder
from distill.config.dump import write_config
from distill.export import BUNDLE
from distill.models import checksums
from distill.pipeline.lineage import of_bundle
from distill.report import JsonObject, Report, console, examples, page
from distill.report.folder import gather
from distill.stages import export, mislabelled
from distill.stages.job import Job, RunContext, RunSpec, StageResult
from distill.stages.over_seeds import over_seeds
from distill.stages.reporting import report_on, reviewed
from distill.stages.review import Review, review
from distill.training.tracking import read_curves

log = logging.getLogger("distill.pipeline.runner")  # for its readers the report is a part of the chain


@dataclass
class Finished:
    """The stages that the run has finished so far, with their folders, results and lines in the report.

    Attributes:
        folders: title of each stage to its folder in the store.
        results: title of each stage to its result.
        entries: one line of the report for each stage.
        lineage: what was made of what, from the data on.
    """

    folders: dict[str, Path] = field(default_factory=dict)
    results: dict[str, StageResult] = field(default_factory=dict)
    entries: list[dict[str, object]] = field(default_factory=list)
    lineage: list[JsonObject] = field(default_factory=list)

    def has(self, title: str, folder: Path) -> bool:
        """Return whether the run has a stage; one of a seed gets the title where this seed's is the run's."""
        if title in self.folders:
            return True
        name = next(
            (name for name, at in self.folders.items() if at == folder and name.startswith(f"{title}:seed")), None
        )
        if name is None:
            return False
        self.folders[title], self.results[title] = self.folders.pop(name), self.results.pop(name)
        next(entry for entry in self.entries if entry["name"] == name)["name"] = title
        return True


def write_report(
    spec: RunSpec,
    context: RunContext,
    finished: Finished,
    jobs: Mapping[str, Job],
    notes: Sequence[str],
    evaluations: Mapping[int, Job],
    more: Mapping[str, object],
) -> tuple[Report, Sequence[JsonObject]]:
    """Write the run's folder, and log the table; return the report, and the examples on which models part.

    Args:
        spec: settings, data, and what was decided from both.
        context: the run's folder and command.
        finished: its stages.
        jobs: those of the finished stages that keep answers, by name.
        notes: what was decided on the way, besides the notes on the data.
        evaluations: each of several seeds to the job that scored its student and control.
        more: what else the report holds, by its fields.
    """
    folder = context.folder
    curves = {stage: read_curves(path / "metrics.csv") for stage, path in finished.folders.items()}
    found = _review(finished, jobs)
    result = {
        **report_on(spec, context, finished.results, finished.entries, notes),
        **({"seeds": _over_seeds(finished, jobs, evaluations)} if evaluations else {}),
        **more,
    }
    report: dict[str, Any] = reviewed(result, spec, found)
    with run_folder(folder).writing():
        write_config(spec.run.config, folder / "config.yaml")  # again, in case that the folder was removed meanwhile
    labels = report.get("ledger")
    if labels is not None:
        with run_folder(folder).writing():
            labels["mislabelled"] = mislabelled.write(spec, finished.folders, folder)
    exported = finished.folders["export"] / BUNDLE if "export" in finished.folders else None
    report["lineage"] = [*finished.lineage, *(of_bundle(exported, report["exports"]) if exported else ())]
    with run_folder(folder).writing():
        page.write(report, {stage: rows for stage, rows in curves.items() if rows}, folder, found.examples)
        examples.write(found.examples, folder)
        gather(folder, exported, curves)
        if exported is not None and (report.get("targets") or report.get("seeds")):
            _write_card(spec, report, finished, folder / "export" / exported.name)
    paths = {"report": folder / "report.html"}
    if exported is not None:
        paths["export"] = folder / "export" / exported.name
    for line in console.table(report, {name: str(path) for name, path in paths.items()}).splitlines():
        log.info("%s", line)
    return report, found.examples


def _over_seeds(finished: Finished, jobs: Mapping[str, Job], evaluations: Mapping[int, Job]) -> JsonObject:
    results = finished.results  # without a model as teacher the run's own evaluation is that of the best seed
    titles = {seed: job.title if job.title in results else "evaluate" for seed, job in evaluations.items()}
    scored = {seed: results[title]["models"] for seed, title in titles.items()}
    return over_seeds(evaluations, scored, jobs["evaluate"])


def _review(finished: Finished, jobs: Mapping[str, Job]) -> Review:
    if "evaluate" not in jobs:
        return Review()
    passed = [each["format"] for each in finished.results.get("export", {}).get("exports", ()) if not each["left_out"]]
    found = review(jobs["evaluate"], jobs.get("export"), passed)
    for note in found.notes:
        log.warning("%s", note)
    return found


def _write_card(spec: RunSpec, report: Report, finished: Finished, bundle: Path) -> None:
    """Write the card of the run's own copy anew: targets and seeds are the run's, and not of the stage in the store."""
    with replacing(bundle / "README.md") as hidden:
        hidden.write_text(export.card_text(spec, finished.folders["distill"] / "model", report), encoding="utf-8")
    checksums.write(bundle)
