"""The best epoch has the best of the watched metrics that are numbers."""

import math

import pytest
import pytorch_lightning as pl
import torch
from small_training import Table, align, batches, bert, collate
from torch.utils.data import DataLoader

from distill.data.batching import Examples, Place
from distill.metrics import classification as metrics
from distill.objective import Objective
from distill.objective.terms.gold import Hard
from distill.training import callbacks
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import CurvesLogger
from distill.training.trainer import TrainerSettings, fit, trainer

TABLE = Table()


class Watch(pl.Callback):
    """Keeps the weights of each epoch."""

    def __init__(self):
        self.weights = []

    def on_validation_end(self, trainer, module):
        self.weights.append(module.model.classifier.bias.detach().clone())


def train(folder, scores, monkeypatch, mode="max"):
    """Train for as many epochs as there are scores, watched with a patience of 2; return which epoch is left."""
    left = iter(scores)

    def score(self):
        self.log("validation/accuracy", torch.tensor(next(left)))
        self.metrics.reset()

    monkeypatch.setattr(SupervisedModule, "on_validation_epoch_end", score)
    torch.manual_seed(0)
    optimization = Optimization("adamw", 1e-2, 0.0, 0.9, "constant", 0.0, 100)
    recipe = TrainingSpec(align, metrics.collection(2), optimization, 7)
    module, watch = SupervisedModule(bert(), Objective({"hard": Hard()}, {"hard": 1.0}), recipe), Watch()
    watched = callbacks.keep_best(folder, "validation/accuracy", mode, 2, 0.0)
    settings = TrainerSettings("cpu", 1, 1, "auto", "32-true", 1, 1.0, 1, enable_progress_bar=False)
    made = trainer(
        settings, max_epochs=len(scores), folder=folder, loggers=[CurvesLogger(folder)],
        callbacks=[watch, *watched, callbacks.Resume(folder, 100)],
    )  # fmt: skip
    scored = DataLoader(Examples(TABLE, collate), sampler=[Place(tuple(range(8)))], batch_size=None)
    fit(made, module, batches(TABLE, batch_size=8), scored, folder)
    (found,) = [epoch for epoch, each in enumerate(watch.weights) if torch.equal(each, module.model.classifier.bias)]
    return found, len(watch.weights)


NAN = math.nan
CASES = {
    "no number first": ("max", [NAN, 0.2, 0.1, 0.1], 1, 4), "no number between": ("max", [0.3, NAN, 0.4, 0.1], 2, 4),
    "less is better": ("min", [NAN, 3.0, NAN, 5.0], 1, 4), "no number at all": ("max", [NAN, NAN, NAN], 1, 2),
    "no improvement": ("max", [0.5, NAN, NAN, 0.9], 0, 3), "numbers": ("max", [0.1, 0.3, 0.2, 0.1], 1, 4),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_no_epoch_is_the_best_whose_metric_is_no_number_and_none_of_them_ends_the_training_alone(
    case, tmp_path, monkeypatch
):
    mode, scores, best, epochs = CASES[case]
    assert train(tmp_path, scores, monkeypatch, mode) == (best, epochs)
    assert (tmp_path / "best.ckpt").exists() is not all(map(math.isnan, scores))
