"""End a training at the first loss, gradient or weight that is not finite, and say where that was.

On a CPU every micro-batch and every gradient is looked at as it comes. On a GPU, or for losses of several processes,
that would wait for the device, or for each other, in every step: there the numbers of some steps are kept where they
are, and are looked at together before a checkpoint is written or a model is scored, and every few steps. Nothing is
lost by that: what is kept tells the first of these steps, and no checkpoint holds what came after it.
"""

import math
from dataclasses import dataclass
from typing import cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor

from distill.errors import TrainingError
from distill.training.all_ranks import anywhere, of_all
from distill.training.left_out_steps import LeftOutSteps
from distill.training.live_answers import Quote, of_teacher
from distill.training.sharding import largest, total_norm, whole_tensor
from distill.types import Batch, LossReport

_EVERY = 50
"""Micro-batches that are looked at together at most."""
_SKIPPED = 50
"""Steps without a finite gradient in a row that a scaler of losses is given; it halves its scale with each."""


@dataclass
class _Part:
    """A micro-batch with its losses, and the norm of the gradient of its step once that is known."""

    step: int
    rate: float
    batch: Batch
    report: LossReport
    bad: Tensor
    gradient: Tensor | None = None

    @property
    def lost(self) -> bool:
        """Return whether a loss is not finite."""
        return not all(math.isfinite(float(loss)) for loss in (self.report.total, *self.report.parts.values()))


