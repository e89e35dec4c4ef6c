"""What moves over training is a function of the step: an interrupted run ends as if nothing had happened."""

from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader
from transformers import BertConfig, BertForSequenceClassification

from distill.data.batching import Batches, Examples, scoring_places, shuffled_groups, training_places
from distill.metrics import classification as metrics
from distill.objective import GradientBalancer, Objective, Schedule
from distill.objective.terms.decoupled import Dist
from distill.objective.terms.divergences import Soft, Taid
from distill.objective.terms.examples import RkdDistance
from distill.objective.terms.gold import Hard
from distill.objective.terms.states import Cka, Hidden
from distill.tasks.collating import collate, counts
from distill.teacher.live import LiveTeacher
from distill.training import callbacks
from distill.training.distillation import DistillationModule
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import CurvesLogger, read_curves
from distill.training.trainer import TrainerSettings, fit, resumed_step, trainer

ROWS, EPOCHS = 14, 2


class Table:
    """Texts of different lengths, as columns."""

    ids = [[5 + (row * 7 + place) % 20 for place in range(3 + row % 4)] for row in range(ROWS)]

    def __len__(self):
        return ROWS

    def __getitem__(self, rows):
        ids = [self.ids[row] for row in rows]
        return {
            "input_ids": ids, "attention_mask": [[1] * len(each) for each in ids], "key": list(rows),
            "first": [0] * len(rows), "count": [1] * len(rows), "targets": [[row % 3] for row in rows],
        }  # fmt: skip


class Watch(pl.Callback):
    """Notes the weights and the temperature of every micro-batch, and may end the process."""

    def __init__(self, kill=None):
        self.left, self.seen = kill, []

    def on_train_batch_end(self, trainer, module, *_):
        weights = {name: float(weight) for name, weight in module.objective.weights.items()}
        self.seen.append((weights, module.objective.terms["soft"].temperature))
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise RuntimeError("killed")


def bert(width):
    torch.manual_seed(width)
    config = BertConfig(
        vocab_size=30, hidden_size=width, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_labels=3, max_position_embeddings=16,
    )  # fmt: skip
    return BertForSequenceClassification(config)


def scheduled():
    terms = {"hard": Hard(), "soft": Soft(4.0), "taid": Taid(2.0), "hidden": Hidden([(1, 1)], 8, 16)}
    weights = {"hard": 0.5, "soft": Schedule("linear", 0.0, 1.0), "taid": 0.3}
    weights["hidden"] = Schedule("two_phase", 1.0, 0.0, 0.5)
    return Objective(terms, weights, {"soft": {"temperature": Schedule("cosine", 4.0, 1.0)}})


def shared():
    terms = {"hard": Hard(), "soft": Soft(4.0), "hidden": Hidden([(1, 1)], 8, 16)}
    return Objective(terms, GradientBalancer({"hard": 10, "soft": 60, "hidden": 30}, every=2, smoothing=0.5))


def comparing():
    terms = {"hard": Hard(), "soft": Soft(4.0), "cka": Cka([(1, 1)]), "distance": RkdDistance(), "dist": Dist(2.0)}
    return Objective(terms, dict.fromkeys(terms, 1.0))


def run(folder, objective, *, kill=None, accumulate=1, precision="32-true"):
    """Distil a model with dropout; return its weights, the curves and what was watched."""
    model, teacher = bert(8), bert(16)
    torch.manual_seed(1)
    table, made = Table(), objective()
    columns = {name: table[range(ROWS)][name] for name in table[[0]]}
    counted = counts(columns)

    def align(logits, batch):
        return logits, batch["labels"]

    def cut(rows, place):
        return collate(rows, place, pad_id=0, teacher_pad_id=0)

    def places(epoch):
        groups = shuffled_groups(
            counted["tokens"], batch_size=4 // accumulate, batch_tokens=None, parts=accumulate, seed=3, epoch=epoch
        )
        return training_places(groups, counted, accumulate=accumulate, world=1, rank=0, epoch=epoch)

    train = Batches(Examples(table, cut), places, accumulate)
    scored = scoring_places(counted["tokens"], batch_size=8, world=1, rank=0)
    validation = DataLoader(Examples(table, cut), sampler=scored, batch_size=None)
    steps, fused = len(train) // accumulate * EPOCHS, precision.endswith("-true")
    optimization = Optimization("adamw", 1e-2, 0.01, 0.9, "constant", 0.0, steps, fused)
    recipe = TrainingSpec(align, metrics.collection(3), optimization, 7)
    module = DistillationModule(model, made, recipe, LiveTeacher(teacher, align, None, hidden=True))
    settings = TrainerSettings("cpu", 1, 1, "auto", precision, accumulate, 1.0, 1, enable_progress_bar=False)
    resume, watch = folder / "resume", Watch(kill)
    folder.mkdir(exist_ok=True)
    lightning = trainer(
        settings, max_epochs=EPOCHS, folder=folder, loggers=[CurvesLogger(folder, resumed_step(resume))],
        callbacks=[watch, callbacks.Resume(resume, 1)],
    )  # fmt: skip
    fit(lightning, module, train, validation, resume)
    curves = [(row["step"], row["name"], row["value"]) for row in read_curves(folder / "metrics.csv")]
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}, curves, watch.seen


