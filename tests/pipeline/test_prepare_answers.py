"""From a file of answers to rows, labels of train and gold rows: what each answer says, and which files are refused."""

import csv
import json
import re

import numpy as np
import pytest
from datasets import Dataset

from distill.config.schema import Config
from distill.errors import DataError
from distill.pipeline.prepare_data import prepare

LABELS = ("billing", "refund", "technical")


def written(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(file)


def text(number):
    return f"message number {number} about {LABELS[number % 3]}"


def true(number):
    return LABELS[number % 3]


@pytest.fixture
def desk(tmp_path):
    """Messages of a help desk of which train has no labels, and settings for a file of answers to them."""
    (tmp_path / "data").mkdir()
    written(tmp_path / "data" / "train.jsonl", [{"id": f"m{n}", "text": text(n)} for n in range(30)])
    rows = [{"id": f"v{n}", "text": text(n), "label": true(n)} for n in range(30, 39)]
    written(tmp_path / "data" / "validation.jsonl", rows)

    def prepared(answers, gold=None, task="classification", **teacher):
        config = Config(task=task)
        config.data.path = str(tmp_path / "data")
        config.teacher.answers = written(tmp_path / "answers.jsonl", answers)
        config.teacher.gold = gold and written(tmp_path / "gold.jsonl", gold)
        for name, value in teacher.items():
            setattr(config.data if name == "on_bad" else config.teacher, name, value)
        return prepare(config)

    return prepared


def all_answered(**instead):
    """Right answers to all of train, but for those given by id."""
    return [{"id": f"m{n}", "answer": instead.get(f"m{n}", true(n))} for n in range(30)]


def said(data, number):
    """What was said of a row of train."""
    place = data.splits["train"]["text"][:].index(text(number))
    return data.labelled["first"].rows[data.splits["train"]["key"][place]]


def test_train_without_labels_gets_those_of_the_answers(desk):
    data = desk(all_answered(m4="billing"))
    train = data.splits["train"]
    assert data.labels == LABELS
    wrong = [place for place, label in enumerate(train["label"][:]) if LABELS[label] != true(place)]
    assert wrong == [4]
    assert any(note.startswith("the labels of train are the answers of ") for note in data.notes)
    assert len(data.splits["validation"]) == 9


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("refund", [0, 1, 0]),
        (["refund", "refund", "billing"], [1 / 3, 2 / 3, 0]),
        (["refund", None, "abstain"], [0, 1, 0]),
        ({"refund": 0.3, "billing": 0.1, "abstain": 0.6}, [0.25, 0.75, 0]),
        ({"refund": 0.7, "technical": 0.3}, [0, 0.7, 0.3]),
        ({"refund": 0.705, "technical": 0.3}, [0, 0.705 / 1.005, 0.3 / 1.005]),
    ],
)
def test_a_label_votes_and_probabilities_are_shares_of_the_labels(desk, answer, expected):
    assert said(desk(all_answered(m4=answer)), 4) == pytest.approx(np.array([expected]))


def test_log_probabilities_count_by_what_they_leave_to_the_labels(desk):
    rows = [row for row in all_answered() if row["id"] != "m4"]
    rows.append(
        {"id": "m4", "answer": "refund", "logprobs": {"refund": float(np.log(0.3)), "billing": float(np.log(0.1))}}
    )
    assert said(desk(rows), 4) == pytest.approx(np.array([[0.25, 0.75, 0]]))


def test_rows_without_an_answer_are_left_out_and_counted_by_why(desk):
    rows = all_answered(m3=None, m4="abstain", m5="")[:-1]
    rows[6] |= {"answer": None, "raw": "I think it's about money"}
    rows[7] |= {"answer": None, "error": "500"}
    data = desk(rows)
    counts = data.labelled["first"].counts
    assert len(data.splits["train"]) == 24
    assert (counts.lines, counts.answered, counts.abstained, counts.unparseable) == (29, 24, 3, 2)
    assert "6 of 30 rows of train have no answer and are left out" in data.notes