class FiniteChecks(Callback):
    """A callback that ends a training at the first number that is not finite, on all ranks together.

    Under a scaler of losses (16-mixed), whose first scales are too large on purpose, the gradients of some steps are
    not finite and these steps are left out; only where that goes on and on does it end the training.

    Args:
        stage: the name of the stage in messages.
        setting: the name of the setting of its learning rate.
        quote: shows examples by their keys.
        left_out: counts the steps that are left out instead, which are then looked at one by one on any device; none
            where the first ends the training.
    """

    def __init__(self, stage: str, setting: str, quote: Quote, left_out: LeftOutSteps | None = None) -> None:
        """Start without any step looked at."""
        self.stage, self.setting, self.quote, self.left_out = stage, setting, quote, left_out
        self._parts: list[_Part] = []
        self._unseen = 0
        self._batch: Batch = {}
        self._skipped: Tensor | None = None
        self._highest: Tensor | None = None

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Keep the micro-batch until its step is looked at."""
        self._batch = batch

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        """Keep the losses of a micro-batch."""
        report = cast(LossReport, pl_module.report)
        bad = ~torch.stack([report.total.detach(), *report.parts.values()]).isfinite().all()
        self._parts.append(_Part(trainer.global_step, _rate(trainer), self._batch, report, bad))
        self._unseen += 1
        if self.left_out is None and _at_once(pl_module) and trainer.world_size == 1 and bool(bad):
            self._end(trainer, pl_module)

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Keep the norm of a step's gradient, the same on all ranks, before it is clipped."""
        weights = (weight for group in optimizer.param_groups for weight in group["params"])
        norm = total_norm(weight.grad for weight in weights if weight.grad is not None)
        bad = ~norm.isfinite()
        self._parts[-1].gradient = norm
        if getattr(trainer.precision_plugin, "scaler", None) is not None:
            before = torch.zeros_like(norm) if self._skipped is None else self._skipped
            self._skipped = torch.where(bad, before + 1, 0)
            bad = self._skipped > _SKIPPED
        self._parts[-1].bad = self._parts[-1].bad | bad
        if self.left_out is not None:
            self._leave_out(trainer, pl_module, optimizer, self.left_out)
        elif _at_once(pl_module) and bool(bad):
            self._end(trainer, pl_module)

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: object) -> None:
        """Look at some steps together, or forget one that was looked at already."""
        if _at_once(pl_module) and trainer.world_size == 1:
            self._forget(trainer)
        elif self._unseen >= _EVERY:
            self._look(trainer, pl_module)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at all steps before a model is scored, and its weights may be kept as the best."""
        self._look(trainer, pl_module)
        self._weights(trainer, pl_module)
        self._highest = None

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        *_: object,
    ) -> None:
        """Keep the highest logit, which is NaN where any of them is."""
        if isinstance(outputs, Tensor):
            self._highest = outputs if self._highest is None else torch.maximum(self._highest, outputs)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Refuse to score outputs that are not finite, though a largest one is found among them."""
        bad = self._highest is not None and not math.isfinite(float(self._highest))
        if anywhere(trainer, pl_module, bad):
            raise TrainingError(
                f"{self.stage}: after step {trainer.global_step} the model's answers to validation are not finite; "
                f"{self._way_out()}"
            )

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, object]
    ) -> None:
        """Look at all steps before a checkpoint is kept to go on from."""
        self._look(trainer, pl_module)
        self._weights(trainer, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the last steps."""
        self._look(trainer, pl_module)

    def state_dict(self) -> dict[str, int]:
        """Return how many steps were left out."""
        return {} if self.left_out is None else self.left_out.state()

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on counting."""
        if self.left_out is not None:
            self.left_out.restore(state_dict)

    def _leave_out(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
        left_out: LeftOutSteps,
    ) -> None:
        """Leave out the step that comes on all ranks, where it is not finite on any of them."""
        bad = bool(torch.stack([part.bad for part in self._parts]).any())
        if not anywhere(trainer, module, bad):
            return left_out.taken()
        if not left_out.may_leave_out():
            self._end(trainer, module)
        left_out.leave_out(optimizer, f"{self.stage}: {self._first(trainer, module)}", tell=trainer.is_global_zero)
        self._parts, self._unseen = [], 0
        return None

    def _look(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Look at all steps that have come; every rank does so at the same steps."""
        bad = bool(torch.stack([part.bad for part in self._parts]).any()) if self._parts else False
        if anywhere(trainer, module, bad):
            self._end(trainer, module)
        self._forget(trainer)

    def _forget(self, trainer: pl.Trainer) -> None:
        """Forget all steps but the one that is not done."""
        self._unseen = 0
        self._parts = [part for part in self._parts if part.step == trainer.global_step]

    def _weights(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Refuse weights that are not finite: they are the same on all ranks."""
        learnt = [weight.detach() for weight in module.parameters() if weight.requires_grad]
        if not math.isfinite(float(largest(learnt))):
            whole = ((name, whole_tensor(weight.detach())) for name, weight in module.named_parameters())
            names = (name for name, weight in whole if not bool(weight.isfinite().all()))
            raise TrainingError(
                f"{self.stage}: after step {trainer.global_step} the weights are not finite "
                f"({next(names).removeprefix('model.')}), at a learning rate of {_rate(trainer):g}; {self._way_out()}"
            )

    def _end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Raise the error of the first bad step, on every rank that of the first of them."""
        before = ""
        if self.left_out is not None and self.left_out.in_a_row:
            before = f" after {self.left_out.in_a_row} such steps in a row, which were left out"
        raise TrainingError(f"{self.stage}: {self._first(trainer, module)}{before}; {self._way_out()}")

    def _first(self, trainer: pl.Trainer, module: pl.LightningModule) -> str:
        """Return a sentence on the first bad step, on every rank that of the first of them."""
        own_bad = next((part.step for part in self._parts if bool(part.bad)), None)
        number = min(step for step in of_all(trainer, own_bad) if step is not None)
        reports = of_all(trainer, self._report(module, number))  # for which all ask the teacher, as often as each other
        *_, first = min(report for report in reports if report is not None)
        return first

    def _report(self, module: pl.LightningModule, number: int) -> tuple[bool, str] | None:
        """Return whether all losses of a bad step are finite, and a sentence on it; none where it is not bad here."""
        step = [part for part in self._parts if part.step == number]
        teacher_part = of_teacher(getattr(module, "teacher", None), [part.batch for part in step], self.quote)
        if not any(bool(part.bad) for part in step):
            return None
        lost = [part for part in step if part.lost]
        parts = lost or step
        values = [f"{name} {float(value):.4g}" for name, value in parts[0].report.parts.items()]
        norm = next((part.gradient for part in parts[::-1] if part.gradient is not None), None)
        if norm is not None:
            values.append(f"the norm of the gradient {float(norm):.4g}")
        keys = [key for part in parts for key in part.batch["key"].tolist()]
        what = f"step {parts[0].step + 1} is not finite ({', '.join(values)})"
        where = f"at a learning rate of {parts[0].rate:g}, on {self.quote(keys)}"
        return not lost, f"{what}, {where}{teacher_part}"

    def _way_out(self) -> str:
        return (
            f"a lower {self.setting} may help, or other texts; "
            "nothing of it was kept, and the checkpoint before it stays"
        )


def _at_once(module: pl.LightningModule) -> bool:
    """Return whether a number can be looked at without waiting for a device."""
    return module.device.type == "cpu"


def _rate(trainer: pl.Trainer) -> float:
    return float(trainer.optimizers[0].param_groups[0]["lr"])
