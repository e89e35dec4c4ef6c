import pytest

from distill.tasks.collating import counts
from distill.tasks.features import sentences, without_targets


@pytest.mark.parametrize("kind", ["class", "labels", "score"])
def test_rows_without_targets_are_not_scored(kind):
    made = without_targets({"count": [2, 1]}, kind, 3)
    assert [len(rows) for rows in made] == [2, 1]
    assert counts({"input_ids": [[1], [2]], "count": [2, 1], "targets": made})["labels"].tolist() == [0, 0]


def test_a_texts_row_is_whole():
    inputs = {"input_ids": [[1], [2]], "attention_mask": [[1], [1]], "offset_mapping": [0, 0]}
    features = sentences(inputs, {"key": [4, 5], "label": [1, 0]})
    assert features == {
        "input_ids": [[1], [2]], "attention_mask": [[1], [1]], "key": [4, 5], "first": [0, 0], "count": [1, 1],
        "targets": [[1], [0]],
    }  # fmt: skip
    assert "targets" not in sentences(inputs, {"key": [4, 5]})
