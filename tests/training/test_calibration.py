"""A model that learns with rounding measures its ranges between steps, and resumes bit for bit."""

import hashlib

import pytest
import torch
from small_training import Kill, Table, align, batches, bert, collate

from distill.data.batching import Place
from distill.metrics import classification as metrics
from distill.models.fake_quantization import FakeQuantization, without_rounding
from distill.objective import Objective
from distill.objective.terms.gold import Hard
from distill.training import callbacks
from distill.training.calibration import Calibration, due
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import CurvesLogger
from distill.training.trainer import TrainerSettings, fit, trainer

EPOCHS = 2


class Counted(FakeQuantization):
    """Counts how often its ranges were measured."""

    measured = -1  # without the first time, when it is put in

    def calibrate(self):
        super().calibrate()
        self.measured += 1


def run(folder, *, kill=None, accumulate=1, rounds=True):
    """Train a model with dropout; return the digest of its weights, and how often its ranges were measured."""
    torch.manual_seed(0)
    model, table = bert(), Table()
    train = batches(table, batch_size=4 // accumulate, accumulate=accumulate)
    sample = collate(table[range(8)], Place(()))
    quantization = Counted(model, [sample]) if rounds else None
    optimization = Optimization("adamw", 1e-2, 0.01, 0.9, "linear", 0.1, len(train) // accumulate * EPOCHS)
    module = SupervisedModule(
        model, Objective({"hard": Hard()}, {"hard": 1.0}), TrainingSpec(align, metrics.collection(2), optimization, 7)
    )
    settings = TrainerSettings("cpu", 1, 1, "auto", "32-true", accumulate, 1.0, 1, enable_progress_bar=False)
    folder.mkdir(exist_ok=True)
    calibration = [Calibration(quantization)] if rounds else []
    made = trainer(
        settings, max_epochs=EPOCHS, folder=folder, loggers=[CurvesLogger(folder, None)],
        callbacks=[*calibration, *([Kill(kill)] if kill else []), callbacks.Resume(folder / "resume", 2)],
    )  # fmt: skip
    fit(made, module, train, [], folder / "resume")
    weights = b"".join(tensor.numpy().tobytes() for tensor in without_rounding(module.model).state_dict().values())
    return hashlib.sha256(weights).hexdigest(), quantization.measured if rounds else 0


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_killed_training_with_rounding_resumes_bit_for_bit(accumulate, tmp_path):
    whole, measured = run(tmp_path / "whole", accumulate=accumulate)
    assert measured == len([step for step in range(12) if due(step)]), "once a step, however many batches it has"
    assert whole != run(tmp_path / "plain", accumulate=accumulate, rounds=False)[0]
    for cut in (4, 7, 10) if accumulate == 1 else (9,):  # at a measurement, and between two of them
        with pytest.raises(RuntimeError, match="killed"):
            run(tmp_path / f"cut-{cut}", kill=cut, accumulate=accumulate)
        resumed, again = run(tmp_path / f"cut-{cut}", accumulate=accumulate)
        assert resumed == whole, f"cut after micro-batch {cut}"
        assert again < measured, "it went on"
