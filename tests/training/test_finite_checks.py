"""A training ends at the first number that is not finite, says where, and keeps nothing of it."""

import math
import re
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
import two_ranks
from small_training import Table, align, batches, bert, collate
from torch.utils.data import DataLoader

from distill.data.batching import Examples, Place
from distill.errors import TrainingError
from distill.metrics import classification as metrics
from distill.objective import Objective
from distill.objective.terms.divergences import Soft
from distill.objective.terms.gold import Hard
from distill.objective.terms.states import Hidden
from distill.teacher.live import LiveTeacher
from distill.training import callbacks, finite_checks
from distill.training.distillation import DistillationModule
from distill.training.finite_checks import FiniteChecks
from distill.training.left_out_steps import LeftOutSteps
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import CurvesLogger
from distill.training.trainer import TrainerSettings, fit, trainer
from distill.types import Outputs

TABLE = Table()


def quote(keys):
    return f"texts {sorted(keys)[0]} and {len(keys) - 1} more"


def train(folder, change=None, *, teacher=None, lr=1e-3, accumulate=1, clip=1.0, best=False, left_out=None):
    """Train on labels, or beside a teacher; ``change`` is told each step and the model before it."""
    torch.manual_seed(0)
    model, rows = bert(), batches(TABLE, batch_size=4, accumulate=accumulate)
    recipe = TrainingSpec(align, metrics.collection(2), Optimization("adamw", lr, 0.01, 0.9, "constant", 0.0, 12), 7)
    if teacher is None:
        module = SupervisedModule(model, Objective({"hard": Hard()}, {"hard": 1.0}), recipe)
    else:
        terms = {"hard": Hard(), "soft": Soft(2.0), "hidden": Hidden(((1, 1),), 16, 24)}
        module = DistillationModule(model, Objective(terms, dict.fromkeys(terms, 0.5)), recipe, teacher)
    if change is not None:
        before = module.on_train_batch_start
        module.on_train_batch_start = lambda batch, number: (before(batch, number), change(module, number))[0]
    settings = TrainerSettings("cpu", 1, 1, "auto", "32-true", accumulate, clip, 1, enable_progress_bar=False)
    finite = FiniteChecks("distill", "distill.optimizer.lr", quote, left_out)
    watched = callbacks.keep_best(folder, "validation/accuracy", "max", 5, 0.0) if best else []
    folder.mkdir(exist_ok=True)
    made = trainer(
        settings, max_epochs=2, folder=folder, loggers=[CurvesLogger(folder)],
        callbacks=[finite, *watched, callbacks.Resume(folder, 1)],
    )  # fmt: skip
    validation = DataLoader(Examples(TABLE, collate), sampler=[Place(tuple(range(8)))], batch_size=None)
    fit(made, module, rows, validation, folder)
    return made


def finite_of(stage):
    return FiniteChecks(stage, "distill.optimizer.lr", quote)


def saved(folder):
    return torch.load(folder / "last.ckpt", weights_only=True)


def spoilt(at, weight, value=math.nan):
    """Make a weight of the model not finite before a micro-batch."""

    def change(module, number):
        if number == at:
            with torch.no_grad():
                dict(module.model.named_parameters())[weight].view(-1)[-1] = value

    return change


WAY_OUT = (
    "; a lower distill.optimizer.lr may help, or other texts; "
    "nothing of it was kept, and the checkpoint before it stays"
)


def test_the_first_loss_that_is_no_number_ends_the_training_with_step_terms_rate_and_texts(tmp_path):
    message = "distill: step 4 is not finite (hard nan), at a learning rate of 0.001, on texts 3 and 3 more" + WAY_OUT
    with pytest.raises(TrainingError, match=r"distill: step 4 is not finite \(hard nan\)") as error:
        train(tmp_path, spoilt(3, "classifier.bias"))
    assert re.sub(r"texts \d+", "texts 3", str(error.value)) == message
    kept = saved(tmp_path)
    assert kept["global_step"] == 3
    assert all(bool(weight.isfinite().all()) for weight in kept["state_dict"].values() if weight.is_floating_point())


