"""Files of answers that strangers may bring, in every form that they may have: each is refused with its one line."""

import csv
import json

import pytest
from datasets import Dataset

from distill.config.schema import Config
from distill.errors import DataError
from distill.pipeline.prepare_data import prepare

LABELS = ("billing", "refund", "technical")
ROWS = 30
DROP = "; data.on_bad=drop leaves such answers out"
KNOWN = "which is no label of the data (billing, refund, technical)"


def text(number):
    return f"message number {number} about {LABELS[number % 3]}"


TASKS = {
    "classification": (lambda n: {"text": text(n)}, "label", lambda n: LABELS[n % 3]),
    "multilabel_classification": (lambda n: {"text": text(n)}, "label", lambda n: [LABELS[n % 3]]),
    "token_classification": (
        lambda n: {"tokens": ["Anna", f"w{n}", "slept"]},
        "ner_tags",
        lambda n: ["B-PER", "O", "O"],
    ),
    "regression": (lambda n: {"text": text(n), "pair": "x"}, "label", lambda n: n / 10),
}  # fmt: skip
"""Task to the inputs of a row, the column of its label, and the label."""


def answers(task="classification", **instead):
    """Answers to all rows of train, of which some are other ones, by id."""
    right = TASKS[task][2]
    return [{"id": f"m{n}", "answer": instead.get(f"m{n}", right(n))} for n in range(ROWS)]


def each(answer):
    return [{"id": f"m{n}", "answer": answer} for n in range(ROWS)]


def beside(name, value, answer=None):
    return [*answers()[:-1], {"id": f"m{ROWS - 1}", "answer": answer, name: value}]


def written(file, rows):
    """Write rows as the ending of a file says; a table holds lists and objects as JSON."""
    if file.suffix == ".jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif file.suffix == ".parquet":
        Dataset.from_list(rows).to_parquet(file)
    else:
        cells = [[each if isinstance(each, str) else json.dumps(each) for each in row.values()] for row in rows]
        with file.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out, delimiter="," if file.suffix == ".csv" else "\t").writerows([list(rows[0]), *cells])
    return str(file)


