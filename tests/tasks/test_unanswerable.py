"""Questions without an answer: read, learnt as the first token, and answered by nothing as in BERT's own script."""

import math

import pytest
import torch
from datasets import Dataset

from distill.tasks import EncodingSpec, Options, task
from distill.types import FLOOR

TASK = task("question_answering")
CONTEXT = "Anna lives in Rome . Otto went to Paris with three friends . They saw the old tower of the city there ."
TOWER, NONE = {"text": ["tower"], "answer_start": [CONTEXT.index("tower")]}, {"text": [], "answer_start": []}


def table(*answers):
    size = len(answers)
    return Dataset.from_dict({"context": [CONTEXT] * size, "question": ["what ?"] * size, "label": list(answers)})


def columns(count=1):
    return {"context": [CONTEXT] * count, "question": ["what ?"] * count, "key": list(range(count))}


def test_questions_without_an_answer_are_kept_and_said():
    read = TASK.read({"train": table(TOWER, NONE, TOWER), "test": table(NONE, TOWER)}, Options({}))
    assert read.unanswerable
    assert {name: len(rows) for name, rows in read.splits.items()} == {"train": 3, "test": 2}
    assert read.notes == (
        "1 of 3 rows of train and 1 of 2 rows of test have no answer: a model may answer nothing, and learns to; "
        "data.answerable=only leaves them out",
    )


@pytest.mark.parametrize("drop", [False, True])
def test_questions_without_an_answer_are_left_out_where_only_others_are_wanted(drop):
    options = Options({}, drop_bad=drop, answerable="only")
    read = TASK.read({"train": table(TOWER, NONE, TOWER), "test": table(NONE, TOWER)}, options)
    assert not read.unanswerable
    assert [row["text"] for rows in read.splits.values() for row in rows["label"]] == [["tower"]] * 3
    assert read.notes == (
        "1 of 3 rows of train are left out: no answer (1)", "1 of 2 rows of test are left out: no answer (1)",
    )  # fmt: skip


def test_rows_keep_their_numbers_where_those_without_an_answer_are_left_out(refused):
    wrong = {"text": ["tower"], "answer_start": [0]}
    said = "has the answer 'tower', which does not stand at 0, where answer_start says"
    with refused(f"row 3 of train {said}; data.on_bad=drop leaves it out"):
        TASK.read({"train": table(TOWER, NONE, wrong)}, Options({}, answerable="only"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options({}), "no row of train has an answer: nothing can be learned but to say nothing"),
        (Options({}, answerable="only"), "no row of train can be used: no answer (2)"),
    ],
)
def test_a_train_split_without_any_answer_is_refused(refused, options, said):
    with refused(said):
        TASK.read({"train": table(NONE, NONE)}, options)


@pytest.mark.parametrize("answerable", ["all", "only"])
def test_without_such_questions_nothing_is_said_and_nothing_changes(answerable):
    read = TASK.read({"train": table(TOWER, TOWER)}, Options({}, answerable=answerable))
    assert (read.unanswerable, read.notes, len(read.splits["train"])) == (False, (), 2)


def test_every_window_of_a_question_without_an_answer_points_at_its_first_token(wordpiece):
    form = EncodingSpec(max_length=24, stride=8, unanswerable=True)
    features = TASK.encode({**columns(2), "label": [NONE, TOWER]}, wordpiece, form)
    targets = {key: [] for key in (0, 1)}
    for key, target in zip(features["key"], features["targets"], strict=True):
        targets[key].append(target)
    assert len(targets[0]) > 2
    assert targets[0] == [[0, 0]] * len(targets[0])
    assert max(targets[1]) != [0, 0]
    assert not any(features["cut"]), "nothing of a question without an answer is lost to the limits of length"


def test_an_answer_that_no_window_holds_is_lost_and_no_answer_is_not(wordpiece):
    long = {"text": [CONTEXT[:-2]], "answer_start": [0]}
    rows = {**columns(2), "label": [NONE, long]}
    features = TASK.encode(rows, wordpiece, EncodingSpec(max_length=24, stride=8, unanswerable=True))
    assert dict(zip(features["key"], features["cut"], strict=True)) == {0: False, 1: True}


