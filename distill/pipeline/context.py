"""From settings to parts: the only file that knows both."""

import functools
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytorch_lightning as pl
import torch
from datasets import Dataset
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import PreTrainedTokenizerBase

from distill.base.files import folder_checksum
from distill.base.memo import once
from distill.config import ensemble
from distill.config.schema import Config
from distill.data import hub
from distill.data.arrow import keeping
from distill.data.batching import Batches, Examples
from distill.data.loaders import Share, scoring_batches, training_batches
from distill.data.prepared import Prepared
from distill.distributed.processes import Ranks
from distill.metrics import Headline
from distill.models import loading
from distill.objective.settings import described
from distill.report.assemble import assemble
from distill.report.environment import commit, versions
from distill.tasks import EncodingSpec, Task, task
from distill.tasks.collating import collate
from distill.training.trainer import TrainerSettings, device_count, trainer
from distill.types import MODEL_INPUTS, Batch

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
        notes: what was decided on the way, each a sentence, besides those of the data.
    """

    config: Config
    data: Prepared
    folder: Path
    command: str
    ranks: Ranks = field(default_factory=Ranks)
    wandb: str = "disabled"
    notes: list[str] = field(default_factory=list)

    @cached_property
    def task(self) -> Task:
        """What is predicted."""
        return task(self.config.task)

    @cached_property
    def form(self) -> EncodingSpec:
        """How examples become features, and rows predictions."""
        data = self.config.data
        return EncodingSpec(
            self.data.labels, data.max_length, data.max_target_length, data.stride, data.max_answer_length
        )

    def align(self, logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """A head's logits as rows, and their labels."""
        return self.task.align(logits, batch, self.form)

    @cached_property
    def outputs(self) -> list[str]:
        """Names of the head's outputs, if it has any."""
        return self.task.outputs(self.data.labels)

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
        sources = {"random": self.base, "checkpoint": "student_checkpoint"}
        return sources.get(self.config.student.init, self.teacher)

    @cached_property
    def checkpoints(self) -> dict[str, Path]:
        """The folders of the checkpoints that the settings name."""
        teacher, student = self.config.teacher, self.config.student
        named = zip(CHECKPOINTS, ((teacher.model, teacher.revision), (student.model, student.revision)), strict=True)
        wanted = {name: checkpoint for name, checkpoint in named if checkpoint[0] is not None}
        if not all(os.path.isdir(os.path.expanduser(str(model))) for model, _ in wanted.values()):
            hub.reachable()  # decides in seconds what the hub's library would wait half a minute for
        return {name: loading.resolve(str(model), revision) for name, (model, revision) in wanted.items()}

    @once
    def checkpoint_content(self, name: str) -> str:
        """What stands for a checkpoint in fingerprints: its bytes."""
        return folder_checksum(self.checkpoints[name], loading.FILES)

    def model_folder(self, name: str, inputs: Mapping[str, Path]) -> Path:
        """The Hugging Face folder of an input."""
        return self.checkpoints[name] if name in CHECKPOINTS else inputs[name] / "model"

    # What the run needs

    @property
    def learns_teacher_targets(self) -> bool:
        """Whether the student learns from what the teacher writes instead of the targets of the data."""
        return self.config.distill.targets == "teacher"

    @property
    def lengths(self) -> dict[str, int]:
        """The limits of length, as far as the task has them."""
        data, task = self.config.data, self.task
        limits = {"max_length": data.max_length}
        if task.writes:
            limits["max_target_length"] = data.max_target_length
        if task.windows:
            limits["stride"] = data.stride
        return limits

    def generation(self) -> dict[str, int]:
        """How targets are written, in the words of transformers' ``generate``."""
        return {"num_beams": self.config.generate.beams, "max_new_tokens": self.config.data.max_target_length}

    @cached_property
    def metrics(self) -> ModuleType:
        """What scores predictions."""
        return import_module(f"distill.metrics.{self.task.metric_module(self.data.labels)}")

    @property
    def headline(self) -> Headline:
        """The task's first metric."""
        found: Headline = self.metrics.HEADLINE
        return found

    # Data

    def tokenizer(self, folder: Path) -> PreTrainedTokenizerBase:
        """A model's tokenizer, with the tokens that the task marks things with.

        Raises:
            ModelError: it cannot do what the task asks of it.
        """
        return loading.load_tokenizer(folder, self.task.markers, self.config.task if self.task.windows else None)

    def encoded(
        self, rows: Dataset, tokenizer: PreTrainedTokenizerBase, teacher: PreTrainedTokenizerBase | None = None
    ) -> Dataset:
        """The features of examples, and ``teacher_*`` columns where the teacher reads other tokens."""
        features = self._mapped(self.task.encode, rows, tokenizer)
        if teacher is None:
            return features
        theirs = self._mapped(self.task.encode, rows, teacher)
        for name in (each for each in MODEL_INPUTS if each in theirs.column_names):
            features = features.add_column(f"teacher_{name}", theirs[name])
        return features

    def prompts(self, rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
        """The features from which targets are written."""
        return self._mapped(self.task.prompt, rows, tokenizer)

    def _mapped(self, encode: Any, rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:  # noqa: ANN401
        given = {"tokenizer": tokenizer, "form": self.form}
        with keeping():
            return rows.map(encode, batched=True, remove_columns=rows.column_names, fn_kwargs=given)

    def collate(
        self, tokenizer: PreTrainedTokenizerBase, teacher: PreTrainedTokenizerBase | None = None, side: str = "right"
    ) -> Any:  # noqa: ANN401
        """How a batch is made of features; ``side`` is where they are filled up."""
        pads = {"pad_id": tokenizer.pad_token_id, "teacher_pad_id": (teacher or tokenizer).pad_token_id}
        return functools.partial(collate, **pads, side=side)

    @property
    def share(self) -> Share:
        """This process's part of every step."""
        data, ranks = self.config.data, self.ranks
        return Share(data.batch_size, data.batch_tokens, data.workers, ranks.world, ranks.rank)

    def training_batches(self, rows: Dataset, collate: Any, counts: Mapping[str, Any]) -> Batches:  # noqa: ANN401
        """Batches of similar lengths, in an order that depends on seed and epoch alone."""
        accumulate = self.config.trainer.accumulate_grad_batches
        return training_batches(Examples(rows, collate), counts, self.share, accumulate, self.config.seed)

    def scoring_batches(self, rows: Dataset, collate: Any) -> DataLoader[Any]:  # noqa: ANN401
        """Every row once over all ranks."""
        return scoring_batches(Examples(rows, collate), rows["input_ids"], self.share)

    # Processes

    @property
    def world(self) -> int:
        """Processes that the settings ask for."""
        settings = self.config.trainer
        return device_count(settings.accelerator, settings.devices) * settings.num_nodes

    @property
    def dtype(self) -> torch.dtype:
        """The type of numbers of the weights that are trained, and of the teacher that they follow."""
        return torch.float64 if self.config.trainer.precision == "64-true" else torch.float32

    def trainer(
        self,
        *,
        max_epochs: int | None = None,
        validate_every: int = 1,
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
        return trainer(
            settings, max_epochs=max_epochs or 1, validate_every=validate_every, callbacks=callbacks, loggers=loggers,
            folder=folder,
        )  # fmt: skip

    # Report

    def report(self, stages: Sequence[Mapping[str, Any]], results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The report on the stages that are finished."""
        config = self.config
        about = {"versions": versions(), "git": commit(), "seed": config.seed, "devices": self.world}
        head = {"name": config.name, "command": self.command, "task": config.task, "seed": config.seed}
        data = self.data.describe()
        data["notes"] += self.notes
        return assemble(
            head=head, data=data, stages=stages, results=results,
            objective={**described(config.distill, self.task.kind), **ensemble.settings(config)},
            environment=about,
        )  # fmt: skip
