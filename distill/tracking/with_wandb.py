"""Track a job with Weights & Biases, online or in files that ``wandb sync`` sends later."""

import io
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, Literal

import wandb

from distill.tracking import Findings, JobDescription, Product, Table
from distill.tracking.jobs import Unreachable
from distill.tracking.names import CONFUSION, CONFUSION_PICTURE

_BEGIN = 20.0
"""Seconds after which the begin of a job gives up."""
_LONGEST_GROUP, _LONGEST_TAG = 128, 64
_FULL = 1 << 20
"""Free bytes below which a disk counts as full."""


class WandbTracker:
    """A run on W&B; what it cannot send stays below the folder ``wandb``."""

    def __init__(
        self,
        described: JobDescription,
        mode: Literal["online", "offline"],
        project: str,
        entity: str | None,
        limit: int,
        patience: float,
    ) -> None:
        """Begin a run.

        Args:
            described: the job.
            mode: online or offline.
            project: of the run.
            entity: user or team; none for whoever is logged in.
            limit: bytes above which products are named and not copied.
            patience: seconds that the end of the run waits for what is still to be sent.
        """
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # what W&B sends of itself need not arrive
        self._limit, self._mode = limit, mode
        self._data = described.folder.absolute() / "wandb" / "data"
        about = {"sweep": described.sweep} if described.sweep else {}
        with _quietly():
            self.run = wandb.init(
                mode=mode,
                dir=described.folder,
                id=described.id,
                project=project,
                entity=entity,
                group=described.group[:_LONGEST_GROUP],
                job_type=described.job,
                name=described.name[:_LONGEST_GROUP],
                tags=[described.sweep[:_LONGEST_TAG]] if described.sweep else None,
                config={**described.settings, **about},
                reinit="create_new",  # whoever calls from Python may have a run of their own open
                settings=wandb.Settings(
                    silent=True,
                    console="off",  # the run's own log is whole, and what others print may be private
                    disable_git=True,  # the address of a repository may hold a token; the report has the commit
                    disable_code=True,
                    init_timeout=_BEGIN,
                    finish_timeout=patience,
                    finish_timeout_raises=True,
                ),
            )
        self.run.define_metric("step")
        self.run.define_metric("examples")
        self.run.define_metric("*", step_metric="step", step_sync=True)

    @property
    def link(self) -> Mapping[str, str | None]:
        """The id of the run, and its page where it is online."""
        return {"id": self.run.id, "url": self.run.url if self._mode == "online" else None}

    def log(self, values: Mapping[str, float], step: int, examples: int) -> None:
        """Add values of curves."""
        self.run.log({**values, "step": step, "examples": examples})

    def used(self, product: Product) -> None:
        """Note that the job reads a product; the same files are the same version, whichever run logs them first."""
        # The public `use_artifact` refuses to work offline, and waits for the upload online.
        self.run._log_artifact(self._artifact(product), is_user_created=True, use_after_commit=True)

    def made(self, product: Product) -> None:
        """Note that the job has made a product."""
        self.run.log_artifact(self._artifact(product))

    def found(self, findings: Findings) -> None:
        """Add numbers and sentences to the summary, and tables, matrices, pictures and page to the panels."""
        self.run.summary.update({**findings.numbers, **findings.sentences})
        media: dict[str, Any] = {f"pictures/{name}": wandb.Image(pixels) for name, pixels in findings.pictures.items()}
        if findings.page is not None:
            media["page"] = wandb.Html(findings.page.read_text(encoding="utf-8"), inject=False)
        with _staged_in(self._data):
            media |= {f"tables/{name}": _table(table) for name, table in findings.tables.items()}
            media |= {f"confusion_matrix/{name}": _matrix(name, rows) for name, rows in findings.confusion.items()}
            if media:
                self.run.log(media)

    def finish(self, failed: bool) -> None:
        """Send what is left, and close the run.

        Raises:
            Unreachable: the server does not take the rest in time; it stays on disk.
            OSError: the disk is full, which W&B's own process does not tell.
        """
        folder = self.run.settings.sync_dir
        try:
            with _quietly():
                self.run.finish(exit_code=int(failed))
        except TimeoutError as error:
            raise Unreachable(
                f"{self.run.settings.base_url} does not take all in time: the rest stays in {folder}"
            ) from error
        except Exception:
            with suppress(Exception):  # its process is gone: nothing may ask for it when this one ends
                wandb.teardown()
            raise
        if shutil.disk_usage(folder).free < _FULL:
            raise OSError(f"no space left in {folder}, so that what is there may not be whole")

    def _artifact(self, product: Product) -> wandb.Artifact:
        """Return a product as an artifact: its files below the limit, else where they lie."""
        made = wandb.Artifact(product.name.replace(":", "."), product.kind, metadata=dict(product.about))
        if product.folder is None:
            return made
        folder = product.folder.resolve()
        if product.kept_in_place or product.bytes > self._limit:
            made.add_reference(folder.as_uri(), checksum=False)
        else:  # what a stage has finished never changes, so that nothing is copied before it is sent
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                made.add_file(str(path), name=path.relative_to(folder).as_posix(), policy="immutable", skip_cache=True)
        return made


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep off the console what W&B says of its own accord: ``jobs.py`` says what matters, once."""
    with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
        yield


@contextmanager
def _staged_in(folder: Path) -> Iterator[None]:
    """Let W&B keep what it has yet to send beside the run, and not in the user's home."""
    variable = "WANDB_DATA_DIR"
    before = os.environ.get(variable)
    os.environ[variable] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


def _table(table: Table) -> wandb.Table:
    return wandb.Table(columns=list(table.columns), data=[list(row) for row in table.rows], allow_mixed_types=True)


def _matrix(model: str, rows: Sequence[Sequence[Any]]) -> object:
    table = wandb.Table(columns=list(CONFUSION), data=[[str(right), str(said), count] for right, said, count in rows])
    return wandb.plot_table(
        vega_spec_name=CONFUSION_PICTURE,
        data_table=table,
        fields={name: name for name in CONFUSION},
        string_fields={"title": model},
    )
