"""An objective in a loop of one's own, over any two models of transformers."""

import re

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification

import distill
from distill.objective import losses

SIZES = {"vocab_size": 50, "num_attention_heads": 2, "intermediate_size": 16, "hidden_dropout_prob": 0.0}
TEACHER = BertConfig(hidden_size=12, num_hidden_layers=4, num_labels=4, **SIZES)
STUDENT = BertConfig(hidden_size=8, num_hidden_layers=2, num_labels=4, **SIZES)
MASK = torch.arange(6) < torch.tensor([[6], [2], [4]])
LABELS = torch.tensor([3, -100, 1])


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return {"input_ids": torch.randint(50, (3, 6)), "attention_mask": MASK.long()}


@pytest.fixture
def models():
    torch.manual_seed(1)
    return BertForSequenceClassification(STUDENT).eval(), BertForSequenceClassification(TEACHER).eval()


def refused(terms, **options):
    with pytest.raises(distill.DistillError) as error:
        distill.make_objective(terms, STUDENT, TEACHER, **options)
    return str(error.value).splitlines()


def test_the_value_is_the_weighted_sum_of_the_pure_functions(models, batch):
    student, teacher = models
    objective = distill.make_objective({"hard": 0.5, "soft": {"weight": 2}}, student, teacher, temperature=3)
    report = objective(*distill.forward_models(objective, student, teacher, batch), LABELS)
    logits, targets = student(**batch).logits, teacher(**batch).logits
    hard, soft = losses.hard(logits, LABELS), losses.soft(logits, targets, 3.0)
    assert report.total.item() == pytest.approx((0.5 * hard[0] / 2 + 2 * soft[0] / 3).item())


def test_states_of_other_widths_and_depths_are_learnt_from(models, batch):
    student, teacher = models
    terms = {"hard": 1, "hidden": {"weight": 1.0, "layer_map": "last"}, "cka": 1.0, "relations": 1.0, "pkd": 1.0}
    objective = distill.make_objective(terms, student, teacher)
    assert objective.terms["hidden"].pairs == ((0, 0), (1, 3), (2, 4))
    optimizer = torch.optim.AdamW([*student.parameters(), *objective.parameters()], lr=1e-2)
    totals = []
    for step in range(12):
        objective.at(step, 12)
        report = objective(*distill.forward_models(objective, student, teacher, batch), LABELS)
        optimizer.zero_grad()
        report.total.backward()
        optimizer.step()
        totals.append(report.total.item())
    assert totals[-1] < 0.8 * totals[0]
    assert all(weight.grad is None for weight in teacher.parameters())


def test_only_what_terms_read_is_asked_for(models, batch):
    student, teacher = models
    for terms, states, scores, projected in (
        ({"soft": 1}, 0, 0, 0),
        ({"soft": 1, "cka": 1}, 1, 0, 0),
        ({"attention": 1}, 0, 1, 0),
        ({"relations": 1}, 0, 0, 1),
    ):
        objective = distill.make_objective(terms, student, teacher)
        for answer, layers in zip(distill.forward_models(objective, student, teacher, batch), (2, 4), strict=True):
            read = len(answer.hidden), len(answer.attentions), len(answer.qkv)
            assert read == ((layers + 1) * states, layers * scores, layers * projected)


def test_rows_are_chosen_where_every_token_is_scored(batch):
    torch.manual_seed(2)
    student, teacher = BertForTokenClassification(STUDENT).eval(), BertForTokenClassification(TEACHER).eval()
    objective = distill.make_objective({"soft": 1}, student, teacher)
    labels = torch.randint(4, (3, 6))
    report = objective(*distill.forward_models(objective, student, teacher, batch, rows=MASK), labels[MASK])
    sizes = {"input_ids": batch["input_ids"][1:2, :2], "attention_mask": torch.ones(1, 2)}
    alone = objective(
        *distill.forward_models(objective, student, teacher, sizes, torch.ones(1, 2).bool()), labels[1, :2]
    )
    assert report.total.item() != pytest.approx(alone.total.item())
    logits, targets = student(**batch).logits[MASK], teacher(**batch).logits[MASK]
    assert report.total.item() == pytest.approx((losses.soft(logits, targets, 2.0)[0] / 12).item())


def test_a_teacher_may_read_tokens_of_its_own(models, batch):
    student, teacher = models
    objective = distill.make_objective({"soft": 1}, student, teacher)
    other = batch["input_ids"].flip(1)
    both = {**batch, "teacher_input_ids": other, "teacher_attention_mask": MASK.flip(1).long()}
    _, answer = distill.forward_models(objective, student, teacher, both)
    wanted = teacher(input_ids=other, attention_mask=MASK.flip(1).long()).logits
    torch.testing.assert_close(answer.logits, wanted)


