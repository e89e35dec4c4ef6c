"""Several teachers' logits as one, against plain NumPy."""

import re

import numpy as np
import pytest
import torch

from distill.inference.reductions import top
from distill.inference.sampled_logits import draw
from distill.objective.losses import js, reverse_kl, skew_kl, soft
from distill.teacher.combining import combine, combine_kept, mean_classes
from distill.types import FLOOR, SparseLogits

DRAW = np.random.default_rng(0)
LOGITS = DRAW.normal(scale=4.0, size=(3, 17, 5))
WEIGHTS = [0.5, 0.2, 0.3]


def combined(how, kind, logits=LOGITS, weights=WEIGHTS, temperature=2.0, lengths=None):
    """Each row an example of its own, unless lengths are given."""
    rows = torch.tensor(logits, dtype=torch.float32)
    return combine(how, kind, rows, weights, temperature, lengths or [1] * rows.shape[1]).double().numpy()


def softmax(logits):
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def surest_class(logits):
    return softmax(logits).max(axis=-1)


def surest_set(logits):
    return np.maximum(sigmoid(logits), sigmoid(-logits)).prod(axis=-1)


def mean(values, weights=WEIGHTS):
    return sum(weight * each for weight, each in zip(weights, values, strict=True))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_a_softmax_at_the_temperature_gives_exactly_the_mean_of_the_teachers_probabilities(temperature):
    found = combined("probabilities", "class", temperature=temperature)
    assert softmax(found / temperature) == pytest.approx(mean(softmax(LOGITS / temperature)), abs=1e-6)


