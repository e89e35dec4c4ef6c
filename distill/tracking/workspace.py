"""Build a saved view and a report of Weights & Biases for some runs, and save them there or write their specs."""

import io
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TypeAlias

import wandb
import wandb_workspaces.reports.v2.interface as reports
import wandb_workspaces.workspaces as workspaces

from distill.base.disk import replacing
from distill.errors import ConfigError
from distill.tracking.names import CONFUSION, CONFUSION_PICTURE, NAMES
from distill.tracking.shown import Contents

Panels: TypeAlias = list[Any]
"""Panels of any kind: the library's own type of them cannot be named."""
_WIDE, _HIGH = 12, 8
"""A panel's columns and rows on the grid of a report, which has 24 columns."""


class Dashboard:
    """The view and the report of some runs."""

    def __init__(self, contents: Contents, title: str, project: str, entity: str | None) -> None:
        """Keep what is shown, under which title, and where it goes."""
        self._contents, self._title, self._project, self._entity = contents, title, project, entity

    def save(self) -> list[str]:
        """Save both on W&B, and return where they are.

        Raises:
            ConfigError: W&B does not take them.
        """
        try:
            entity = self._entity or wandb.Api().default_entity or ""
            with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
                view, report = self.view(entity), self.report(entity)
                view.save()  # type: ignore[no-untyped-call]
                report.save()
        except Exception as error:  # a key, a right, the network, the server: all end in one sentence
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ConfigError(f"W&B does not take the dashboard ({reason}); mode=offline writes its specs") from error
        return [f"view: {view.url}", f"report: {report.url}"]

    def write(self, folder: Path) -> list[Path]:
        """Write the specs of both into a folder, and return their files."""
        folder.mkdir(parents=True, exist_ok=True)
        specs = {
            "workspace.json": self.view(self._entity or "")._to_model(),
            "report.json": self.report(self._entity or "")._to_model(),  # type: ignore[no-untyped-call]
        }
        for name, model in specs.items():
            with replacing(folder / name) as hidden:
                hidden.write_text(
                    model.model_dump_json(by_alias=True, exclude_none=True, indent=2) + "\n", encoding="utf-8"
                )
        return [folder / name for name in specs]

    def view(self, entity: str) -> workspaces.Workspace:
        """Return the saved view: a section a subject, runs grouped as they belong together."""
        sections = [
            workspaces.Section(name=title, panels=panels, is_open=place == 0)
            for place, (title, panels) in enumerate(_sections(self._contents))
        ]
        return workspaces.Workspace(
            entity=entity,
            project=self._project,
            name=self._title,
            sections=sections,
            settings=workspaces.WorkspaceSettings(x_axis="step", max_runs=50),
            runset_settings=workspaces.RunsetSettings(pinned_columns=_columns(self._contents)),
        )

    def report(self, entity: str) -> reports.Report:
        """Return the report: the same panels, with a sentence before them, and the names at its end."""
        blocks: list[Any] = [reports.P(self._contents.sentence), reports.TableOfContents()]
        for title, panels in _sections(self._contents):
            for place, panel in enumerate(panels):
                panel.layout = reports.Layout(x=_WIDE * (place % 2), y=_HIGH * (place // 2), w=_WIDE, h=_HIGH)
            runs = reports.Runset(entity=entity, project=self._project, pinned_columns=_columns(self._contents))
            blocks += [reports.H2(title), reports.PanelGrid(runsets=[runs], panels=panels)]
        names: list[Any] = [f"{name}: {meaning}" for name, meaning in NAMES.items()]
        blocks += [reports.H2("Names"), reports.UnorderedList(names)]
        return reports.Report(entity=entity, project=self._project, title=self._title, blocks=blocks)


def _sections(contents: Contents) -> Iterator[tuple[str, Panels]]:
    """Yield title and panels of each subject that there is something of, made anew for whoever places them."""
    subjects = {
        "What was found": _found(contents),
        "Quality against cost": _costs(contents),
        "Confusion matrices": _matrices(contents.confusion),
        "Losses of the terms": _lines(contents.losses),
        "Shares of the terms": _together("shares of the terms", contents.shares),
        "Validation": _lines(contents.validation),
        "Learning rate": _together("learning rate", contents.rates),
        "Stages": [_bars("seconds a stage", contents.seconds)],
        "Tables": [reports.WeavePanelSummaryTable(table_name=name) for name in contents.tables],
    }
    yield from ((title, panels) for title, panels in subjects.items() if panels)


def _found(contents: Contents) -> Panels:
    """Return the gain and the scores of all models, and the page of the run itself."""
    gain: Panels = []
    for name in contents.gain:
        over = ", mean over seeds" if name.startswith("seeds/") else ""
        ends = [name.replace("difference", f"interval/{end}") for end in (0, 1)]
        gain += [
            reports.ScalarChart(title=f"gain over the control{over}", metric=name),
            _bars(f"gain{over} and its interval", [name, *ends]),
        ]
    page = reports.MediaBrowser(title="report", media_keys=["page"])
    return [*gain, _bars("all models", contents.quality), page]


def _costs(contents: Contents) -> Panels:
    """Return the student of each run by quality and cost, and the pictures that show all models of a run."""
    if contents.student is None:
        return []
    quality = reports.SummaryMetric(contents.student)
    points: Panels = [
        reports.ScatterPlot(title=f"student by {title}", x=reports.SummaryMetric(cost), y=quality)
        for title, cost in contents.costs.items()
    ]
    return [*points, reports.MediaBrowser(title="models of a run", media_keys=list(contents.pictures))]


def _matrices(names: Sequence[str]) -> Panels:
    """Return a picture of each confusion matrix, which W&B draws from a table that it names after it."""
    return [
        reports.CustomChart(
            query={"summaryTable": {"tableKey": f"{name}_table"}},
            chart_name=CONFUSION_PICTURE,
            chart_fields={column: column for column in CONFUSION},
            chart_strings={"title": name.rpartition("/")[2]},
        )
        for name in names
    ]


def _lines(names: Sequence[str]) -> Panels:
    return [reports.LinePlot(title=name, x="examples", y=[name], title_x="examples") for name in names]


def _together(title: str, names: Sequence[str]) -> Panels:
    return [reports.LinePlot(title=title, x="examples", y=list(names), title_x="examples")] if names else []


def _bars(title: str, names: Sequence[str]) -> reports.BarPlot:
    return reports.BarPlot(title=title, metrics=list(names))


def _columns(contents: Contents) -> list[str]:
    """Return the columns that stand first: what is swept over, and what decides."""
    numbers = [*([contents.student] if contents.student is not None else []), *contents.gain]
    return [*(f"config:{key}.value" for key in contents.swept), *(f"summary:{name}" for name in numbers)]
