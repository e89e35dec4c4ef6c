import math

import pytest
import torch

from distill.data.batching import Place
from distill.inference.output_parts import OutputWriter
from distill.inference.output_store import OutputStore
from distill.tasks.collating import collate, counts, pad
from distill.tasks.features import gather
from distill.types import IGNORE

FEATURES = {
    "input_ids": [[5, 6, 7], [8], [9, 4]],
    "attention_mask": [[1, 1, 1], [1], [1, 1]],
    "teacher_input_ids": [[1], [2, 3], [4]],
    "teacher_attention_mask": [[1], [1, 1], [1]],
    "answerable": [[1, 0, 1], [1], [1, 1]],
    "target_ids": [[1, 2], [3], []],
    "key": [-(2**63), 7, 7],
    "first": [0, 0, 2],
    "count": [2, 2, 1],
    "targets": [[1, IGNORE], [0, 2], [1]],
    "positions": [[0, 2], [0, 0], [1]],
}


def test_inputs_are_padded_each_with_their_own_filling():
    batch = collate(FEATURES, Place((0, 1, 2), 0, {"labels": 4.0}), pad_id=9, teacher_pad_id=4)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 9], [9, 4, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert batch["teacher_input_ids"].tolist() == [[1, 4], [2, 3], [4, 4]]
    assert batch["answerable"].tolist() == [[1, 0, 1], [1, 0, 0], [1, 1, 0]]
    assert batch["target_ids"].tolist() == [[1, 2], [3, IGNORE], [IGNORE, IGNORE]]
    assert batch["key"].tolist() == FEATURES["key"]
    assert batch["labels"].tolist() == [1, IGNORE, 0, 2, 1]
    assert batch["total_labels"] == 4.0


def test_a_decoders_inputs_are_padded_in_front():
    batch = collate(FEATURES, Place(()), pad_id=9, teacher_pad_id=4, side="left")
    assert batch["input_ids"].tolist() == [[5, 6, 7], [9, 9, 8], [9, 9, 4]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [0, 0, 1], [0, 1, 1]]
    assert pad([[1], [2, 3]], 0, "left").tolist() == [[0, 1], [2, 3]]


def test_rows_are_gathered_from_the_positions_as_a_loop_would():
    batch = collate(FEATURES, Place(()), pad_id=0, teacher_pad_id=0)
    logits = torch.randn(3, 3, 4)
    rows, labels = gather(logits, batch)
    wanted = [logits[number, place] for number, places in enumerate(FEATURES["positions"]) for place in places]
    assert torch.equal(rows, torch.stack(wanted))
    assert len(labels) == len(rows)


def test_features_without_targets_have_rows_that_are_not_scored():
    plain = {name: values for name, values in FEATURES.items() if name != "targets"}
    assert collate(plain, Place(()), pad_id=0, teacher_pad_id=0)["labels"].tolist() == [IGNORE] * 5


def test_what_a_feature_has_is_counted():
    assert {unit: values.tolist() for unit, values in counts(FEATURES).items()} == {
        "labels": [1, 2, 1], "rows": [2, 2, 1], "tokens": [3, 1, 2], "examples": [1, 1, 1],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("target", "scored"),
    [(0, 1), (IGNORE, 0), (0.0, 1), (math.nan, 0), ([0.0, 1.0], 1), ([-100.0, -100.0], 0), (-100.0, 1)],
)
def test_a_target_counts_unless_it_is_ignored_or_no_score(target, scored):
    features = {"input_ids": [[1]], "count": [1], "targets": [[target]]}
    assert counts(features)["labels"].tolist() == [scored]


def test_stored_rows_of_several_features_come_back_to_their_features(tmp_path):
    writer = OutputWriter(tmp_path, "it", features_per_part=2)
    for number in (2, 0, 1):  # in any order, over several parts
        places = {name: torch.tensor([FEATURES[name][number]]) for name in ("key", "first", "count")}
        begin, size = FEATURES["first"][number], FEATURES["count"][number]
        writer.add(places, {"values": torch.arange(begin, begin + size).unsqueeze(-1) + 100.0 * (number > 0)})
    writer.flush()
    store = OutputStore(tmp_path, "it")
    batch = collate(FEATURES, Place(()), pad_id=0, teacher_pad_id=0)
    assert store(batch).logits.flatten().tolist() == [0.0, 1.0, 100.0, 101.0, 102.0]
    assert [rows.flatten().tolist() for rows in store.examples(torch.tensor([7, -(2**63)]))] == [
        [100.0, 101.0, 102.0], [0.0, 1.0],
    ]  # fmt: skip