TWICE = [*answers(), {"id": "m4", "answer": "refund"}]
ASKINGS = "leave one of them out; several askings are one line with a list of votes"
SHORT = each({"refund": 0.5, "billing": 0.2, "technical": 0.1})
BELOW = each({"refund": 1.2, "billing": -0.2, "technical": 0.0})
SUM = "gives probabilities that sum to 0.8 and not to 1"
ABOVE = "gives 'refund' the probability 1.2, which is none"
OTHERS = f", and {ROWS - 1} more of {ROWS} answers cannot be used"
CASES = {
    "two answers for an id, CSV": (TWICE, "csv", f"line 6 and 32 both answer the id m4: {ASKINGS}"),
    "two answers for an id, TSV": (TWICE, "tsv", f"line 6 and 32 both answer the id m4: {ASKINGS}"),
    "two answers for an id, Parquet": (TWICE, "parquet", f"line 5 and 31 both answer the id m4: {ASKINGS}"),
    "a sum that is not 1, CSV": (SHORT, "csv", f"line 2 (id m0) {SUM}{OTHERS}{DROP}"),
    "a sum that is not 1, TSV": (SHORT, "tsv", f"line 2 (id m0) {SUM}{OTHERS}{DROP}"),
    "a sum that is not 1, Parquet": (SHORT, "parquet", f"line 1 (id m0) {SUM}{OTHERS}{DROP}"),
    "below 0, TSV": (BELOW, "tsv", f"line 2 (id m0) {ABOVE}{OTHERS}{DROP}"),
    "below 0, Parquet": (BELOW, "parquet", f"line 1 (id m0) {ABOVE}{OTHERS}{DROP}"),
    "a sum that is not 1 with what abstains": (
        answers(m4={"refund": 0.5, "abstain": 0.2}), "jsonl",
        f"line 5 (id m4) gives probabilities that sum to 0.7 and not to 1{DROP}",
    ),
    "a list of probabilities": (
        answers(m4=[0.2, 0.8, 0.0]), "jsonl",
        f"line 5 (id m4) answers [0.2, 0.8, 0.0]: probabilities are an object with the name of each label{DROP}",
    ),
    "logarithms without labels": (
        beside("logprobs", [-0.1], "refund"), "jsonl",
        f"line 30 (id m29) has the logprobs [-0.1], which is no object of labels and their logarithms{DROP}",
    ),
    "a logarithm above 0": (
        beside("logprobs", {"refund": 1.0}), "jsonl",
        f"line 30 (id m29) gives 'refund' the log-probability 1.0, which is none{DROP}",
    ),
    "a vote outside the set": (
        answers(m4=["refund", "foo"]), "jsonl",
        f"line 5 (id m4) answers 'foo', {KNOWN}; +teacher.label_map.foo=LABEL says which is meant{DROP}",
    ),
    "a label of several words": (
        answers(m4="Refund request."), "csv",
        f"line 6 (id m4) answers 'Refund request.', {KNOWN}; 'teacher.label_map={{Refund request.: LABEL}}' says which "
        f"is meant{DROP}",
    ),
    "a label with a quote": (
        answers(m4="it's a refund"), "jsonl",
        f"line 5 (id m4) answers \"it's a refund\", {KNOWN}; teacher.label_map in a card says which is meant{DROP}",
    ),
    "lines that do not say what they answer": (
        [{"answer": "refund"}], "jsonl", " does not say what it answers: no line has an id, or text",
    ),
    "another data set, Parquet": (
        [{"id": f"o{n}", "answer": "refund"} for n in range(3)], "parquet",
        ": no id and no text of it is in the data: it answers another data set",
    ),
    "a label of several outside the set": (
        answers("multilabel_classification", m4=["refund", "foo"]), "multilabel_classification",
        f"line 5 (id m4) answers 'foo', {KNOWN}; +teacher.label_map.foo=LABEL says which is meant{DROP}",
    ),
    "another number of tags than of words": (
        answers("token_classification", m4=["B-PER", "O"]), "token_classification",
        f"line 5 (id m4) answers 2 tags to a row of 3 words{DROP}",
    ),
    "tags that are a text": (
        answers("token_classification", m4="B-PER O O"), "token_classification",
        f"line 5 (id m4) answers 'B-PER O O', which is no list of tags{DROP}",
    ),
    "a score that is true": (
        answers("regression", m4=True), "regression", f"line 5 (id m4) answers True, which is no number{DROP}",
    ),
    "logarithms of a score": (
        [*answers("regression")[:-1], {"id": "m29", "answer": 2.0, "logprobs": {"2": -0.1}}], "regression",
        f"line 30 (id m29) has the logprobs {{'2': -0.1}}, which labels alone have{DROP}",
    ),
    "a score without the pair": (
        [{"text": text(n), "answer": 1.0} for n in range(3)], "regression",
        " does not say what it answers: no line has an id, or text and pair",
    ),
}  # fmt: skip
"""The rows, the kind of file or (of JSON lines) the task, and the line after the file's name."""


def by_ids(folder, name, content, ids=None):
    """Prepare data whose rows have these ids, with answers of this content."""
    data = folder / "data"
    data.mkdir(parents=True)
    rows = [{"id": ids[n] if ids else f"m{n}", "text": text(n)} for n in range(ROWS)]
    written(data / "train.jsonl", rows)
    written(data / "validation.jsonl", [{"text": text(n), "label": LABELS[n % 3]} for n in range(ROWS, ROWS + 9)])
    config = Config(task="classification")
    config.data.path, config.teacher.answers = str(data), str(folder / name)
    (folder / name).write_text(content)
    return prepare(config)


