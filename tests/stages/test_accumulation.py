"""A step of two accumulated half batches is that of the whole batch, for every term, up to rounding of doubles."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from distill.config.schema import DistillConfig
from distill.data.batching import Examples, training_places
from distill.models.forward import outputs
from distill.models.model_shape import model_shape
from distill.objective.build import build_objective
from distill.objective.settings import terms
from distill.objective.specs import TERM_SPECS
from distill.tasks import EncodingSpec, collating, features, task
from distill.teacher.live import LiveTeacher
from distill.training.step_gather import Step, detached
from distill.training.supervised import _totals
from distill.types import IGNORE

LABELS = ("bad", "good", "so")
TARGETS = {
    "classification": [0, 2, IGNORE, 1, IGNORE, 2, 0],
    "multilabel_classification": [[1.0, 0.0, 1.0], [0.0] * 3, [float(IGNORE)] * 3, [1.0] * 3, [0.0, 1.0, 0.0]] * 2,
    "regression": [0.5, math.nan, 2.0, 1.5, -1.0, math.nan, 3.0],
}
"""Of each of seven texts, some without a label."""


class Texts:
    """Texts of 3 to 9 tokens, as columns."""

    def __init__(self, name):
        draw = np.random.default_rng(0)
        ids = [draw.integers(5, 30, length).tolist() for length in (3, 4, 4, 6, 7, 9, 9)]
        rows = {"key": range(7), "label": TARGETS[name][:7]}
        self.columns = features.sentences({"input_ids": ids, "attention_mask": [[1] * len(each) for each in ids]}, rows)

    def __getitem__(self, rows):
        return {name: [column[row] for row in rows] for name, column in self.columns.items()}


def bert(layers, width, outputs):
    size = {"num_hidden_layers": layers, "hidden_size": width, "intermediate_size": width}
    config = BertConfig(vocab_size=30, num_attention_heads=2, num_labels=outputs, max_position_embeddings=16, **size)
    return BertForSequenceClassification(config).eval()


@pytest.mark.parametrize("name", TARGETS)
def test_two_accumulated_halves_give_the_value_and_the_gradient_of_the_whole_for_every_term(name):
    section, kind = DistillConfig(), task(name).kind
    for term, settings in terms(section).items():
        settings.weight = 0.25 if kind in TERM_SPECS[term].kinds else 0.0
    torch.manual_seed(0)
    student, asked = (bert(*size, 1 if kind == "score" else 3).double() for size in ((2, 16), (4, 32)))
    teacher = LiveTeacher(
        asked, lambda logits, batch: task(name).align(logits, batch, EncodingSpec(LABELS)), None,
        hidden=True, attentions=True, qkv=True,
    )  # fmt: skip
    shapes = (model_shape(each.config) for each in (student, asked))
    objective = build_objective(section, kind, *shapes).double()
    learnt = [*student.parameters(), *objective.parameters()]
    texts = Texts(name)
    read = Examples(texts, lambda rows, place: collating.collate(rows, place, pad_id=0, teacher_pad_id=0))

    def step(accumulate):
        """Each term's value, and its gradient, in the mean over the micro-batches of one step."""
        counts = collating.counts(texts.columns)
        places = training_places([np.arange(7)], counts, accumulate=accumulate, world=1, rank=0, epoch=0)
        said = []
        for batch in (read[place] for place in places):
            raw = outputs(student, batch, hidden=True, attentions=True, qkv=True)
            rows, labels = teacher.align(raw.logits, batch)
            said.append((replace(raw, logits=rows), teacher(batch), labels, _totals(batch)))
        own = [objective.batch_features(*each[:2]) for each in said]
        together = Step(objective.batch_terms, [detached(each) for each in own], world=1, rank=0)
        parts = [objective.values(*each, together.view(own[place], place)) for place, each in enumerate(said)]
        means = {term: torch.stack([part[term] for part in parts]).mean() for term in parts[0]}
        given = {"retain_graph": True, "materialize_grads": True}
        return {term: (mean, torch.autograd.grad(mean, learnt, **given)) for term, mean in means.items()}

    whole, halves = step(1), step(2)
    assert set(whole) == {term for term in TERM_SPECS if kind in TERM_SPECS[term].kinds}
    for term, (value, gradients) in whole.items():
        assert halves[term][0].item() == pytest.approx(value.item(), abs=1e-13), term
        assert max(float(each.abs().max()) for each in gradients) > 1e-4, term
        for found, expected in zip(halves[term][1], gradients, strict=True):
            # An untrained model says nearly the same of all texts, and a correlation magnifies what rounding adds: to
            # about 1e-13 in the gradient of dist, of others far less.
            torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12, msg=term)