def test_a_row_is_found_by_its_text_where_the_answers_have_no_id(desk):
    data = desk([{"text": f" {text(n)} ", "answer": true(n)} for n in range(30)])
    assert len(data.splits["train"]) == 30


def test_an_id_that_two_splits_have_answers_the_row_with_its_text(desk, tmp_path):
    rows = [{"id": f"m{n}", "text": text(n), "label": true(n)} for n in range(30, 39)]
    written(tmp_path / "data" / "validation.jsonl", rows)
    data = desk([{**row, "text": text(n)} for n, row in enumerate(all_answered())])
    assert not any(key in data.labelled["first"].rows for key in data.splits["validation"]["key"][:])


def test_labels_of_train_stand_where_nobody_answered(desk, tmp_path):
    written(tmp_path / "data" / "train.jsonl", [{"id": f"m{n}", "text": text(n), "label": "refund"} for n in range(30)])
    rows = [{"id": f"v{n}", "text": text(n), "label": "billing"} for n in range(30, 39)]
    written(tmp_path / "data" / "train.jsonl", [{"id": f"m{n}", "text": text(n), "label": true(n)} for n in range(30)])
    data = desk(all_answered(m4="refund")[:20])
    assert len(rows) == 9
    assert [LABELS[label] for label in data.splits["train"]["label"][:]] == [true(n) for n in range(30)]
    assert said(data, 4).tolist() == [[0, 1, 0]]
    assert said(data, 29).tolist() == [[0, 0, 1]]
    assert "10 of 30 rows of train have no answer: their own labels stand for it" in data.notes
    assert data.labelled["first"].unanswered == set(data.splits["train"]["key"][20:])


def test_labels_of_train_are_not_read_where_they_are_replaced(desk, tmp_path):
    written(tmp_path / "data" / "train.jsonl", [{"id": f"m{n}", "text": text(n), "label": "refund"} for n in range(30)])
    data = desk(all_answered(), replaces_labels=True)
    assert [LABELS[label] for label in data.splits["train"]["label"][:]] == [true(n) for n in range(30)]


def test_a_split_without_labels_is_left_out_and_validation_held_out_of_train_is_agreement(desk, tmp_path):
    written(tmp_path / "data" / "validation.jsonl", [{"text": text(n)} for n in range(30, 39)])
    data = desk(all_answered())
    assert any(
        note.startswith("validation in ") and note.endswith("has no labels: it is left out") for note in data.notes
    )
    assert data.labelled["first"].own_splits == ("validation",)


def test_what_the_labeller_calls_a_label_is_mapped_to_it(desk):
    data = desk(all_answered(m4="Refund!", m5="no idea"), label_map={"Refund!": "refund", "no idea": "abstain"})
    assert said(data, 4).tolist() == [[0, 1, 0]]
    assert len(data.splits["train"]) == 29


