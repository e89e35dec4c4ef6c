"""A student learns from the store what it would learn from the teacher itself, shuffled and after a restart."""

import copy

import pytest
import torch
from small_training import Kill, Table, align, batches, bert, collate
from torch.utils.data import DataLoader

from distill.data.batching import Examples, Place
from distill.inference.output_parts import OutputWriter
from distill.inference.output_store import OutputStore
from distill.inference.pass_loop import Kept, asks_rows, run_pass
from distill.inference.reductions import half
from distill.inference.runtime import CPU
from distill.inference.torch_runtime import TorchRuntime
from distill.metrics import classification as metrics
from distill.objective import Objective
from distill.objective.terms.divergences import Soft
from distill.objective.terms.examples import RkdDistance
from distill.objective.terms.gold import Hard
from distill.objective.terms.states import Hidden, Pkd
from distill.teacher.live import LiveTeacher
from distill.training import callbacks
from distill.training.distillation import DistillationModule
from distill.training.optim import Optimization
from distill.training.supervised import TrainingSpec
from distill.training.tracking import CurvesLogger, read_curves
from distill.training.trainer import TrainerSettings, fit, resumed_step, trainer
from distill.types import Outputs

TABLE = Table(60)
SETTINGS = TrainerSettings("cpu", 1, 1, "auto", "64-true", 1, 1.0, 1, enable_progress_bar=False)
STATES = (0, 1, 3)


@pytest.fixture(scope="module")
def teacher():
    torch.manual_seed(1)
    return bert(width=24, layers=3).double()


@pytest.fixture(scope="module")
def store(teacher, tmp_path_factory):
    """The teacher's answers to the table, in several parts and an order of their own."""
    folder = tmp_path_factory.mktemp("outputs")
    ask = asks_rows(TorchRuntime(copy.deepcopy(teacher)), align, Kept(states=STATES))
    places = [Place(tuple(range(start, min(start + 7, 60)))) for start in range(0, 60, 7)][::-1]
    answered = DataLoader(Examples(TABLE, collate), sampler=places, batch_size=None)
    run_pass(ask, answered, CPU, OutputWriter(folder, "it", features_per_part=20, states=STATES))
    return OutputStore(folder, "it", STATES)


def live(teacher):
    return LiveTeacher(copy.deepcopy(teacher), align, None, hidden=True)


def objective(inside):
    terms = {"hard": Hard(), "soft": Soft(2.0)}
    if inside:
        terms["hidden"] = Hidden(((0, 0), (1, 3)), 16, 24)
        terms |= {"pkd": Pkd(((1, 1),), 16, 24), "rkd_distance": RkdDistance()}
    return Objective(terms, dict.fromkeys(terms, 0.5))


def curve(folder, respond, *, inside=False, kill=None):
    """What each step of two epochs logged of the losses."""
    torch.manual_seed(0)
    model, train = bert(), batches(TABLE, batch_size=4)
    validation = DataLoader(Examples(TABLE, collate), sampler=[Place(tuple(range(8)))], batch_size=None)
    optimization = Optimization("adamw", 1e-3, 0.01, 0.9, "linear", 0.1, 2 * len(train))
    module = DistillationModule(
        model, objective(inside), TrainingSpec(align, metrics.collection(2), optimization, 7), respond
    )
    folder.mkdir(exist_ok=True)
    resume = folder / "resume"
    made = trainer(
        SETTINGS, max_epochs=2, folder=folder, loggers=[CurvesLogger(folder, resumed_step(resume))],
        callbacks=[*([Kill(kill)] if kill else []), callbacks.Resume(resume, 1)],
    )  # fmt: skip
    fit(made, module, train, validation, resume)
    rows = read_curves(folder / "metrics.csv")
    return {(row["step"], row["name"]): row["value"] for row in rows if row["name"].startswith("train/")}


def restarted(folder, respond, *, inside=False):
    """The same, killed in the middle of the second epoch."""
    with pytest.raises(RuntimeError, match="killed"):
        curve(folder, respond, inside=inside, kill=15 + 7)
    return curve(folder, respond, inside=inside)


def test_stored_logits_teach_as_the_teacher_does_after_a_restart_in_the_middle_of_an_epoch(teacher, store, tmp_path):
    from_store = restarted(tmp_path / "store", OutputStore(store.folder, "it"))
    from_teacher = curve(tmp_path / "live", live(teacher))
    assert len([name for _, name in from_store if name == "train/soft"]) == 2 * 15
    assert from_store == pytest.approx(from_teacher, rel=1e-12)


def test_stored_states_teach_as_the_teachers_own_up_to_half_precision(teacher, store, tmp_path):
    from_store = restarted(tmp_path / "store", store, inside=True)
    from_teacher = curve(tmp_path / "live", live(teacher), inside=True)
    assert {"train/hidden", "train/pkd", "train/rkd_distance"} <= {name for _, name in from_store}
    assert from_store == pytest.approx(from_teacher, rel=1e-3, abs=1e-4)


def test_the_store_says_of_a_shuffled_batch_what_the_teacher_says(teacher, store):
    train, asked = batches(TABLE, batch_size=5), live(teacher)
    for batch in train:
        stored, said = store(batch), asked(batch)
        assert torch.allclose(stored.logits, said.logits, rtol=1e-12)
        assert torch.equal(stored.mask, said.mask)
        for number in STATES:
            real, mine = said.hidden[number][said.mask].float(), stored.hidden[number][stored.mask]
            assert torch.allclose(mine, real, rtol=2**-10, atol=1e-6), "half precision rounds by 2⁻¹¹ at most"
            assert stored.hidden[number].shape == said.hidden[number].shape
            assert not stored.hidden[number][~stored.mask].any()


def test_states_too_large_for_half_precision_stay_finite():
    states = torch.tensor([[[1e6], [-1e6]], [[2.0], [torch.inf]]])
    mask = torch.tensor([[True, True], [True, False]])
    kept = half(Outputs(torch.zeros(2, 2), hidden=(states,), mask=mask), (0,))["states"]
    assert kept.flatten().tolist() == [65504.0, -65504.0, 2.0]
