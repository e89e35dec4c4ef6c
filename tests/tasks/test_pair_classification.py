import torch

from distill.tasks import EncodingSpec, Options, task
from distill.tasks.labels import label_names

TASK = task("pair_classification")


def test_both_texts_are_read_as_one_sequence_and_told_apart(wordpiece):
    rows = {"text": ["the tower"], "pair": ["Paris"], "label": [1], "key": [7]}
    features = TASK.encode(rows, wordpiece, EncodingSpec())
    one, other = (wordpiece(text, add_special_tokens=False)["input_ids"] for text in ("the tower", "Paris"))
    start, end = wordpiece.cls_token_id, wordpiece.sep_token_id
    assert features["input_ids"] == [[start, *one, end, *other, end]]
    assert features["token_type_ids"] == [[0] * (len(one) + 2) + [1] * (len(other) + 1)]
    assert features["targets"] == [[1]]
    assert (features["key"], features["first"], features["count"]) == ([7], [0], [1])


def test_the_longer_text_gives_up_tokens_so_that_neither_vanishes(wordpiece):
    long, short = "the tower of paris was built by engineers " * 5, "in 1889"
    few = len(wordpiece(short, add_special_tokens=False)["input_ids"])
    for text, pair in ((long, short), (short, long), (long, long)):
        (ids,) = TASK.encode({"text": [text], "pair": [pair], "key": [1]}, wordpiece, EncodingSpec(max_length=20))[
            "input_ids"
        ]
        assert len(ids) == 20
        middle = ids.index(wordpiece.sep_token_id)
        sizes = middle - 1, len(ids) - middle - 2
        assert min(sizes) == (few if short in (text, pair) else 8)


def test_texts_in_the_other_order_are_another_example(wordpiece):
    rows = {"text": ["the tower", "Paris"], "pair": ["Paris", "the tower"], "key": [1, 2]}
    ids = TASK.encode(rows, wordpiece, EncodingSpec())["input_ids"]
    assert ids[0] != ids[1]


def test_the_label_with_the_largest_logit_is_said_with_its_probability():
    form = EncodingSpec(tuple(label_names(["no", "yes"], Options({})).values()))
    (record,) = TASK.decode([torch.tensor([[0.0, 3.0]]).numpy()], {}, None, form)
    assert record["label"] == "yes"
    assert abs(record["probability"] - 1 / (1 + 2.718281828**-3)) < 1e-6
    assert TASK.predictions([record], form.labels) == [1]
