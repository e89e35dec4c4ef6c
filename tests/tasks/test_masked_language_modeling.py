import numpy as np
import torch

from distill.data.batching import Place
from distill.tasks.masked_language_modeling import Collate, align, mask, masked_count
from distill.types import IGNORE

SPECIAL = frozenset({0, 1, 2})
COLLATE = Collate(seed=3, probability=0.15, pad_id=0, mask_id=4, vocabulary=50, special=SPECIAL)
ROWS = {
    "input_ids": [[1, *range(10, 30), 2], [1, 11, 2], [1, *range(5, 12), 2]],
    "attention_mask": [[1] * 22, [1] * 3, [1] * 9],
}


def test_eighty_percent_become_the_mask_ten_another_token_and_ten_stay():
    ids = np.arange(100, 40_100)
    draw = np.random.default_rng(0)
    picked = draw.permutation(len(ids))[: masked_count(len(ids), 0.15)]
    hidden, labels = mask(ids, picked, draw, mask_id=4, vocabulary=90)
    chosen = labels != IGNORE
    assert chosen.sum() == masked_count(len(ids), 0.15) == 6000
    assert np.array_equal(labels[chosen], ids[chosen])
    assert np.array_equal(hidden[~chosen], ids[~chosen])
    assert abs((hidden[chosen] == 4).mean() - 0.8) < 0.02
    assert abs((hidden[chosen] == ids[chosen]).mean() - 0.1) < 0.02


def test_special_tokens_and_padding_are_never_hidden():
    for epoch in range(50):
        batch = COLLATE(ROWS, Place((0, 1, 2), epoch))
        hidden = batch["labels"] != IGNORE
        assert not (hidden & (batch["attention_mask"] == 0)).any()
        assert not hidden[:, 0].any()
        assert hidden[1].tolist().count(True) == 1


def test_an_example_is_hidden_alike_in_any_batch_and_anew_each_epoch():
    whole = COLLATE(ROWS, Place((5, 6, 7), 2))
    alone = COLLATE({name: column[:1] for name, column in ROWS.items()}, Place((5,), 2))
    assert torch.equal(whole["input_ids"][0, :22], alone["input_ids"][0])
    epochs = {tuple(COLLATE(ROWS, Place((5, 6, 7), epoch))["labels"].flatten().tolist()) for epoch in range(5)}
    assert len(epochs) == 5


def test_what_is_counted_beforehand_is_what_gets_hidden():
    counts = COLLATE.counts(ROWS)
    batch = COLLATE(ROWS, Place((0, 1, 2), 0, {"labels": 5.0}))
    assert counts["labels"].tolist() == (batch["labels"] != IGNORE).sum(1).tolist() == [3, 1, 1]
    assert batch["total_labels"] == 5.0


def test_the_hidden_tokens_are_the_rows():
    batch = COLLATE(ROWS, Place((0, 1, 2), 0))
    rows, labels = align(torch.zeros(3, 22, 50), batch)
    assert rows.shape == (5, 50)
    assert (labels != IGNORE).all()


INNER = [False] * 20 + [True] * 30
WHOLE = Collate(seed=3, probability=0.3, pad_id=0, mask_id=4, vocabulary=50, special=SPECIAL, inner=INNER)
WORDS = {"input_ids": [[1, 10, 21, 22, 11, 12, 23, 13, 14, 15, 16, 24, 2], [1, 10, 21, 22, 2]]}


def test_words_are_hidden_as_a_whole_and_never_more_than_their_share():
    counts, starts = WHOLE.counts(WORDS)["labels"], {1: 3, 4: 1, 5: 2, 7: 1, 8: 1, 9: 1, 10: 2}
    assert counts.tolist() == [3, 3]  # the only word of the second text has three tokens
    seen = set()
    for epoch in range(40):
        labels = WHOLE(WORDS, Place((0, 1), epoch))["labels"]
        assert (labels[1] != IGNORE).tolist()[:5] == [False, True, True, True, False]
        hidden = set((labels[0] != IGNORE).nonzero().flatten().tolist())
        words = [set(range(start, start + length)) for start, length in starts.items()]
        assert all(word <= hidden or not word & hidden for word in words)
        assert 0 < len(hidden) <= counts[0]
        seen |= hidden
    assert seen == set(range(1, 12))


def test_a_special_token_ends_a_word():
    rows = {"input_ids": [[1, 10, 2, 21, 2]]}
    assert [word.tolist() for word in WHOLE._words(np.asarray(rows["input_ids"][0]))] == [[1], [3]]
