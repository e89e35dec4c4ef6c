import pytest

from distill.tasks import EncodingSpec, task
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
        "cut": [False, False], "targets": [[1], [0]],
    }  # fmt: skip
    assert "targets" not in sentences(inputs, {"key": [4, 5]})


LONG, SHORT = "the tower of Paris was built by engineers in 1889", "who built the tower"
MARKED = "<e1>the tower</e1> of Paris was built by <e2>engineers</e2> in 1889"
CUT = {
    "classification": {"text": [LONG, SHORT]},
    "pair_classification": {"text": [LONG, SHORT], "pair": [SHORT, SHORT]},
    "relation_extraction": {"text": [MARKED, "<e1>who</e1> <e2>built</e2>"]},
    "translation": {"source": [LONG, SHORT], "target": [SHORT, SHORT]},
    "summarization": {"source": [SHORT, SHORT], "target": [LONG, SHORT]},
    "dialogue": {"history": [[SHORT, LONG, LONG, LONG], [SHORT]], "reply": ["it", "it"]},
    "question_answering": {
        "context": [f"{LONG} and {LONG}", LONG], "question": ["who"] * 2,
        "label": [{"text": [LONG], "answer_start": [0]}, {"text": ["tower"], "answer_start": [4]}],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CUT)
def test_what_does_not_fit_into_the_limits_of_length_is_marked_as_cut(name, wordpiece, bytelevel):
    module = task(name)
    tokenizer = wordpiece if module.family == "encoder" else bytelevel
    tokenizer.add_special_tokens({"additional_special_tokens": list(module.markers)})
    rows = {**CUT[name], "key": [0, 1]}
    narrow = {"pair_classification": (20, 20), "dialogue": (40, 10), "translation": (20, 48), "summarization": (48, 20)}
    for limits, expected in ((narrow.get(name, (15, 15)), {0: True, 1: False}), ((512, 256), {0: False, 1: False})):
        features = module.encode(
            rows, tokenizer, EncodingSpec(max_length=limits[0], max_target_length=limits[1], stride=2)
        )
        assert dict(zip(features["key"], features["cut"], strict=True)) == expected