@pytest.mark.parametrize("double", ["m4", " m4 "])
def test_an_answer_by_the_id_of_several_rows_is_refused(double, tmp_path):
    ids = [double if n == 7 else f"m{n}" for n in range(ROWS)]
    content = "".join(json.dumps(each) + "\n" for each in answers() if each["id"] != "m7")
    said = "line 5 (id m4) may answer several rows of train, which have that id: give each row an id of its own, or the"
    with pytest.raises(DataError) as error:
        by_ids(tmp_path, "answers.jsonl", content, ids)
    assert str(error.value) == f"{tmp_path}/answers.jsonl {said} texts beside the answers"


def test_answers_with_texts_may_be_to_rows_of_one_id(tmp_path):
    ids = ["m4" if n == 7 else f"m{n}" for n in range(ROWS)]
    content = "".join(json.dumps({"id": ids[n], "text": text(n), "answer": LABELS[n % 3]}) + "\n" for n in range(ROWS))
    with pytest.raises(DataError, match="line 5 and 8 both answer the id m4"):
        by_ids(tmp_path, "answers.jsonl", content, ids)
    content = "".join(line for place, line in enumerate(content.splitlines(True)) if place != 7)
    assert len(by_ids(tmp_path / "more", "answers.jsonl", content, ids).labelled["first"].rows) == ROWS - 1


TWICE_IN = {
    "answers.csv": ("id,answer,answer\nm1,refund,billing\n", "FILE names the column answer twice"),
    "by_id.csv": ("id, id ,answer\nm1,m2,refund\n", "FILE names the column id twice"),
    "answers.jsonl": ('{"id": "m1", "answer": "refund", "answer": "billing"}\n' * 2,
                      "line 1 of FILE has in answer a key that stands twice"),
    "by_id.jsonl": ('{"id": "m1", "id": "m2", "answer": "refund"}\n' * 2,
                    "line 1 of FILE has in id a key that stands twice"),
    "nothing.json": ("{}", "FILE has no column answer or label; it has none: a line is an id or text, and an answer"),
}  # fmt: skip


@pytest.mark.parametrize("name", TWICE_IN)
def test_a_field_that_stands_twice_is_refused_by_its_name(name, tmp_path):
    content, sentence = TWICE_IN[name]
    with pytest.raises(DataError) as error:
        by_ids(tmp_path, name, content)
    assert str(error.value).replace(str(tmp_path / name), "FILE") == sentence


def test_an_answer_of_thousands_of_digits_is_one_short_line(tmp_path):
    content = "".join(json.dumps(each) + "\n" for each in answers()).replace('"refund"', "9" * 5000)
    with pytest.raises(
        DataError, match=r"answers '9{80}'…, which is no label .*; teacher\.label_map in a card says"
    ) as error:
        by_ids(tmp_path, "answers.jsonl", content)
    assert len(str(error.value)) < 500 + len(str(tmp_path))


@pytest.mark.parametrize("case", CASES)
def test_a_file_of_answers_is_refused_with_its_line(case, tmp_path):
    rows, kind, line = CASES[case]
    task, ending = (kind, "jsonl") if kind in TASKS else ("classification", kind)
    inputs, column, label = TASKS[task]
    data = tmp_path / "data"
    data.mkdir()
    written(data / "train.jsonl", [{"id": f"m{n}", **inputs(n)} for n in range(ROWS)])
    written(data / "validation.jsonl", [{"id": f"v{n}", **inputs(n), column: label(n)} for n in range(ROWS, ROWS + 9)])
    config = Config(task=task)
    config.data.path, config.data.columns = str(data), {"label": column}
    config.teacher.answers = written(tmp_path / f"answers.{ending}", rows)
    with pytest.raises(DataError) as error:
        prepare(config)
    found = str(error.value).removeprefix(config.teacher.answers)
    assert found in (line, f" {line}")
    assert found.isprintable()
