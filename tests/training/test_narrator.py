"""Each epoch is told by what was measured in it."""

import logging
import re

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


def test_an_epoch_without_a_validation_says_no_score_of_an_earlier_one(tmp_path, caplog):
    recipe = TrainingSpec(align, metrics.collection(2), Optimization("adamw", 1e-2, 0.0, 0.9, "constant", 0.0, 100), 7)
    module = SupervisedModule(bert(), Objective({"hard": Hard()}, {"hard": 1.0}), recipe)
    settings = TrainerSettings("cpu", 1, 1, "auto", "32-true", 1, 1.0, 1, enable_progress_bar=False)
    made = trainer(
        settings, max_epochs=4, folder=tmp_path, loggers=[CurvesLogger(tmp_path)], validate_every=2,
        callbacks=[callbacks.Narrator("distill"), callbacks.Resume(tmp_path, 100)],
    )  # fmt: skip
    scored = DataLoader(Examples(TABLE, collate), sampler=[Place(tuple(range(8)))], batch_size=None)
    torch.manual_seed(0)
    with caplog.at_level(logging.INFO, "distill"):
        fit(made, module, batches(TABLE, batch_size=8), scored, tmp_path)
    told = [line for line in caplog.messages if line.startswith("distill: epoch")]
    assert [("validation/accuracy" in line, "train/hard" in line) for line in told] == [(False, True), (True, True)] * 2
    assert not re.search("train/lr", "".join(told))
