"""Rows and probabilities in NumPy are those of torch."""

import numpy as np
import pytest
import torch
from predicted import LABELS, TEXTS, inputs

from distill.tasks import EncodingSpec, arrays, task

READING = [
    "classification", "pair_classification", "multilabel_classification", "regression", "token_classification",
    "relation_extraction", "question_answering",
]  # fmt: skip


@pytest.mark.parametrize("name", READING)
def test_rows_of_a_batch_are_those_of_training(name, batch, tmp_path):
    from distill.models import loading
    from distill.models.tokenizer_training import train

    train("encoder", TEXTS, vocab_size=330, max_length=48).save_pretrained(tmp_path)
    module, form = task(name), EncodingSpec(LABELS.get(name, ()), max_length=48, stride=8)
    tokenizer, examples = loading.load_tokenizer(tmp_path, module.markers), inputs(name)
    columns = {role: [example[role] for example in examples] for role in module.inputs}
    features = module.encode({**columns, "key": list(range(len(examples)))}, tokenizer, form)
    asked, plain = batch(features), arrays.batch(features, 0)
    assert {"input_ids", "attention_mask"} < plain.keys() <= asked.keys()
    assert all(np.array_equal(asked[key].numpy(), values) for key, values in plain.items())
    shape = [len(features["key"])]
    if name in ("token_classification", "relation_extraction", "question_answering"):
        shape.append(plain["input_ids"].shape[1])
    logits = torch.randn(*shape, 2 if name == "question_answering" else max(1, len(module.outputs(form.labels))))
    wanted, _ = module.align(logits, asked, form)
    assert np.array_equal(module.rows(logits.numpy(), plain, form), wanted.numpy())


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
def test_probabilities_are_those_of_torch(scale):
    logits = scale * torch.randn(50, 7, generator=torch.Generator().manual_seed(1))
    logits[3, 2] = -torch.inf
    assert np.allclose(arrays.softmax(logits.numpy()), logits.softmax(-1).numpy(), atol=1e-6)
    assert np.allclose(arrays.sigmoid(logits.numpy()), logits.sigmoid().numpy(), atol=1e-6)
    wanted = logits.logsumexp(-1).tolist()
    assert np.allclose([arrays.logsumexp(row) for row in logits.numpy()], wanted, rtol=1e-6)


def test_lists_are_filled_up_at_either_side():
    assert arrays.padded([[1], [2, 3]], 7, "left").tolist() == [[7, 1], [2, 3]]
    assert arrays.padded([[1], [2, 3]], 7).tolist() == [[1, 7], [2, 3]]


def test_of_equal_numbers_the_first_is_the_largest():
    row = np.float32([1, 3, 2, 3])
    assert arrays.largest(row, 3) == [(1, 3.0), (3, 3.0), (2, 2.0)]
    assert arrays.largest(row, 9)[-1] == (0, 1.0)
