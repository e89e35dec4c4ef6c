import torch

from distill.data.batching import Place
from distill.tasks.causal_language_modeling import Collate
from distill.tasks.masked_language_modeling import align
from distill.types import IGNORE

ROWS = {"input_ids": [[5, 6, 7], [8], [9, 4]], "attention_mask": [[1, 1, 1], [1], [1, 1]], "key": [0, 1, 2]}


def test_a_tokens_label_is_the_token_that_follows():
    batch = Collate(pad_id=0)(ROWS, Place((0, 1, 2), 0, {"labels": 3.0}))
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0], [9, 4, 0]]
    assert batch["labels"].tolist() == [[6, 7, IGNORE], [IGNORE] * 3, [4, IGNORE, IGNORE]]
    assert batch["total_labels"] == 3.0


def test_what_is_counted_beforehand_is_what_has_a_label():
    counts = Collate(pad_id=0).counts(ROWS)
    assert counts["labels"].tolist() == [2, 0, 1]
    assert counts["tokens"].tolist() == [3, 1, 2]
    rows, labels = align(torch.zeros(3, 3, 10), Collate(pad_id=0)(ROWS, Place((0, 1, 2))))
    assert rows.shape == (3, 10)
    assert labels.tolist() == [6, 7, 4]


def test_the_loss_is_the_one_that_transformers_computes_itself():
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=12, n_embd=8, n_layer=1, n_head=2, n_positions=4)).eval()
    rows = {"input_ids": [[5, 6, 7, 3]], "attention_mask": [[1] * 4], "key": [0]}
    batch = Collate(pad_id=0)(rows, Place((0,)))
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    found = torch.nn.functional.cross_entropy(*align(model(**inputs).logits, batch))
    assert torch.allclose(found, model(**inputs, labels=inputs["input_ids"]).loss)