@pytest.mark.parametrize("clip", [None, 1.0])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_gradient_that_is_no_number_ends_the_training_before_its_step(accumulate, clip, tmp_path):
    """Of a finite loss: the gradient of one weight is spoilt on its way back, in the last part of the third step."""
    last = 3 * accumulate - 1

    def change(module, number):
        if number == last:
            module.model.classifier.bias.register_hook(lambda gradient: gradient * math.inf)

    with pytest.raises(TrainingError, match="distill: step 3 is not finite") as error:
        train(tmp_path, change, accumulate=accumulate, clip=clip)
    assert re.search(r"\(hard 0\.\d+, the norm of the gradient (nan|inf)\)", str(error.value))
    (more,) = re.findall(r"and (\d+) more", str(error.value))
    assert int(more) + 1 == (4 if accumulate == 1 else 6), "all texts of the step, of which the epoch's last has fewer"
    assert saved(tmp_path)["global_step"] == 2


def test_gradients_whose_norm_is_beyond_all_numbers_are_not_clipped_to_nothing(tmp_path):
    def change(module, number):
        module.model.classifier.bias.register_hook(lambda gradient: gradient.sign() * 1e30)

    with pytest.raises(TrainingError, match="the norm of the gradient inf"):
        train(tmp_path, change)


def test_a_diverging_training_ends_and_its_last_checkpoint_is_finite(tmp_path):
    with pytest.raises(TrainingError, match=r"distill: .*not finite.*, at a learning rate of 1e\+3\d"):
        train(tmp_path, lr=1e30)
    if (tmp_path / "last.ckpt").is_file():
        found = saved(tmp_path)["state_dict"].values()
        assert all(bool(weight.isfinite().all()) for weight in found if weight.is_floating_point())


def bad_steps(*numbers):
    """Make the loss of the classifier bias not finite on its way back in some micro-batches."""
    hooks = []

    def change(module, number):
        while hooks:
            hooks.pop().remove()
        number = module.trainer.fit_loop.epoch_loop.total_batch_idx
        if number in numbers:
            hooks.append(module.model.classifier.bias.register_hook(lambda gradient: gradient * math.nan))

    return change


