"""A model that learns from labels: pretraining, fine-tuning, and the control."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection
from transformers import PreTrainedModel

from distill.models import adapt
from distill.models.adapt import Adaptation
from distill.models.forward import Align, outputs
from distill.objective.objective import Objective
from distill.objective.terms import StepView
from distill.training.optim import Optimization
from distill.training.step_gather import Features, Step, detached
from distill.types import PLACES, Batch, LossReport, Outputs, at_least_float32

_TOTAL = "total_"


@dataclass(frozen=True)
class TrainingSpec:
    """The way a model is trained and scored, whatever it is trained on.

    Attributes:
        align: turns logits and a batch into rows ``[rows, classes]`` and labels ``[rows]``.
        metrics: computed on the whole validation split after each epoch.
        optimization: how the weights move.
        seed: of the run.
        adaptation: what of the model learns.
    """

    align: Align
    metrics: MetricCollection
    optimization: Optimization
    seed: int
    adaptation: Adaptation = field(default_factory=Adaptation)


class SupervisedModule(pl.LightningModule):
    """The LightningModule of every stage that trains on labels alone.

    All chance (dropout) is drawn anew for each micro-batch from (seed, its part of the step, number of the step), so
    that a resumed run draws what an uninterrupted one would have, and ranks what accumulation does.
    """

    def __init__(self, model: PreTrainedModel, objective: Objective, spec: TrainingSpec) -> None:
        """Pair a model (with a task head) with what it shall minimise; the objective's projections learn too."""
        super().__init__()
        self.model, self.objective, self.spec = model, objective, spec
        self.metrics = spec.metrics
        self._depths: Mapping[nn.Parameter, int] = {}
        self.report: LossReport | None = None
        """What the latest micro-batch was worth, without a gradient."""

    def forward_models(
        self, batch: Batch, needs: frozenset[str] | None = None
    ) -> tuple[Outputs, Outputs | None, Tensor]:
        """Return the outputs of student and teacher for a batch, and its labels ``[rows]``.

        Args:
            batch: on the model's device.
            needs: what is read, as terms say it; none for all that the objective reads.
        """
        needs = self.objective.needs if needs is None else needs
        raw = outputs(
            self.model,
            batch,
            hidden="student_hidden" in needs,
            attentions="student_attentions" in needs,
            qkv="student_qkv" in needs,
        )
        rows, labels = self.spec.align(raw.logits, batch)
        return replace(raw, logits=rows), self.teacher_outputs(batch), labels

    def teacher_outputs(self, batch: Batch) -> Outputs | None:
        """Return the teacher's outputs for a batch: here there is no teacher."""
        return None

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move a batch, but for the places of its examples: the host would wait for the device to see them again."""
        places = {name: batch[name] for name in PLACES if name in batch}
        rest = {name: tensor for name, tensor in batch.items() if name not in places}
        moved: Batch = super().transfer_batch_to_device(rest, device, dataloader_idx)
        return {**moved, **places}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Key the chance of this step to its number."""
        self._draw_anew()

    def _draw_anew(self, ahead: int = 0) -> None:
        """Begin the chance of this micro-batch, or of one so many after it."""
        every = self.trainer.accumulate_grad_batches
        step, position = divmod(self.trainer.fit_loop.epoch_loop.total_batch_idx + ahead, every)
        part = self.trainer.global_rank * every + position
        seed = hash((self.spec.seed, part, step)) % 2**63
        if self.device.type == "cpu":  # torch.manual_seed writes down the stack for each other kind of device
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of one micro-batch, and log each term's part of it."""
        self.objective.at(self.trainer.global_step, self.spec.optimization.steps)
        student, teacher, labels = self.forward_models(batch)
        step_views = self._step_views(student, teacher, batch_idx)
        values = self.objective.values(student, teacher, labels, _totals(batch), step_views)
        self._share(values, batch_idx)
        report = self.objective.weighed(values)
        self.report = replace(report, total=report.total.detach())
        self._log({f"train/{name}": value for name, value in report.parts.items()}, len(batch["input_ids"]))
        if len(report.parts) > 1 and self._is_logged():
            shares = self.objective.loss_shares(report.parts)
            self._log({f"train/loss_share/{name}": share for name, share in shares.items()}, 1)
        return report.total

    def _step_views(self, student: Outputs, teacher: Outputs | None, batch_idx: int) -> dict[str, StepView] | None:
        """Return what the terms that compare examples see in this part of a step; none where it is the whole."""
        world, every = self.trainer.world_size, self.trainer.accumulate_grad_batches
        batch_terms, position = self.objective.batch_terms, batch_idx % every
        if world * every == 1 or not batch_terms:
            return None
        features = self.objective.batch_features(student, teacher)
        if position == 0:
            ahead = (self._ahead(batch, number) for number, batch in self._following())
            self._step = Step(batch_terms, chain([detached(features)], ahead), world, self.trainer.global_rank)
        return self._step.view(features, position)

    def _following(self) -> Iterable[tuple[int, Batch]]:
        """Return the further micro-batches of the step that begins, by their number in it."""
        step: Sequence[Batch] = self.trainer.train_dataloader.step  # type: ignore[union-attr]
        return zip(range(1, self.trainer.accumulate_grad_batches), step[1:], strict=True)

    @torch.no_grad()
    def _ahead(self, batch: Batch, number: int) -> Features:
        """Return what a further micro-batch will bring, by the same weights and chance (cf. Gao et al. 2021)."""
        self._draw_anew(number)
        needs = frozenset().union(*(term.needs for term in self.objective.batch_terms.values()))
        converted = self.trainer.precision_plugin.convert_input(batch)
        student, teacher, _ = self.forward_models(self.trainer.strategy.batch_to_device(converted), needs)
        return self.objective.batch_features(student, teacher)

    def _share(self, values: Mapping[str, Tensor], batch_idx: int) -> None:
        """Where the weights are shares, let them follow the gradients of a step's first micro-batch, over all ranks."""
        shares = self.objective.shares
        if shares is None:
            return
        first = batch_idx % self.trainer.accumulate_grad_batches == 0
        if first and shares.due(self.trainer.global_step):
            average = None if self.trainer.world_size == 1 else self._averaged
            resting = set(self._resting())
            learning = [weight for weight in self.model.parameters() if weight not in resting]
            shares.measure(values, learning, average)
        if self._is_logged():
            self._log({f"train/share/{name}": torch.tensor(share) for name, share in shares.measured().items()}, 1)

    def _averaged(self, norms: Tensor) -> Tensor:
        """Return the mean over the ranks whose part of the batch has something for the term."""
        total, ranks = (
            self.trainer.strategy.reduce(each, reduce_op="sum") for each in (norms, (norms > 0).to(norms.dtype))
        )
        return cast(Tensor, total / ranks.clamp(min=1))

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the norm of a step's gradient; Lightning itself refuses to with a fused optimiser in mixed precision."""
        if gradient_clip_val:
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            torch.nn.utils.clip_grad_norm_(weights, gradient_clip_val)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Log the learning rate of the step that comes, in which weights that are not unfrozen yet have no gradient.

        They are not taken out of the graph instead, since processes that train together agree on it once.
        """
        for weight in self._resting():
            weight.grad = None
        self._log({"train/lr": torch.tensor(optimizer.param_groups[0]["lr"])}, 1)

    def _resting(self) -> list[nn.Parameter]:
        """Return the weights that do not learn yet in this epoch."""
        if not self.spec.adaptation.gradual_unfreezing:
            return []
        layers, epoch = self.model.config.num_hidden_layers, self.trainer.current_epoch
        if not self._depths:
            self._depths = adapt.depths(self.model)
        return [weight for weight, depth in self._depths.items() if not adapt.learns_at(depth, layers, epoch)]

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor | None:
        """Feed the metrics; the highest logit is no number where any of them is none, as a metric may not show."""
        return self.scored(*self.spec.align(outputs(self.model, batch).logits, batch))

    def scored(self, rows: Tensor, labels: Tensor) -> Tensor | None:
        """Feed the metrics with logits ``[rows, classes]`` and labels ``[rows]``; return the highest logit, if any."""
        self.metrics.update(rows, labels)
        return rows.amax() if rows.numel() else None

    def on_validation_epoch_end(self) -> None:
        """Score the whole split, each example once, on every rank."""
        self.log_scores(self.metrics)

    def log_scores(self, metrics: MetricCollection) -> None:
        """Log what metrics have come to over the split, and let them start anew."""
        scores = {f"validation/{name}": at_least_float32(value) for name, value in metrics.compute().items()}
        self.log_dict(scores, rank_zero_only=False)
        metrics.reset()

    def configure_optimizers(self) -> Any:  # noqa: ANN401
        """Make the optimiser over model and objective, and its schedule by steps."""
        decay, parts = self.spec.adaptation.layer_decay, {}
        if decay != 1:
            layers = self.model.config.num_hidden_layers
            parts = {weight: adapt.rate_at(depth, layers, decay) for weight, depth in adapt.depths(self.model).items()}
        optimizer, scheduler = self.spec.optimization.build([self.model, self.objective], parts)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _log(self, values: Mapping[str, Tensor], size: int) -> None:
        """Hand over what a logger takes of this step, or the line of the epoch: Lightning drops the rest, at a cost."""
        if self._is_logged():
            self.log_dict(values, on_step=True, on_epoch=False, batch_size=size, sync_dist=self.trainer.world_size > 1)

    def _is_logged(self) -> bool:
        """Return whether a logger, or the line of the epoch, takes what is logged at this step."""
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]  # the trainer's logging sets it
        due = (self.trainer.global_step + 1) % every == 0
        return due or self.trainer.is_last_batch or self.trainer.should_stop


def _totals(batch: Batch) -> dict[str, Tensor] | None:
    totals = {name.removeprefix(_TOTAL): value for name, value in batch.items() if name.startswith(_TOTAL)}
    return totals or None
