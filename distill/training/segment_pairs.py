"""A model that learns masked words, and which segment of text follows another one."""

import torch
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy
from transformers import PreTrainedModel

from distill.models.forward import outputs
from distill.objective.objective import Objective
from distill.objective.terms.gold import Hard, NextSegment
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.types import Batch

ACCURACY = "next_segment_accuracy"


class SegmentPairsModule(SupervisedModule):
    """The LightningModule of pretraining on pairs of segments, whose two losses add up (Devlin et al. 2019)."""

    def __init__(self, model: PreTrainedModel, spec: TrainingSpec) -> None:
        """Pair a model that has both heads with the way it is trained."""
        terms: dict[str, torch.nn.Module] = {"hard": Hard(), "next_segment": NextSegment()}
        super().__init__(model, Objective(terms, dict.fromkeys(terms, 1.0)), spec)
        self.pair_metrics = MetricCollection({ACCURACY: MulticlassAccuracy(num_classes=2, average="micro")})

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor | None:
        """Feed the metrics of masked words and of pairs; return the highest logit of the former."""
        answer = outputs(self.model, batch)
        if (pairs := answer.segment_pairs) is not None:
            self.pair_metrics.update(pairs.logits, pairs.labels)
        rows, labels = self.spec.align(answer.logits, batch)
        return self.scored(rows, labels)

    def on_validation_epoch_end(self) -> None:
        """Score the whole split, each pair once, on every rank."""
        super().on_validation_epoch_end()
        self.log_scores(self.pair_metrics)