def moments(folder):
    return saved(folder)["optimizer_states"][0]["state"]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_step_that_is_not_finite_moves_nothing_where_it_may_be_left_out(
    accumulate, at_once, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(finite_checks, "_at_once", lambda module: at_once)
    states, step = [], callbacks.Resume.on_train_batch_end

    def kept(self, trainer, module, *arguments):
        step(self, trainer, module, *arguments)
        if trainer.global_step > len(states):
            states.append({name: weight.clone() for name, weight in module.state_dict().items()})

    monkeypatch.setattr(callbacks.Resume, "on_train_batch_end", kept)
    left_out, spoilt_step = LeftOutSteps(2), 2
    made = train(tmp_path, bad_steps(spoilt_step * accumulate), accumulate=accumulate, left_out=left_out)
    assert made.global_step == len(states) > spoilt_step + 1
    moved = [any(not torch.equal(after[name], before[name]) for name in after) for before, after in pairwise(states)]
    assert moved == [number != spoilt_step for number in range(1, len(states))]
    assert (left_out.total, left_out.in_a_row) == (1, 0)
    assert saved(tmp_path)["callbacks"]["FiniteChecks"] == {"total": 1, "in_a_row": 0}
    assert {int(state["step"]) for state in moments(tmp_path).values()} == {made.global_step - 1}
    said = r"distill: step 3 is not finite \(hard 0\.\d+, the norm of the gradient nan\), .*"
    (message,) = [each for each in caplog.messages if "left out" in each]
    assert re.fullmatch(said + r"; it is left out \(1 in a row of at most 2\)", message)


def test_more_steps_in_a_row_than_may_be_left_out_end_the_training_and_scattered_ones_do_not(tmp_path):
    left_out = LeftOutSteps(2)
    train(tmp_path / "scattered", bad_steps(1, 2, 4, 5, 7), left_out=left_out)
    assert left_out.total == 5
    with pytest.raises(
        TrainingError, match=r"distill: step 5 is not finite .* after 2 such steps in a row, which were"
    ):
        train(tmp_path / "row", bad_steps(0, 2, 3, 4), left_out=LeftOutSteps(2))
    assert saved(tmp_path / "row")["global_step"] == 4


def test_a_resumed_training_goes_on_counting_the_steps_that_it_left_out(tmp_path):
    with pytest.raises(TrainingError):
        train(tmp_path, bad_steps(2, 3, 4), left_out=LeftOutSteps(2))
    left_out = LeftOutSteps(3)
    train(tmp_path, bad_steps(4), left_out=left_out)
    assert (left_out.total, left_out.in_a_row) == (3, 0)


@pytest.mark.parametrize("every", [1, 5])
def test_what_is_looked_at_later_still_tells_the_first_step(every, tmp_path, monkeypatch):
    """As on a GPU, where no step waits to be looked at."""
    monkeypatch.setattr(finite_checks, "_at_once", lambda module: False)
    monkeypatch.setattr(finite_checks, "_EVERY", every)
    monkeypatch.setattr(callbacks.Resume, "on_train_batch_end", lambda *_: None)  # every checkpoint is looked before
    with pytest.raises(
        TrainingError, match=r"distill: step 4 is not finite \(hard nan, the norm of the gradient nan\)"
    ):
        train(tmp_path, spoilt(3, "classifier.bias"))
    assert not (tmp_path / "last.ckpt").exists()


def test_a_step_that_is_not_finite_is_seen_before_its_checkpoint_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(finite_checks, "_at_once", lambda module: False)
    with pytest.raises(TrainingError, match="distill: step 4 is not finite"):
        train(tmp_path, spoilt(3, "classifier.bias"))
    assert saved(tmp_path)["global_step"] == 3


@pytest.mark.parametrize("best", [False, True])
def test_weights_that_are_no_numbers_are_neither_scored_nor_kept(best, tmp_path):
    """The embedding of a place that no text has: no loss tells."""
    with pytest.raises(TrainingError) as error:
        train(tmp_path, spoilt(4, "bert.embeddings.position_embeddings.weight"), best=best)
    assert str(error.value) == (
        "distill: after step 5 the weights are not finite (bert.embeddings.position_embeddings.weight), "
        "at a learning rate of 0.001" + WAY_OUT
    )
    assert saved(tmp_path)["global_step"] == 4
    assert not (tmp_path / "best.ckpt").exists()


def test_answers_to_validation_that_are_no_numbers_are_not_scored(tmp_path, monkeypatch):
    """The largest of them would be the first label."""

    def poisoned(self, batch, number):
        self.metrics.update(torch.full((8, 2), math.nan), torch.zeros(8, dtype=torch.long))
        return torch.tensor(math.nan)

    monkeypatch.setattr(SupervisedModule, "validation_step", poisoned)
    with pytest.raises(TrainingError, match="distill: after step 6 the model's answers to validation are not finite"):
        train(tmp_path, best=True)
    assert not (tmp_path / "best.ckpt").exists()


def test_a_model_says_of_validation_its_highest_logit_and_what_is_no_number(tmp_path):
    recipe = TrainingSpec(align, metrics.collection(2), Optimization("adamw", 1e-3, 0.01, 0.9, "constant", 0.0, 12), 7)
    module = SupervisedModule(bert().eval(), Objective({"hard": Hard()}, {"hard": 1.0}), recipe)
    batch = collate(TABLE[range(4)], Place(tuple(range(4))))
    assert module.validation_step(batch, 0).isfinite()
    spoilt(0, "classifier.bias")(module, 0)
    assert module.validation_step(batch, 0).isnan()


@pytest.mark.parametrize("part", ["logits", "states"])
def test_a_live_teacher_that_says_no_number_is_named_with_its_texts(part, tmp_path):
    asked = bert(width=24).eval()
    rare = TABLE.ids[5][1]
    with torch.no_grad():  # beyond what a norm can square
        asked.bert.embeddings.word_embeddings.weight[rare] = 3e38
    asked.name_or_path = "FOLDER"
    if part == "states":
        asked.classifier.weight.data.zero_()
    teacher = LiveTeacher(asked, align, None, hidden=True)
    whose = [row for row, ids in enumerate(TABLE.ids) if rare in ids]
    with pytest.raises(TrainingError) as error:
        train(tmp_path, teacher=teacher)
    found = re.search(r"; the teacher FOLDER itself answers (\d) of these texts so: texts (\d+) and", str(error.value))
    assert found is not None, str(error.value)
    assert 1 <= int(found[1]) <= 4
    assert int(found[2]) in whose
    assert "soft nan, hidden nan" in str(error.value)


def test_a_class_that_a_teacher_excludes_by_minus_infinity_has_no_probability_and_a_finite_loss():
    asked = bert(width=24).eval()
    asked.classifier.bias.data[1] = -math.inf
    batch = collate(TABLE[range(4)], Place(tuple(range(4))))
    rows = LiveTeacher(asked, align, None)(batch).logits
    assert rows[:, 1].tolist() == [-1e4] * 4
    assert rows[:, 0].abs().max() < 10
    student = torch.zeros(4, 2, requires_grad=True)
    total, _ = Soft(2.0)(Outputs(student), LiveTeacher(asked, align, None)(batch), batch["labels"])
    total.backward()
    assert total.isfinite()
    assert student.grad.isfinite().all()


class Scaled:
    """A scaler's gradients, of which some are inf on purpose."""

    scaler = object()


@pytest.mark.parametrize(("bad", "ends"), [(10, False), (51, True)])
def test_gradients_of_a_scaler_may_be_infinite_for_some_steps_but_not_for_good(bad, ends):
    """Mixed precision in 16 bits begins with too large a scale; the steps are left out until it fits."""
    watch, weight = finite_of("distill"), torch.nn.Parameter(torch.ones(2))
    module = SupervisedModule(
        bert(), Objective({"hard": Hard()}, {"hard": 1.0}), TrainingSpec(align, metrics.collection(2), None, 7)
    )
    optimizer = torch.optim.SGD([weight], lr=0.1)
    lightning = SimpleNamespace(precision_plugin=Scaled(), world_size=1, global_step=0, optimizers=[optimizer])
    module.report = finite_checks.LossReport(torch.tensor(1.0), {"hard": torch.tensor(1.0)})

    def steps():
        for number in range(60):
            weight.grad = torch.full((2,), math.inf if number < bad else 1.0)
            watch.on_train_batch_start(lightning, module, {"key": torch.tensor([3])}, number)
            watch.on_before_backward(lightning, module, module.report.total)
            watch.on_before_optimizer_step(lightning, module, optimizer)
            lightning.global_step += 1
            watch.on_train_batch_end(lightning, module)

    if not ends:
        return steps()
    with pytest.raises(TrainingError, match="distill: step 51 is not finite"):
        steps()
    return None


class Ranks:
    """What of a strategy brings the ranks together."""

    def reduce(self, value, reduce_op):
        assert reduce_op == "sum"
        torch.distributed.all_reduce(value)
        return value


def rank(number):
    """What each of two ranks says where only the second one's loss is no number, with and without its gradient."""
    module = SupervisedModule(
        bert(), Objective({"hard": Hard()}, {"hard": 1.0}), TrainingSpec(align, metrics.collection(2), None, 7)
    )
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    lightning = SimpleNamespace(
        precision_plugin=None, world_size=2, global_step=6, optimizers=[optimizer], strategy=Ranks()
    )
    loss = torch.tensor(math.nan if number else 0.5)
    module.report = finite_checks.LossReport(loss, {"hard": loss})
    said = []
    for gradient in (1.0, math.nan):
        watch = finite_of("distill")
        weight.grad = torch.full((2,), gradient)
        watch.on_train_batch_start(lightning, module, {"key": torch.tensor([number])}, 0)
        watch.on_before_backward(lightning, module, loss)
        try:
            watch.on_before_optimizer_step(lightning, module, optimizer)
            watch.on_validation_start(lightning, module)
        except TrainingError as error:
            said.append(str(error))
    return said


def leaving_out(number):
    """What each of two ranks does where only the second one's loss is not finite, and its gradient is."""
    module = SupervisedModule(
        bert(), Objective({"hard": Hard()}, {"hard": 1.0}), TrainingSpec(align, metrics.collection(2), None, 7)
    )
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    lightning = SimpleNamespace(
        precision_plugin=None, world_size=2, global_step=6, optimizers=[optimizer], strategy=Ranks(),
        is_global_zero=number == 0,
    )  # fmt: skip
    loss = torch.tensor(math.inf if number else 0.5)
    module.report = finite_checks.LossReport(loss, {"hard": loss})
    left_out = LeftOutSteps(1)
    watch = FiniteChecks("distill", "distill.optimizer.lr", quote, left_out)
    weight.grad = torch.ones(2)
    watch.on_train_batch_start(lightning, module, {"key": torch.tensor([number])}, 0)
    watch.on_before_backward(lightning, module, loss)
    watch.on_before_optimizer_step(lightning, module, optimizer)
    return [weight.grad, left_out.total]


@pytest.mark.long
def test_two_ranks_leave_the_same_step_out(free_port):
    assert two_ranks.said(leaving_out, free_port) == [[None, 1]] * 2


@pytest.mark.long
def test_two_ranks_end_together_with_what_the_one_has_seen(free_port):
    message = (
        "distill: step 7 is not finite (hard nan, the norm of the gradient {}), at a learning rate of 0.1, on texts"
    )
    expected = [f"{message.format(norm)} 1 and 0 more{WAY_OUT}" for norm in ("1.414", "nan")]
    assert two_ranks.said(rank, free_port) == [expected] * 2