def spans(windows, form, tokenizer):
    """Every window's tokens of the context, as their place and their characters."""
    read = tokenizer(
        ["what ?"], [CONTEXT], truncation="only_second", max_length=form.max_length, stride=form.stride,
        return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    assert len(read["input_ids"]) == windows
    for window in range(windows):
        yield {
            place: span
            for place, (which, span) in enumerate(
                zip(read.sequence_ids(window), read["offset_mapping"][window], strict=True)
            )
            if which == 1
        }


def usual(logits, windows, form, best=20):
    """The answer as the script of transformers for SQuAD chooses it (``postprocess_qa_predictions``)."""
    none, found = math.inf, []
    for (start, end), places in zip(logits.unflatten(0, (-1, 2)), windows, strict=True):
        none = min(none, float(start[0] + end[0]))
        for opens in start.argsort(descending=True)[:best].tolist():
            for closes in end.argsort(descending=True)[:best].tolist():
                if opens in places and closes in places and opens <= closes < opens + form.max_answer_length:
                    text = CONTEXT[places[opens][0] : places[closes][1]]
                    found.append((float(start[opens] + end[closes]), text))
    score, text = max(found)
    return "" if none > score else text


@pytest.mark.parametrize("max_length", [24, 32, 64])
def test_nothing_is_answered_where_the_usual_script_answers_nothing(wordpiece, max_length):
    form = EncodingSpec(max_length=max_length, stride=4, max_answer_length=5, unanswerable=True)
    count = len(TASK.encode(columns(), wordpiece, form)["key"])
    windows, draw, said = list(spans(count, form, wordpiece)), torch.Generator().manual_seed(0), []
    for _ in range(60):
        logits = torch.full((2 * count, max_length), FLOOR)
        sure = 20 * float(torch.rand(1, generator=draw))
        for window, places in enumerate(windows):
            there = [0, *places]
            logits[2 * window : 2 * window + 2, there] = 3 * torch.randn(2, len(there), generator=draw)
            logits[2 * window : 2 * window + 2, 0] += sure
        (record,) = TASK.decode([logits.numpy()], columns(), wordpiece, form)
        assert record["answer"] == usual(logits, windows, form)
        assert 0 < record["probability"] <= 1
        said.append(record["answer"])
    assert 10 < said.count("") < 50


def one_window(wordpiece, none, span, form):
    """The answer where the first token and one word have these logits, each twice."""
    windows = list(spans(1, form, wordpiece))
    place = next(place for place, (start, _) in windows[0].items() if start == CONTEXT.index("tower"))
    logits = torch.full((2, form.max_length), FLOOR)
    logits[:, 0], logits[:, place] = none, span
    (record,) = TASK.decode([logits.numpy()], columns(), wordpiece, form)
    return record


def test_no_answer_has_to_score_above_the_best_span_and_has_a_probability(wordpiece):
    form = EncodingSpec(max_length=64, unanswerable=True)
    assert one_window(wordpiece, 2.0, 2.0, form)["answer"] == "tower"
    above = one_window(wordpiece, 2.0 + 1e-3, 2.0, form)
    assert above == {"answer": "", "probability": pytest.approx(0.25, rel=1e-2)}
    below = one_window(wordpiece, 1.0, 2.0, form)
    assert below == {"answer": "tower", "probability": pytest.approx((1 / (1 + math.exp(-1))) ** 2)}


def test_where_every_question_has_an_answer_one_is_always_given(wordpiece):
    record = one_window(wordpiece, 9.0, 2.0, EncodingSpec(max_length=64))
    assert record["answer"] == "tower"


def test_one_window_that_is_sure_of_an_answer_is_enough(wordpiece):
    form = EncodingSpec(max_length=28, stride=4, unanswerable=True)
    count = len(TASK.encode(columns(), wordpiece, form)["key"])
    windows = list(spans(count, form, wordpiece))
    logits = torch.full((2 * count, 28), FLOOR)
    logits[:, 0] = 9.0
    which, place = next(
        (window, place)
        for window, places in enumerate(windows)
        for place, (start, _) in places.items()
        if start == CONTEXT.index("Paris")
    )
    logits[2 * which : 2 * which + 2, 0], logits[2 * which : 2 * which + 2, place] = 1.0, 4.0
    (record,) = TASK.decode([logits.numpy()], columns(), wordpiece, form)
    assert record["answer"] == CONTEXT[slice(*windows[which][place])] != ""