def test_csv_tsv_and_parquet_say_the_same_as_json_lines(desk, tmp_path):
    rows = all_answered(m4=["refund", "billing"])
    expected = said(desk(rows), 4).tolist()
    cells = [row["answer"] if isinstance(row["answer"], str) else json.dumps(row["answer"]) for row in rows]
    with (tmp_path / "answers.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "answer"), *zip([row["id"] for row in rows], cells, strict=True)])
    with (tmp_path / "answers.tsv").open("w", newline="", encoding="utf-8") as file:  # with the quotes of CSV
        named = [("id", "answer"), *zip([row["id"] for row in rows], cells, strict=True)]
        csv.writer(file, delimiter="\t").writerows(named)
    table = Dataset.from_dict({"id": [row["id"] for row in rows], "answer": cells})
    table.to_parquet(tmp_path / "answers.parquet")
    for file in ("answers.csv", "answers.tsv", "answers.parquet"):
        config = Config(task="classification")
        config.data.path, config.teacher.answers = str(tmp_path / "data"), str(tmp_path / file)
        assert said(prepare(config), 4).tolist() == expected


def test_a_row_of_which_all_probability_abstains_has_no_answer(desk):
    data = desk(all_answered(m4={"abstain": 1.0}, m5={"refund": 0.0, "abstain": 1.0}))
    assert (len(data.splits["train"]), data.labelled["first"].counts.abstained) == (28, 2)


GOLD = [{"text": text(n), "label": true(n)} for n in range(40, 46)]


def test_gold_rows_are_a_split_and_their_answers_are_no_strangers(desk):
    answered = [{"id": "g", "text": text(40), "answer": "billing"}]
    data = desk([*all_answered(), *answered], gold=GOLD)
    gold = data.splits["gold"]
    assert [LABELS[label] for label in gold["label"][:]] == [true(n) for n in range(40, 46)]
    assert data.labelled["first"].rows[gold["key"][0]].tolist() == [[1, 0, 0]]
    assert data.labelled["first"].gold == "gold"


def test_gold_rows_known_by_id_leave_train_where_that_is_asked_for(desk):
    data = desk(all_answered(m4="refund"), gold=[{"id": "m4", "label": "technical"}], on_bad="drop")
    assert data.rows() == {"train": 29, "validation": 9, "gold": 1}
    assert data.splits["gold"]["text"][:] == [text(4)]
    assert "1 gold rows are left out of train" in data.notes


REFUSED = {
    "two answers for an id": (
        [*all_answered(), {"id": "m4", "answer": "refund"}],
        r"line 5 and 31 both answer the id m4: leave one of them out; several askings are one line with a list of",
    ),
    "two answers to a text": (
        [*({"text": text(n), "answer": true(n)} for n in range(30)), {"text": text(4), "answer": "billing"}],
        r"line 5 and 31 answer the same text differently: ",
    ),
    "a label outside the set": (
        all_answered(m4="refnud", m5="refnud"),
        r"line 5 \(id m4\) answers 'refnud', which is no label of the data \(billing, refund, technical\), and 1 more "
        r"of 30 answers cannot be used; \+teacher\.label_map\.refnud=LABEL says which is meant; data\.on_bad=drop",
    ),
    "probabilities that do not sum to 1": (
        all_answered(m4={"refund": 0.5, "billing": 0.2}),
        r"line 5 \(id m4\) gives probabilities that sum to 0\.7 and not to 1",
    ),
    "a negative probability": (
        all_answered(m4={"refund": 1.2, "billing": -0.2}),
        r"line 5 \(id m4\) gives 'refund' the probability 1\.2, which is none",
    ),
    "a probability that is a text": (
        all_answered(m4={"refund": "high"}),
        r"line 5 \(id m4\) gives 'refund' the probability 'high', which is none",
    ),
    "answers for no row": (
        [*all_answered(), {"id": "x", "text": "never seen", "answer": "refund"}],
        r"1 of the 31 answers of .*answers\.jsonl are for no row of the data, the first .* line 31 \(id x\): ",
    ),
    "a file of other ids": (
        [{"id": f"other{n}", "answer": true(n)} for n in range(30)],
        r"answers\.jsonl: no id and no text of it is in the data: it answers another data set",
    ),
    "a file of the same ids with other texts": (
        [{**row, "text": "another"} for row in all_answered()],
        r"answers\.jsonl: its ids are in the data, but its texts are others: it answers another data set",
    ),
    "no column of answers": (
        [{"id": "m1", "verdict": "refund"}],
        r"answers\.jsonl has no column answer or label; it has id, verdict: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_meant_is_refused(desk, case):
    answers, message = REFUSED[case]
    with pytest.raises(DataError, match=message):
        desk(answers)


def test_answers_that_cannot_be_used_are_counted_where_they_are_to_be_dropped(desk):
    rows = [*all_answered(m4="refnud", m5={"refund": 2}), {"id": "x", "text": "never seen", "answer": "refund"}]
    counts = desk(rows, on_bad="drop").labelled["first"].counts
    assert (counts.outside, counts.first_outside, counts.unparseable, counts.no_row) == (1, "refnud", 1, 1)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        (
            [{"text": text(4), "label": "refund"}],
            r"gold\.jsonl line 1 is a gold row and a row of train: what is",
        ),
        ([{"id": "m77", "label": "refund"}], r"gold\.jsonl line 1 \(id m77\) is no row of the data: give its text"),
        (
            [{"text": "new", "label": "refnud"}],
            r"gold has the label refnud \(row 1\), which train does not have; train has",
        ),
        ([{"text": "new", "label": None}, *GOLD], r"gold\.jsonl line 1 has no label: a gold row is one whose label"),
        ([*GOLD, GOLD[0]], r"gold\.jsonl line 1 and 7 are the same gold row"),
    ],
)
def test_gold_rows_that_cannot_audit_are_refused(desk, gold, message):
    with pytest.raises(DataError, match=message):
        desk(all_answered(), gold=gold)


def test_texts_without_labels_that_nobody_answered_are_said_with_the_file(desk, tmp_path):
    config = Config(task="classification")
    desk(all_answered())
    config.data.path, config.teacher.answers = str(tmp_path / "data"), str(tmp_path / "answers.jsonl")
    config.data.unlabelled.path = written(tmp_path / "texts.jsonl", [{"text": text(100)}, {"text": text(101)}])
    with pytest.raises(
        DataError, match=r"^no row of unlabelled has an answer in .*answers\.jsonl; leave data\.unlabell"
    ):
        prepare(config)


def test_scores_tags_and_sets_of_labels_are_read_by_what_the_task_asks(tmp_path):
    cases = {
        "regression": ({"text": "a b", "pair": "c"}, [1.5, [1, 2]], [[1.5]], 0.5),
        "multilabel_classification": ({"text": "a b"}, [["x", "y"], [["x"], ["x", "y"]]], None, ["x"]),
        "token_classification": (
            {"tokens": ["a", "b"]},
            [["O", "B-PER"], [["O", "B-PER"], ["O", "O"]]],
            None,
            ["O", "B-PER"],
        ),
    }
    for task, (inputs, answers, _, right) in cases.items():
        folder = tmp_path / task
        folder.mkdir()
        first = next(iter(inputs))
        rows = [{**inputs, first: ["a", f"b{n}"] if first == "tokens" else f"a b {n}"} for n in range(20)]
        written(folder / "train.jsonl", rows)
        labels = {"regression": lambda n, _: n / 10, "multilabel_classification": lambda n, _: ["x", "y"][n % 2 :]}
        answered = [
            {**row, "answer": answers[n]}
            if n < 2
            else {**row, "answer": labels.get(task, lambda _, tags: tags)(n, right)}
            for n, row in enumerate(rows)
        ]
        config = Config(task=task)
        config.data.path, config.teacher.answers = str(folder), written(tmp_path / "answers.jsonl", answered)
        config.data.holdout = 0.1
        data = prepare(config)
        found = data.labelled["first"]
        assert len(found.rows) == 20
        assert found.counts.agreement is None or 0.5 < found.counts.agreement < 1
        shapes = {"regression": (1, 1), "multilabel_classification": (1, 2), "token_classification": (2, 2)}
        assert {row.shape for row in found.rows.values()} == {shapes[task]}


def test_a_list_of_tags_of_another_length_is_no_answer(tmp_path):
    (tmp_path / "data").mkdir()
    rows = [{"tokens": ["Anna", f"left{n}"]} for n in range(20)]
    written(tmp_path / "data" / "train.jsonl", rows)
    config = Config(task="token_classification")
    config.data.path = str(tmp_path / "data")
    tags = [["B-PER", "O"]] * 19 + [["B-PER"]]
    config.teacher.answers = written(
        tmp_path / "answers.jsonl", [{**row, "answer": tag} for row, tag in zip(rows, tags, strict=True)]
    )
    with pytest.raises(DataError, match=r"line 20 answers 1 tags to a row of 2 words; data\.on_bad=drop leaves such"):
        prepare(config)
    config.data.on_bad = "drop"
    data = prepare(config)
    assert sum(map(len, data.splits.values())) == 19
    assert (data.labelled["first"].counts.answered, data.labelled["first"].counts.unparseable) == (19, 1)
    assert re.search("1 of 20 rows of train have no answer", " ".join(data.notes))
