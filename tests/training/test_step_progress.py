"""How far a training is, for whoever looks."""

import torch
from small_training import ROWS, Kill, Table, align, batches, bert, collate
from torch.utils.data import DataLoader

from distill.base import long_work
from distill.data.batching import Examples, Place
from distill.metrics import classification as metrics
from distill.objective import Objective
from distill.objective.terms.gold import Hard
from distill.training import callbacks
from distill.training.optim import Optimization
from distill.training.step_progress import StepProgress
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import CurvesLogger
from distill.training.trainer import TrainerSettings, fit, trainer

TABLE = Table()


class Watcher:
    def __init__(self):
        self.steps, self.batches, self.values, self.ends = [], [], {}, ()

    def moved(self, work):
        if work.what == "training":
            self.steps.append((work.first, work.count, work.total))
            self.values = dict(work.values())
        else:
            self.batches.append((work.what, work.count, work.total))

    def ended(self, work):
        self.ends = (*self.ends, work.what)


def trained(folder, *more):
    recipe = TrainingSpec(align, metrics.collection(2), Optimization("adamw", 1e-2, 0.0, 0.9, "constant", 0.0, 100), 7)
    module = SupervisedModule(bert(), Objective({"hard": Hard()}, {"hard": 1.0}), recipe)
    settings = TrainerSettings("cpu", 1, 1, "auto", "32-true", 1, 1.0, 1, enable_progress_bar=False)
    made = trainer(
        settings, max_epochs=2, folder=folder, loggers=[CurvesLogger(folder)],
        callbacks=[StepProgress("validation/accuracy"), *more, callbacks.Resume(folder, 1)],
    )  # fmt: skip
    scored = DataLoader(Examples(TABLE, collate), sampler=[Place(tuple(range(8)))], batch_size=None)
    torch.manual_seed(0)
    watch = Watcher()
    with long_work.observed(watch):
        try:
            fit(made, module, batches(TABLE, batch_size=8), scored, folder)
        except RuntimeError:
            watch.ends = (*watch.ends, "killed")
    return watch


def test_every_step_is_counted_with_its_losses_and_the_latest_score(tmp_path):
    seen = trained(tmp_path)
    whole = 2 * -(-ROWS // 8)
    assert seen.steps == [(0, count, whole) for count in range(whole + 1)]
    assert seen.batches == [("validating", count, 1) for count in (0, 1)] * 2
    assert set(seen.values) == {"hard", "validation/accuracy"}
    assert seen.ends == ("validating", "validating", "training")


def test_a_training_that_goes_on_counts_from_where_it_was(tmp_path):
    killed = trained(tmp_path, Kill(4))
    assert killed.ends[-2:] == ("training", "killed")
    again = trained(tmp_path)
    assert again.steps[0] == (3, 3, 6)
    assert again.steps[-1] == (3, 6, 6)
