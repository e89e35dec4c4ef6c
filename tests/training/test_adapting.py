"""A part of a model learns in training as its settings say, and goes on bit for bit after an interruption."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from small_training import Kill, Table, align, batches, bert, collate

from distill.data.batching import Examples, scoring_places
from distill.metrics import classification as metrics
from distill.models.adapt import Adaptation, adapt, depths
from distill.models.adapters import Lora
from distill.objective import Objective
from distill.objective.terms.gold import Hard
from distill.training import callbacks
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import CurvesLogger
from distill.training.trainer import TrainerSettings, fit, trainer

EPOCHS = 4


class Epochs(pl.Callback):
    """Keeps the weights before the first epoch and after each."""

    def __init__(self):
        self.weights = []

    def on_train_start(self, trainer, module):
        self.weights.append({name: weight.detach().clone() for name, weight in module.model.named_parameters()})

    on_train_epoch_end = on_train_start


def run(folder, adaptation, *, kill=None, rate=1e-2):
    """Train a model of two layers; return it, and its weights after each epoch."""
    torch.manual_seed(0)
    model, table = bert(layers=2), Table(12)
    adapt(model, adaptation)
    train = batches(table, batch_size=4)
    scored = scoring_places(np.array([len(ids) for ids in table.ids]), batch_size=8, world=1, rank=0)
    validation = torch.utils.data.DataLoader(Examples(table, collate), sampler=scored, batch_size=None)
    optimization = Optimization("adamw", rate, 0.01, 0.9, "constant", 0.0, len(train) * EPOCHS)
    recipe = TrainingSpec(align, metrics.collection(2), optimization, 7, adaptation)
    module, epochs = SupervisedModule(model, Objective({"hard": Hard()}, {"hard": 1.0}), recipe), Epochs()
    settings = TrainerSettings("cpu", 1, 1, "auto", "32-true", 1, 1.0, 1, enable_progress_bar=False)
    folder.mkdir(exist_ok=True)
    made = trainer(
        settings, max_epochs=EPOCHS, folder=folder, loggers=[CurvesLogger(folder, None)],
        callbacks=[epochs, *([Kill(kill)] if kill else []), callbacks.Resume(folder / "resume", 2)],
    )  # fmt: skip
    fit(made, module, train, validation, folder / "resume")
    return model, epochs.weights


def moved(before, after):
    return {name for name, weight in after.items() if not torch.equal(weight, before[name])}


def test_each_epoch_a_layer_more_moves_from_the_top_and_at_last_the_embeddings(tmp_path):
    model, weights = run(tmp_path / "run", Adaptation(gradual_unfreezing=True))
    depth_of = depths(model)
    by_name = {name: depth_of[weight] for name, weight in model.named_parameters()}
    for epoch in range(EPOCHS):
        depths_moved = {by_name[name] for name in moved(weights[epoch], weights[epoch + 1])}
        assert depths_moved == {3, 2, 1, 0} - set(range(3 - epoch))


def test_frozen_weights_stay_as_they_were_while_adapters_and_head_move(tmp_path):
    for adaptation, learnt in (
        (Adaptation(method="lora", lora=Lora(rank=2)), ("lora_", "classifier")),
        (Adaptation(method="ia3"), ("ia3_", "classifier", "pooler")),
        (Adaptation(method="prefix", virtual_tokens=3), ("virtual_tokens", "classifier", "pooler")),
        (Adaptation(frozen="body"), ("classifier", "pooler")),
    ):
        _, weights = run(tmp_path / f"{adaptation.method}", adaptation)
        names = moved(weights[0], weights[-1])
        assert {part for part in learnt if any(part in name for name in names)} == set(learnt)
        assert not [name for name in names if not any(part in name for part in learnt)]


@pytest.mark.parametrize(
    "adaptation",
    [
        Adaptation(gradual_unfreezing=True, layer_decay=0.5),
        Adaptation(method="lora", lora=Lora(rank=2, dropout=0.3)),
        Adaptation(method="prompt", virtual_tokens=3),
    ],
    ids=["gradual unfreezing", "adapters", "virtual tokens"],
)
def test_a_killed_training_of_a_part_resumes_bit_for_bit(adaptation, tmp_path):
    whole, _ = run(tmp_path / "whole", adaptation)
    for cut in (3, 5):
        with pytest.raises(RuntimeError, match="killed"):
            run(tmp_path / f"{cut}", adaptation, kill=cut)
        resumed, _ = run(tmp_path / f"{cut}", adaptation)
        assert not moved(whole.state_dict(), resumed.state_dict())


def test_rates_fall_from_the_head_to_the_embeddings_in_groups_with_and_without_decay():
    model = bert(layers=2)
    optimization = Optimization("adamw", 0.1, 0.3, 0.9, "linear", 0.0, 4)
    spec = TrainingSpec(align, metrics.collection(2), optimization, 7, Adaptation(layer_decay=0.5))
    optimizer = SupervisedModule(model, Objective({"hard": Hard()}, {"hard": 1.0}), spec).configure_optimizers()[
        "optimizer"
    ]
    assert [(group["lr"], group["weight_decay"]) for group in optimizer.param_groups] == [
        pytest.approx((0.1 * part, decay)) for part in (1, 0.5, 0.25, 0.125) for decay in (0.3, 0.0)
    ]
    names = {id(weight): name for name, weight in model.named_parameters()}
    grouped = [{names[id(weight)] for weight in group["params"]} for group in optimizer.param_groups]
    assert sum(map(len, grouped)) == len(names)
    assert all("layer.1." in name and not name.endswith("bias") for name in grouped[2])
    assert all("embeddings" in name for name in grouped[6] | grouped[7])
