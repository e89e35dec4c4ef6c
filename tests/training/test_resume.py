"""An interrupted training ends with the same weights as if nothing had happened, wherever it was cut."""

import hashlib
import signal

import numpy as np
import pytest
import torch
from small_training import ROWS, InValidation, Kill, Signal, Table, align, batches, bert, collate

from distill.base import signals
from distill.data.batching import Examples, Place, scoring_places
from distill.metrics import classification as metrics
from distill.objective import Objective
from distill.objective.terms.gold import Hard
from distill.training import callbacks
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import CurvesLogger, read_curves
from distill.training.trainer import TrainerSettings, fit, resumed_step, trainer


def run(
    folder, *, kill=None, end=Kill, accumulate=1, patience=None, every=2, epochs=3, workers=0, batch_size=4, logged=1,
    precision="32-true",
):  # fmt: skip
    """Train a model with dropout; return the digest of its weights, its steps, and the validation scores."""
    torch.manual_seed(0)
    model, table, seed = bert(), Table(), 7
    train = batches(table, batch_size=batch_size, accumulate=accumulate, workers=workers, seed=seed)
    scored = scoring_places(np.array([len(ids) for ids in table.ids]), batch_size=8, world=1, rank=0)
    validation = torch.utils.data.DataLoader(Examples(table, collate), sampler=scored, batch_size=None)
    optimization = Optimization("adamw", 1e-2, 0.01, 0.9, "linear", 0.1, len(train) // accumulate * epochs)
    recipe = TrainingSpec(align, metrics.collection(2), optimization, seed)
    module = SupervisedModule(model, Objective({"hard": Hard()}, {"hard": 1.0}), recipe)
    settings = TrainerSettings("cpu", 1, 1, "auto", precision, accumulate, 1.0, logged, enable_progress_bar=False)
    resume = folder / "resume"
    watched = [] if patience is None else callbacks.keep_best(resume, "validation/accuracy", "max", patience, 0.0)
    folder.mkdir(exist_ok=True)
    made = trainer(
        settings, max_epochs=epochs, folder=folder, loggers=[CurvesLogger(folder, resumed_step(resume))],
        callbacks=[*watched, *([end(kill)] if kill else []), callbacks.Resume(resume, every)],
    )  # fmt: skip
    fit(made, module, train, validation, resume)
    weights = b"".join(tensor.numpy().tobytes() for tensor in module.model.state_dict().values())
    curves = [(row["step"], row["name"], row["value"]) for row in read_curves(folder / "metrics.csv")]
    return hashlib.sha256(weights).hexdigest(), made.global_step, curves


CASES = {
    "plain": {},
    "with accumulation": {"accumulate": 2, "batch_size": 2},
    "with early stopping": {"patience": 1, "epochs": 6},
    "with workers": {"workers": 2, "epochs": 2},
    "in double precision": {"precision": "64-true", "epochs": 2},
}


@pytest.mark.parametrize("case", CASES)
def test_a_killed_training_resumes_bit_for_bit_wherever_it_was_cut(case, tmp_path):
    settings = CASES[case]
    whole = run(tmp_path / "whole", **settings)
    batches = settings.get("accumulate", 1) * whole[1]
    # Before and after a checkpoint, around the end of an epoch, at the end of all.
    for cut in (1, 2, 5, 6, 7, 12, batches) if case == "plain" else (5, 6, batches - 1):
        folder = tmp_path / f"cut-{cut}"
        with pytest.raises(RuntimeError, match="killed"):
            run(folder, kill=cut, **settings)
        resumed = run(folder, **settings)
        assert resumed[:2] == whole[:2], f"cut after micro-batch {cut}"


@pytest.mark.parametrize("case", CASES)
def test_a_training_that_a_signal_ends_has_saved_all_of_it_and_resumes_bit_for_bit(case, tmp_path):
    settings = CASES[case]
    whole = run(tmp_path / "whole", **settings)
    accumulate = settings.get("accumulate", 1)
    for cut in (1, 6, 7, 9, accumulate * whole[1]) if case == "plain" else (5, 6):
        folder = tmp_path / f"cut-{cut}"
        with pytest.raises(signals.Interrupted), signals.heeded():
            run(folder, kill=cut, end=Signal, **settings, every=1000)
        assert resumed_step(folder / "resume") == -(-cut // accumulate), "to the end of the step, whatever is due"
        assert run(folder, **settings)[:2] == whole[:2], f"cut after micro-batch {cut}"


@pytest.mark.parametrize("case", CASES)
def test_a_signal_within_a_validation_is_heard_there_and_no_step_is_repeated(case, tmp_path):
    settings = CASES[case]
    whole = run(tmp_path / "whole", **settings)
    for epoch in (1, 2):
        folder = tmp_path / f"in-{epoch}"
        with pytest.raises(signals.Interrupted), signals.heeded():
            run(folder, kill=epoch, end=InValidation, **settings, every=1000)
        assert resumed_step(folder / "resume") == epoch * -(-ROWS // 4), "of the last step before it"
        assert run(folder, **settings) == whole, f"cut in the validation of epoch {epoch}"


def test_a_signal_that_came_before_the_first_step_ends_the_training_before_it(tmp_path):
    def early():
        with signals.deferred():
            signal.raise_signal(signal.SIGTERM)
            run(tmp_path / "run")

    with pytest.raises(signals.Interrupted, match="ended by SIGTERM"), signals.heeded():
        early()
    assert resumed_step(tmp_path / "run" / "resume") is None


def test_steps_are_those_of_the_settings_and_every_row_is_seen_each_epoch(tmp_path):
    _, steps, _ = run(tmp_path / "run", epochs=3)
    assert steps == 3 * -(-ROWS // 4)


def test_a_training_that_was_told_to_stop_does_not_go_on_when_it_is_resumed(tmp_path):
    settings = {"patience": 1, "epochs": 8}
    whole = run(tmp_path / "run", **settings)
    assert whole[1] < 8 * -(-ROWS // 4), "early stopping has nothing to show here"
    assert run(tmp_path / "run", **settings)[:2] == whole[:2]


def test_the_curves_of_a_resumed_training_have_each_step_once(tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        run(tmp_path / "cut", kill=9)
    _, _, resumed = run(tmp_path / "cut")
    _, _, whole = run(tmp_path / "whole")
    assert resumed == whole


@pytest.mark.parametrize("accumulate", [1, 2])
def test_only_what_is_logged_is_handed_over_and_it_is_the_same(accumulate, tmp_path, monkeypatch):
    handed, hand_over = [], SupervisedModule.log_dict
    monkeypatch.setattr(SupervisedModule, "log_dict", lambda self, *given, **how: (
        handed.append("train/hard" in given[0]), hand_over(self, *given, **how)
    ))  # fmt: skip
    settings = {"accumulate": accumulate, "batch_size": 4 // accumulate}
    _, steps, whole = run(tmp_path / "whole", **settings)
    assert sum(handed) == steps * accumulate
    handed.clear()
    _, _, seldom = run(tmp_path / "seldom", logged=4, **settings)
    assert seldom == [row for row in whole if row[1].startswith("validation") or (row[0] + 1) % 4 == 0]
    assert steps == 3 * 6
    assert sum(handed) == 4 * accumulate + 2, "micro-batches of steps 4, 8, 12 and 16, and the last of steps 6 and 18"


def test_a_place_is_made_of_rows_alone():
    assert Place((1, 2)).totals == {}
