"""From settings to parts: the only file that knows both."""

import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytorch_lightning as pl
from datasets import Dataset, disable_progress_bars
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger
from torch.utils.data import DataLoader
from torchmetrics import MetricCollection
from transformers import PreTrainedTokenizerBase

from distill.config.schema import Config
from distill.config.training import TrainingConfig
from distill.data import embedded, hub, sources, splits
from distill.data.batching import Batches, Examples, Place, scoring_places, shuffled_groups, training_places
from distill.data.prepared import Prepared
from distill.metrics import Headline, classification
from distill.models import loading
from distill.report.assemble import assemble
from distill.report.environment import commit, versions
from distill.store import folder_checksum
from distill.tasks import task
from distill.training.optim import Optimization
from distill.training.processes import Ranks
from distill.training.trainer import TrainerSettings, device_count, trainer

METRICS: Mapping[str, Any] = {"classification": classification}
"""The metrics of each task."""
SAMPLES: Mapping[str, sources.Sample] = {"classification": embedded.sentiment}
"""The embedded sample of each task."""
CHECKPOINTS = ("teacher_checkpoint", "student_checkpoint")
"""Inputs that no stage makes: folders of the user or the hub."""


@dataclass(eq=False)
class Builder:
    """Makes parts of a run's settings.

    Attributes:
        config: the settings.
        data: the prepared splits.
        folder: of the run.
        command: that repeats it.
        ranks: this process among all.
        wandb: online | offline | disabled.
    """

    config: Config
    data: Prepared
    folder: Path
    command: str
    ranks: Ranks = field(default_factory=Ranks)
    wandb: str = "disabled"

    @cached_property
    def task(self) -> ModuleType:
        """What is predicted."""
        return task(self.config.task)

    # Where models come from

    @property
    def base(self) -> str:
        """The input that holds the teacher before it learnt the task."""
        pretrained = self.config.teacher.model is None or self.config.pretrain.continued
        return "pretrain" if pretrained else "teacher_checkpoint"

    @property
    def teacher(self) -> str:
        """The input that holds the teacher."""
        return "teacher_checkpoint" if self.config.teacher.finetuned else "finetune"

    @property
    def student_source(self) -> str:
        """The input that the student starts from: for a random one, only its tokenizer."""
        sources = {"random": self.base, "teacher": self.teacher, "checkpoint": "student_checkpoint"}
        return sources[self.config.student.init]

    @cached_property
    def checkpoints(self) -> dict[str, Path]:
        """The folders of the checkpoints that the settings name."""
        teacher, student = self.config.teacher, self.config.student
        named = zip(CHECKPOINTS, ((teacher.model, teacher.revision), (student.model, student.revision)), strict=True)
        wanted = {name: checkpoint for name, checkpoint in named if checkpoint[0] is not None}
        if not all(Path(str(model)).is_dir() for model, _ in wanted.values()):
            hub.reachable()  # decides in seconds what the hub's library would wait half a minute for
        return {name: loading.resolve(str(model), revision) for name, (model, revision) in wanted.items()}

    @functools.cache  # noqa: B019  (one builder a run)
    def checkpoint_content(self, name: str) -> str:
        """What stands for a checkpoint in fingerprints: its bytes."""
        return folder_checksum(self.checkpoints[name], loading.FILES)

    def model_folder(self, name: str, inputs: Mapping[str, Path]) -> Path:
        """The Hugging Face folder of an input."""
        return self.checkpoints[name] if name in CHECKPOINTS else inputs[name] / "model"

    # What the run needs

    @property
    def storable(self) -> bool:
        """Whether every term reads nothing of the teacher but its logits."""
        return not self.config.distill.hidden.weight

    def student_settings(self) -> dict[str, Any]:
        """What of the student's settings decides on it, besides the checkpoint it starts from."""
        student, length = self.config.student, self.config.data.max_length
        random = {"architecture": asdict(student.architecture), "max_length": length}
        given = list(self.config.teacher.labels)
        layers = {"layers": student.layers, "layer_map": student.layer_map, "given_labels": given}
        return {"init": student.init, **{"random": random, "teacher": layers, "checkpoint": {}}[student.init]}

    def metrics(self, sync: bool = True) -> MetricCollection:
        """The task's metrics."""
        made: MetricCollection = METRICS[self.config.task].collection(len(self.data.labels), sync)
        return made

    @property
    def headline(self) -> Headline:
        """The task's first metric."""
        found: Headline = METRICS[self.config.task].HEADLINE
        return found

    # Data

    def encoded(
        self, split: str, tokenizer: PreTrainedTokenizerBase, teacher_tokenizer: PreTrainedTokenizerBase | None = None
    ) -> Dataset:
        """A split with the tokens of a model, and ``teacher_*`` columns where the teacher reads other ones."""
        rows, length = self.data.splits[split], self.config.data.max_length
        encoded = rows.map(self.task.encode, batched=True, fn_kwargs={"tokenizer": tokenizer, "max_length": length})
        if teacher_tokenizer is None:
            return encoded
        given = {"tokenizer": teacher_tokenizer, "max_length": length}
        theirs = rows.map(self.task.encode, batched=True, fn_kwargs=given, remove_columns=rows.column_names)
        for name in theirs.column_names:
            encoded = encoded.add_column(f"teacher_{name}", theirs[name])
        return encoded

    def collate(self, tokenizer: PreTrainedTokenizerBase, teacher: PreTrainedTokenizerBase | None = None) -> Any:  # noqa: ANN401
        """How the task makes a batch of encoded rows."""
        pads = {"pad_id": tokenizer.pad_token_id, "teacher_pad_id": (teacher or tokenizer).pad_token_id}
        return functools.partial(self.task.collate, **pads)

    def training_batches(self, rows: Dataset, collate: Any, counts: Mapping[str, Any]) -> Batches:  # noqa: ANN401
        """Batches of similar lengths, in an order that depends on seed and epoch alone."""
        data, accumulate, ranks = self.config.data, self.config.trainer.accumulate_grad_batches, self.ranks

        def places(epoch: int) -> list[Place]:
            groups = shuffled_groups(
                counts["tokens"], batch_size=data.batch_size, batch_tokens=data.batch_tokens,
                parts=accumulate * ranks.world, seed=self.config.seed, epoch=epoch,
            )  # fmt: skip
            share = {"accumulate": accumulate, "world": ranks.world, "rank": ranks.rank, "epoch": epoch}
            return training_places(groups, counts, **share)

        return Batches(Examples(rows, collate), places, data.workers)

    def scoring_batches(self, rows: Dataset, collate: Any) -> DataLoader[Any]:  # noqa: ANN401
        """Every row once over all ranks."""
        lengths = np.asarray([len(ids) for ids in rows["input_ids"]])
        size, ranks = self.config.data.batch_size, self.ranks
        places = scoring_places(lengths, batch_size=size, world=ranks.world, rank=ranks.rank)
        workers = self.config.data.workers
        return DataLoader(Examples(rows, collate), sampler=places, batch_size=None, num_workers=workers)

    # Training

    def optimization(self, section: TrainingConfig, batches: Batches) -> Optimization:
        """How a stage moves its weights over its epochs of ``batches``."""
        steps = len(batches) // self.config.trainer.accumulate_grad_batches * section.max_epochs
        optimizer, scheduler = section.optimizer, section.scheduler
        return Optimization(
            optimizer=optimizer.name, lr=optimizer.lr, weight_decay=optimizer.weight_decay,
            momentum=optimizer.momentum, scheduler=scheduler.name, warmup=scheduler.warmup, steps=steps,
        )  # fmt: skip

    # Processes

    @property
    def world(self) -> int:
        """Processes that the settings ask for."""
        settings = self.config.trainer
        return device_count(settings.accelerator, settings.devices) * settings.num_nodes

    def trainer(
        self,
        *,
        max_epochs: int | None = None,
        callbacks: Sequence[Callback] = (),
        loggers: Sequence[Logger] = (),
        folder: Path | None = None,
    ) -> pl.Trainer:
        """Lightning's Trainer; without ``max_epochs`` one that trains nothing.

        Only what trains takes part in mixed precision: a model is scored as its users will run it.
        """
        given = asdict(self.config.trainer)
        given["devices"] = device_count(given["accelerator"], given["devices"])
        if max_epochs is None:
            given["precision"] = "32-true"
        if given["enable_progress_bar"] is None:
            given["enable_progress_bar"] = sys.stdout.isatty()
        settings = TrainerSettings(**given)
        return trainer(settings, max_epochs=max_epochs or 1, callbacks=callbacks, loggers=loggers, folder=folder)

    # Report

    def report(self, stages: Sequence[Mapping[str, Any]], results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The report on the stages that are finished."""
        config = self.config
        terms = {name: getattr(config.distill, name).weight for name in ("hard", "soft", "hidden")}
        objective = {"temperature": config.distill.temperature, "terms": {k: v for k, v in terms.items() if v}}
        about = {"versions": versions(), "git": commit(), "seed": config.seed, "devices": self.world}
        head = {"name": config.name, "command": self.command, "task": config.task, "seed": config.seed}
        return assemble(
            head=head, data=self.data.describe(), stages=stages, results=results, objective=objective,
            environment=about,
        )  # fmt: skip


def prepare(config: Config) -> Prepared:
    """Read the data, number its labels, hold out and limit, and say what was done.

    Raises:
        DataError: it cannot be used as it is.
    """
    disable_progress_bars()  # of reading and tokenising, which write into files as well
    data, module = config.data, task(config.task)
    wanted = sources.Wanted(data.name, data.source, data.path, data.hub, data.hub_config)
    source = sources.load(wanted, module.ROLES, data.columns, SAMPLES[config.task])
    known = module.label_names(source.splits["train"]["label"], data.labels or {})
    splits_ = {
        name: rows.remove_columns("label").add_column("label", module.label_ids(rows["label"], known, name))
        for name, rows in source.splits.items()
    }
    splits_, held_out = splits.hold_out(splits_, data.holdout, config.seed)
    limited = splits.limit(splits_, asdict(data.limit), config.seed)
    ready = {name: splits.keyed(rows, module.TEXT) for name, rows in limited.items()}
    notes = [*source.notes, *filter(None, (held_out, splits.overlap(ready)))]
    return Prepared(ready, tuple(known.values()), source.name, source.kind, source.stands_in_for, tuple(notes))