def test_the_level_of_a_row_is_the_mean_of_the_teachers_levels_so_that_a_loss_without_softmax_can_follow_it():
    found = combined("probabilities", "class")
    levels = np.log(np.exp(LOGITS / 2).sum(axis=-1))
    assert np.log(np.exp(found / 2).sum(axis=-1)) == pytest.approx(mean(levels), abs=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_a_sigmoid_at_the_temperature_gives_the_mean_of_the_teachers_sigmoids_label_by_label(temperature):
    found = combined("probabilities", "labels", temperature=temperature)
    assert sigmoid(found / temperature) == pytest.approx(mean(sigmoid(LOGITS / temperature)), abs=1e-6)


@pytest.mark.parametrize("how", ["probabilities", "logits"])
def test_of_scores_there_is_the_mean_alone(how):
    assert combined(how, "score", LOGITS[..., :1]) == pytest.approx(mean(LOGITS[..., :1]), abs=1e-5)


@pytest.mark.parametrize("kind", ["class", "labels"])
def test_logits_are_averaged_as_they_are(kind):
    assert combined("logits", kind, temperature=7.0) == pytest.approx(mean(LOGITS), abs=1e-5)


def test_each_row_is_that_of_the_teacher_whose_likeliest_class_times_its_weight_is_largest():
    found = combined("confidence", "class")
    taken = []
    for row in range(LOGITS.shape[1]):
        sure = [weight * surest_class(each[row]) for weight, each in zip(WEIGHTS, LOGITS, strict=True)]
        taken.append(int(np.argmax(sure)))
        assert found[row] == pytest.approx(LOGITS[taken[-1], row], abs=1e-6)
    assert len(set(taken)) > 1, "one teacher takes all: the weights would not be seen"
    assert taken != [int(np.argmax(softmax(LOGITS[:, row]).max(axis=-1))) for row in range(LOGITS.shape[1])]


@pytest.mark.parametrize(("kind", "sure"), [("class", surest_class), ("labels", surest_set)])
def test_all_rows_of_an_example_are_those_of_the_teacher_that_is_surest_in_the_geometric_mean_over_them(kind, sure):
    weights, lengths, taken, start = [0.36, 0.3, 0.34], [1, 5, 2, 6, 3], [], 0
    found = combined("confidence", kind, weights=weights, lengths=lengths)
    for length in lengths:
        rows = slice(start, start + length)
        means = [np.exp(np.log(sure(each[rows])).mean()) for each in LOGITS]
        taken.append(int(np.argmax([weight * mean for weight, mean in zip(weights, means, strict=True)])))
        assert found[rows] == pytest.approx(LOGITS[taken[-1], rows], abs=1e-6)
        start += length
    assert len(set(taken)) > 1, "one teacher takes all"
    assert (found != combined("confidence", kind, weights=weights)).any(), "row by row the same ones are taken"


def test_the_confidence_in_independent_labels_is_the_probability_of_all_decisions_at_once():
    found = combined("confidence", "labels", weights=[1 / 3] * 3)
    for row in range(LOGITS.shape[1]):
        sure = [surest_set(each[row]) for each in LOGITS]
        assert found[row] == pytest.approx(LOGITS[int(np.argmax(sure)), row], abs=1e-6)


@pytest.mark.parametrize("kind", ["class", "labels"])
@pytest.mark.parametrize("how", ["probabilities", "logits", "confidence"])
def test_teachers_that_agree_say_together_what_each_says(how, kind):
    same = np.stack([LOGITS[0]] * 3)
    assert combined(how, kind, same) == pytest.approx(LOGITS[0], abs=1e-4)


@pytest.mark.parametrize("kind", ["class", "labels"])
@pytest.mark.parametrize("how", ["probabilities", "logits", "confidence"])
def test_a_teacher_of_weight_0_says_nothing(how, kind):
    assert combined(how, kind, LOGITS[:2], [0.0, 1.0]) == pytest.approx(LOGITS[1], abs=1e-4)


def test_of_two_teachers_that_are_equally_sure_the_earlier_is_taken():
    assert combined("confidence", "class", [[[2.0, 0.0]], [[0.0, 2.0]]], [0.5, 0.5]).tolist() == [[2.0, 0.0]]


def test_classes_that_cannot_be_and_very_sure_teachers_stay_finite():
    impossible = torch.tensor([[[0.0, FLOOR, 1.0]], [[1.0, FLOOR, 0.0]]])
    found = mean_classes(impossible, torch.tensor([0.5, 0.5]), 4.0)
    assert bool(found.isfinite().all())
    assert float((found / 4).softmax(dim=-1)[0, 1]) == 0
    sure = combined("probabilities", "labels", [[[300.0, -300.0]], [[300.0, 300.0]]], [0.5, 0.5], 1.0)
    assert sure.tolist()[0] == pytest.approx([300.0, 0.0], abs=1e-4)


def kept(logits, k, temperature):
    found = top(k, temperature)(torch.tensor(logits, dtype=torch.float32), torch.empty(0), {})
    return SparseLogits(found["values"], found["indices"], found["rest"], temperature)


def shared(found, temperature, classes):
    """The probabilities of all classes: of those that were not kept, each has its share of what is left."""
    made = []
    for values, indices, rest in zip(
        found.values.double(), found.indices.tolist(), found.log_rest.double(), strict=True
    ):
        used = [place for place, index in enumerate(indices) if index >= 0]
        row = np.full(classes, np.exp(float(rest)) / max(1, classes - len(used)))
        row[[indices[place] for place in used]] = np.exp(values.numpy()[used] / temperature)
        assert len({indices[place] for place in used}) == len(used)
        made.append(row / row.sum())
    return np.stack(made)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_of_kept_logits_the_mean_is_that_of_probabilities_in_which_all_others_have_equal_shares(temperature):
    logits = DRAW.normal(scale=3.0, size=(3, 300, 40))
    teachers = [kept(each, k, temperature) for each, k in zip(logits, (4, 6, 4), strict=True)]
    found = combine_kept("probabilities", teachers, 40, WEIGHTS)
    assert found.temperature == temperature
    expected = mean([shared(each, temperature, 40) for each in teachers])
    assert found.values.shape == found.indices.shape == (300, 14)
    assert (found.indices < 0).any()
    assert shared(found, temperature, 40) == pytest.approx(expected, abs=1e-6)
    for each in teachers:
        pairs = zip(found.indices.tolist(), each.indices.tolist(), strict=True)
        assert all(set(mine) >= set(theirs) for mine, theirs in pairs)
    together = [set(np.concatenate(rows)) for rows in zip(*(each.indices.numpy() for each in teachers), strict=True)]
    assert [set(row) - {-1} for row in found.indices.tolist()] == together, "no class is made up"


@pytest.mark.parametrize("how", ["probabilities", "logits"])
def test_where_every_class_was_kept_the_common_row_is_that_of_all_logits(how):
    found = combine_kept(how, [kept(each, 5, 2.0) for each in LOGITS], 5, WEIGHTS)
    expected = combined(how, "class")
    assert shared(found, 2.0, 5) == pytest.approx(softmax(expected / 2), abs=1e-6)
    assert found.log_rest.tolist() == [-torch.inf] * 17


def test_of_drawn_classes_the_common_probabilities_are_right_on_average():
    logits = torch.tensor(LOGITS[:2, :1]).float().repeat(1, 20_000, 1) / 4
    teachers = []
    for seed, each in enumerate(logits):
        drawn = draw(each, torch.rand(20_000, 3, generator=torch.Generator().manual_seed(seed)), 1.0)
        counts = torch.zeros_like(each).scatter_add_(-1, drawn, torch.ones(drawn.shape))
        values, indices = counts.topk(3, dim=-1)
        rest = torch.full((20_000,), -torch.inf)
        teachers.append(SparseLogits((values / 3).log().clamp(min=FLOOR), indices, rest, 1.0))
    found = combine_kept("probabilities", teachers, 5, [0.25, 0.75])
    both = mean(softmax(LOGITS[:2, 0] / 4), [0.25, 0.75])
    assert shared(found, 1.0, 5).mean(axis=0) == pytest.approx(both, abs=0.01)


@pytest.mark.parametrize(
    ("how", "weights"), [("probabilities", [0.3, 0.7]), ("logits", [0.3, 0.7]), ("logits", [1.0, 0.0])]
)
@pytest.mark.parametrize("loss", [soft, reverse_kl, js, skew_kl])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_teachers_that_say_the_same_and_one_of_weight_0_teach_what_the_one_teaches(how, weights, loss, temperature):
    one, other = (DRAW.normal(scale=3.0, size=(50, 40)) for _ in range(2))
    teachers = [kept(one, 6, temperature), kept(one if weights[1] else other, 8 - 2 * (weights[1] > 0), temperature)]
    said = []
    for each in (teachers[0], combine_kept(how, teachers, 40, weights)):
        student = torch.linspace(-3, 3, 2000).view(50, 40).requires_grad_()
        more = [0.3] if loss in (js, skew_kl) else []
        value, _ = loss(student, each.values, temperature, *more, indices=each.indices, rest=each.log_rest)
        value.backward()
        said.append((value.detach(), student.grad))
    torch.testing.assert_close(said[1], said[0], rtol=1e-4, atol=1e-5)


def test_kept_rows_of_teachers_that_hold_for_different_temperatures_are_refused():
    teachers = [kept(each, 3, temperature) for each, temperature in zip(LOGITS[:2], (2.0, 1.5), strict=True)]
    message = "kept logits of the teacher hold for the temperature 1.5, but are softened by 2.0"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        combine_kept("logits", teachers, 5, [0.5, 0.5])