@pytest.mark.parametrize("objective", [scheduled, shared, comparing])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_killed_training_with_moving_weights_resumes_bit_for_bit(objective, accumulate, tmp_path):
    whole, curves, seen = run(tmp_path / "whole", objective, accumulate=accumulate)
    for cut in (3, len(seen) - 1):
        folder = tmp_path / f"cut-{cut}"
        with pytest.raises(RuntimeError, match="killed"):
            run(folder, objective, kill=cut, accumulate=accumulate)
        resumed, again, rest = run(folder, objective, accumulate=accumulate)
        assert all(torch.equal(resumed[name], whole[name]) for name in whole), f"cut after micro-batch {cut}"
        assert again == curves
        assert rest == seen[len(seen) - len(rest) :]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_each_step_has_the_weights_and_the_temperature_of_its_number(accumulate, tmp_path):
    _, _, seen = run(tmp_path / "run", scheduled, accumulate=accumulate)
    steps = len(seen) // accumulate
    expected = []
    for step in range(steps):
        done = step / (steps - 1)
        weights = {"hard": 0.5, "soft": done, "taid": 0.3, "hidden": 1.0 if done < 0.5 else 0.0}
        expected += [(weights, Schedule("cosine", 4.0, 1.0).value(step, steps))] * accumulate
    assert [temperature for _, temperature in seen] == [temperature for _, temperature in expected]
    for (found, _), (weights, _) in zip(seen, expected, strict=True):
        assert found == pytest.approx(weights)
    assert seen[0][1] == 4.0
    assert seen[-1][1] == pytest.approx(1.0)


def test_shares_are_measured_when_due_on_a_steps_first_part_and_logged_every_step(tmp_path):
    _, curves, seen = run(tmp_path / "run", shared, accumulate=2)
    changed = [number for number in range(1, len(seen)) if seen[number][0] != seen[number - 1][0]]
    assert changed == list(range(4, len(seen), 4)), "every second step, of two micro-batches each"
    logged = {name: [value for _, each, value in curves if each == name] for _, name, _ in curves}
    for name in ("hard", "soft", "hidden"):
        assert len(logged[f"train/share/{name}"]) == len(logged[f"train/{name}"])
    first = sum(logged[f"train/share/{name}"][0] for name in ("hard", "soft", "hidden"))
    assert first == pytest.approx(1)


def test_a_rank_whose_part_has_nothing_for_a_term_does_not_halve_its_norm():
    """Two ranks, of which the second saw no label: as the strategy sums what both measured."""
    norms = [torch.tensor([4.0, 3.0]), torch.tensor([0.0, 5.0])]

    class Strategy:
        def reduce(self, value, reduce_op):
            assert reduce_op == "sum"
            other = norms[1] if torch.equal(value, norms[0]) else (norms[1] > 0).float()
            return value + other

    module = SimpleNamespace(trainer=SimpleNamespace(strategy=Strategy()))
    assert SupervisedModule._averaged(module, norms[0]).tolist() == [4.0, 4.0]


@pytest.mark.parametrize("precision", ["32-true", "64-true", "bf16-mixed"])
def test_terms_that_compare_examples_see_the_whole_step_in_each_of_its_parts_under_the_chance_of_each(
    precision, tmp_path, monkeypatch
):
    """A model with dropout says the same of a part when it is asked ahead and when it learns from it."""
    logged = []
    monkeypatch.setattr(SupervisedModule, "_log", lambda _, values, __: logged.append(values))
    _, _, seen = run(tmp_path / "run", comparing, accumulate=2, precision=precision)
    parts = [{name: float(value) for name, value in each.items()} for each in logged if "train/cka" in each]
    assert len(parts) == len(seen) == 16
    for first, second in zip(parts[::2], parts[1::2], strict=True):
        for name in ("train/cka", "train/distance", "train/dist"):
            assert first[name] == pytest.approx(second[name], rel=1e-12 if precision == "64-true" else 1e-5)
        assert first["train/soft"] != pytest.approx(second["train/soft"], rel=1e-3)
    for name in ("train/cka", "train/distance", "train/dist"):
        assert len({round(each[name], 4) for each in parts[::2]}) > 4
