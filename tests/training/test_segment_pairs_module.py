"""A model that learns masked words and next segments: its loss is that of BERT, written again in NumPy."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForPreTraining

from distill.data.segment_pairs import FOLLOWS, OTHER
from distill.metrics import language_modeling
from distill.models.forward import outputs
from distill.tasks import masked_language_modeling as masked
from distill.tasks.next_sentence_prediction import Collate
from distill.training.optim import Optimization
from distill.training.segment_pairs import SegmentPairsModule
from distill.training.supervised import TrainingSpec

ROWS = {
    "input_ids": [[1, 7, 8, 2, 9, 2], [1, 10, 2, 11, 12, 13, 14, 2], [1, 15, 2, 16, 2]],
    "attention_mask": [[1] * 6, [1] * 8, [1] * 5],
    "token_type_ids": [[0] * 4 + [1] * 2, [0] * 3 + [1] * 5, [0] * 3 + [1] * 2],
    "follows": [FOLLOWS, OTHER, FOLLOWS],
    "key": [0, 1, 2],
}
HIDE = masked.Collate(seed=0, probability=0.3, pad_id=0, mask_id=3, vocabulary=20, special=frozenset({0, 1, 2, 3}))
PLACE = SimpleNamespace(rows=(0, 1, 2), epoch=0, totals={"labels": 4, "examples": 3, "parts": 1})


def module():
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
    model = BertForPreTraining(BertConfig(vocab_size=20, **size)).double().eval()
    moves = Optimization("adamw", 1e-3, 0.0, 0.9, "constant", 0.0, 1)
    return SegmentPairsModule(model, TrainingSpec(masked.align, language_modeling.collection(), moves, 0))


def mean_cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -logs[np.arange(len(labels)), labels].mean()


def test_the_loss_is_the_sum_of_the_means_over_masked_words_and_over_pairs():
    made, batch = module(), Collate(HIDE)(ROWS, PLACE)
    student, _, labels = made.forward_models(batch)
    report = made.objective(student, None, labels)
    with torch.no_grad():
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
        answer = made.model(**inputs)
    hidden = batch["labels"].numpy() != -100
    words = mean_cross_entropy(answer.prediction_logits.numpy()[hidden], batch["labels"].numpy()[hidden])
    pairs = mean_cross_entropy(answer.seq_relationship_logits.numpy(), np.asarray(ROWS["follows"]))
    assert float(report.parts["hard"]) == pytest.approx(words, abs=1e-12)
    assert float(report.parts["next_segment"]) == pytest.approx(pairs, abs=1e-12)
    assert float(report.total.detach()) == pytest.approx(words + pairs, abs=1e-12)
    report.total.backward()
    assert made.model.cls.seq_relationship.weight.grad.abs().sum() > 0
    assert made.model.bert.pooler.dense.weight.grad.abs().sum() > 0


def test_parts_of_a_step_add_up_to_the_loss_of_the_whole():
    made, collate = module(), Collate(HIDE)
    counts = collate.counts(ROWS)
    assert {unit: count.tolist() for unit, count in counts.items()} == {
        "labels": [1, 2, 1], "rows": [1, 2, 1], "tokens": [6, 8, 5], "examples": [1, 1, 1],
    }  # fmt: skip
    whole, _, labels = made.forward_models(collate(ROWS, PLACE))
    expected = float(made.objective(whole, None, labels).total.detach())
    totals = {"labels": torch.tensor(4.0), "examples": torch.tensor(3.0), "parts": torch.tensor(2.0)}
    parts = []
    for rows in ((0,), (1, 2)):
        batch = collate({name: [values[row] for row in rows] for name, values in ROWS.items()},
                        SimpleNamespace(rows=rows, epoch=0, totals={}))  # fmt: skip
        student, _, labels = made.forward_models(batch)
        parts.append(float(made.objective(student, None, labels, totals).total.detach()))
    assert np.mean(parts) == pytest.approx(expected, abs=1e-12)


def test_a_batch_says_of_each_pair_whether_its_second_segment_follows():
    batch = Collate(HIDE)(ROWS, PLACE)
    assert batch["follows"].tolist() == ROWS["follows"]
    assert batch["token_type_ids"][1].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    made = outputs(module().model, batch)
    assert made.segment_pairs.logits.shape == (3, 2)
    assert made.segment_pairs.labels.tolist() == ROWS["follows"]


def test_the_accuracy_over_pairs_is_scored_beside_perplexity():
    made, batch, logged = module(), Collate(HIDE)(ROWS, PLACE), {}
    made.log_dict = lambda scores, **_: logged.update(scores)
    with torch.inference_mode():
        made.validation_step(batch, 0)
        logits = outputs(made.model, batch).segment_pairs.logits
    made.on_validation_epoch_end()
    assert sorted(logged) == ["validation/accuracy", "validation/next_segment_accuracy", "validation/perplexity"]
    right = (logits.argmax(dim=-1).numpy() == np.asarray(ROWS["follows"])).mean()
    assert float(logged["validation/next_segment_accuracy"]) == pytest.approx(right)


def test_both_heads_learn_what_a_batch_says():
    made, batch = module(), Collate(HIDE)(ROWS, PLACE)
    moves = torch.optim.AdamW(made.parameters(), lr=1e-2)
    for _ in range(40):
        student, _, labels = made.forward_models(batch)
        report = made.objective(student, None, labels)
        moves.zero_grad()
        report.total.backward()
        moves.step()
    assert float(report.parts["hard"]) < 0.1
    assert float(report.parts["next_segment"]) < 0.1