def test_a_teacher_with_dropout_and_a_batch_without_a_mask_are_refused(models, batch):
    student, teacher = models
    objective = distill.make_objective({"soft": 1}, student, teacher)
    with pytest.raises(distill.DistillError, match=r"call \.eval"):
        distill.forward_models(objective, student, teacher.train(), batch)
    with pytest.raises(distill.DistillError, match="no attention_mask"):
        distill.forward_models(objective, student, teacher.eval(), {"input_ids": batch["input_ids"]})


def test_several_labels_scores_schedules_shares_and_class_weights_are_taken():
    several = distill.make_objective({"hard": 1, "soft": 1}, STUDENT, TEACHER, kind="labels")
    assert [type(term).__name__ for term in several.terms.values()] == ["HardLabels", "SoftLabels"]
    score = distill.make_objective({"hard": 1, "soft": {"weight": 1, "bounded": 0.1}}, STUDENT, TEACHER, kind="score")
    assert score.terms["soft"].bounded == 0.1
    moving = distill.make_objective(
        {"hard": 1, "soft": {"weight": 1, "schedule": {"kind": "linear", "end": 0.5}}},
        STUDENT,
        TEACHER,
        temperature=4,
        temperature_schedule={"kind": "linear", "end": 2},
        class_weights=[1, 2, 1, 1],
    )
    moving.at(9, 10)
    assert (moving.weights["soft"], moving.terms["soft"].temperature) == (0.5, 2.0)
    assert moving.terms["hard"].weights.tolist() == [1, 2, 1, 1]
    shared = distill.make_objective({"hard": 1, "soft": 1}, STUDENT, TEACHER, shares={"hard": 30, "soft": 70})
    assert shared.shares.target.tolist() == pytest.approx([0.3, 0.7])


def test_a_mistake_is_a_sentence_with_key_value_and_what_is_allowed():
    assert refused({"sofft": 1})[1].startswith(
        "  distill.sofft: unknown setting; did you mean soft? distill has hard, "
    )
    assert refused({"soft": {"weight": 1, "temprature": 3}, "js": {"weight": 1, "beta": 1.5}, "hard": "x"}) == [
        "3 problems in the settings of the objective",
        "  distill.hard.weight='x': allowed is a number from 0 up",
        "  distill.soft.temprature: unknown setting; distill.soft has weight, schedule, bounded",
        "  distill.js.beta=1.5: allowed is a number between 0 and 1",
    ]
    problems = {
        "distill.temperature=0: allowed is a number from 1e-6 to 1e6": ({"soft": 1}, {"temperature": 0}),
        "distill: the weights of all terms are 0; at least one must be above 0": ({}, {}),
        "distill.dkd.weight=True: allowed is a number from 0 up": ({"dkd": True}, {}),
        "distill.dkd.weight=1: is for rows of kind class, not score; allowed is 0": ({"dkd": 1}, {"kind": "score"}),
        "distill.js.beta=0.3: is not read where distill.js.weight=0; allowed is 0.5": (
            {"soft": 1, "js": {"beta": 0.3}},
            {},
        ),
        "distill.hidden.layer_map=auto: is found by a run, on its data; allowed is any other": (
            {"hidden": {"weight": 1, "layer_map": "auto"}},
            {},
        ),
        "distill.shares={hard: 2, soft: 1}: allowed are exactly the terms with a weight above 0: soft": (
            {"soft": 1},
            {"shares": {"soft": 1, "hard": 2}},
        ),
        "distill.temperature_schedule.kind=linear: no term with a weight has a temperature; allowed is constant": (
            {"hard": 1},
            {"temperature_schedule": {"kind": "linear", "end": 1.0}},
        ),
    }
    for problem, (terms, options) in problems.items():
        assert refused(terms, **options) == ["1 problem in the settings of the objective", f"  {problem}"]
    assert refused({"soft": 1}, kind="many") == ["kind=many: allowed is class, labels, score"]
    assert re.match("distill.relations.heads=5: ", refused({"relations": {"weight": 1, "heads": 5}})[0])


def test_outputs_from_elsewhere_are_taken_too(models, batch):
    objective = distill.make_objective({"soft": 1}, STUDENT, TEACHER)
    student, teacher = distill.forward_models(objective, *models, batch)
    whole = objective(student, teacher, LABELS)
    assert (
        objective(distill.Outputs(student.logits), distill.Outputs(teacher.logits.clone()), LABELS).total == whole.total
    )
