"""Rows that cannot be used, of every task: refused with how many and which, or left out and counted."""

import json
import re

import pytest

from distill.config.schema import Config
from distill.errors import DataError
from distill.pipeline.prepare_data import prepare

TEXTS = {"text": "Anna slept"}
PAIRS = {"text": "Anna slept", "pair": "Otto woke"}
GOOD = {
    "classification": TEXTS,
    "pair_classification": PAIRS,
    "multilabel_classification": TEXTS,
    "regression": PAIRS,
    "token_classification": {"tokens": ["Anna", "slept"]},
    "relation_extraction": {"text": "<e1>Anna</e1> saw <e2>Otto</e2>"},
    "question_answering": {"context": "Anna slept", "question": "Who slept?"},
    "translation": {"source": "Anna schlief", "target": "Anna slept"},
    "summarization": {"source": "Anna slept all day", "target": "Anna slept"},
    "dialogue": {"turns": ["Who slept?", "Anna"]},
}
LABELS = {
    "classification": ("one", "two"),
    "pair_classification": ("one", "two"),
    "multilabel_classification": (["one"], ["two"]),
    "regression": (1.5, 2.5),
    "token_classification": (["B-PER", "O"], ["O", "O"]),
    "relation_extraction": ("one", "two"),
    "question_answering": ({"text": ["Anna"], "answer_start": [0]},) * 2,
}
NO_LABEL = {"classification", "pair_classification", "regression", "token_classification", "relation_extraction",
            "question_answering"}  # fmt: skip
"""Tasks of which a row needs a label; of several labels none is a set of labels, too."""


def rows(task, count):
    """Rows that can be used, each with a text of its own."""
    made = []
    for number in range(count):
        row = {"id": f"r{number + 1}"}
        for role, value in GOOD[task].items():
            row[role] = [*value[:-1], f"{value[-1]}{number}"] if isinstance(value, list) else f"{value} {number}"
        if task in LABELS:
            row["label"] = LABELS[task][number % 2]
        made.append(row)
    return made


def config(task, file, **given):
    made = Config(task=task)
    made.data.path, made.data.labels = str(file), {}
    for name, value in given.items():
        setattr(made.data, name, value)
    return made


def file(folder, lines, name="train.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def nothing(value):
    """Nothing in the place of a value: empty, and white space alone."""
    return ([], [" \t"]) if isinstance(value, list) else ("", " \u00a0\n")


def cases():
    for task in GOOD:
        for role, value in GOOD[task].items():
            yield from ((task, role, empty) for empty in (*nothing(value), None))
        if task in NO_LABEL:
            yield task, "label", None


@pytest.mark.parametrize(("task", "role", "empty"), list(cases()))
def test_a_row_without_a_text_or_label_is_refused_by_row_and_id_or_left_out(tmp_path, task, role, empty):
    lines = rows(task, 30)
    for number in (4, 9):
        lines[number][role] = empty
    path = file(tmp_path, lines)
    wrong = "an empty entry in" if empty and isinstance(empty, list) else "no"
    first = f"row 5 (id r5) has {wrong} {role}, row 10 (id r10) has {wrong} {role}"
    with pytest.raises(DataError) as refused:
        prepare(config(task, path))
    assert str(refused.value) == (
        f"2 of 30 rows of train in {path} cannot be used: {first}; data.on_bad=drop leaves them out"
    )
    data = prepare(config(task, path, on_bad="drop"))
    kind = f"{wrong} tag" if (task, role) == ("token_classification", "label") else f"{wrong} {role}"
    assert f"2 of 30 rows of train are left out: {kind} (2)" in data.notes
    assert sum(data.rows().values()) == 28
    alias = prepare(config(task, path, drop_bad=True))
    assert alias.notes == data.notes
    assert alias.describe()["fingerprint"] == data.describe()["fingerprint"]


@pytest.mark.parametrize("task", GOOD)
def test_a_file_of_which_every_row_would_be_left_out_is_refused(tmp_path, task):
    lines = rows(task, 6)
    role = next(iter(GOOD[task]))
    for line in lines:
        line[role] = nothing(line[role])[0]
    path = file(tmp_path, lines)
    with pytest.raises(DataError) as refused:
        prepare(config(task, path, on_bad="drop"))
    assert str(refused.value).startswith(f"no row of train in {path} can be used: no {role} (6)")


@pytest.mark.parametrize("task", GOOD)
def test_without_bad_rows_what_is_done_about_them_changes_nothing(tmp_path, task):
    path = file(tmp_path, rows(task, 20))
    kept, dropped = (prepare(config(task, path, on_bad=on_bad)) for on_bad in (None, "drop"))
    assert (kept.describe(), kept.notes) == (dropped.describe(), dropped.notes)


READS = [task for task in GOOD if task not in ("translation", "summarization", "dialogue")]


@pytest.mark.parametrize("task", READS)
def test_rows_without_labels_are_refused_or_left_out_like_those_of_train(tmp_path, task):
    path, role = file(tmp_path, rows(task, 20)), next(iter(GOOD[task]))
    more = [{**row, "id": f"u{number}"} for number, row in enumerate(rows(task, 24)[20:])]
    for line in more:
        line.pop("label")
    more[-1][role] = nothing(more[-1][role])[0]
    other = file(tmp_path, more, "more.jsonl")
    given = config(task, path)
    given.data.unlabelled.path = str(other)
    said = f"row {len(more)} (id u3) of unlabelled in {other} has no {role}; data.on_bad=drop leaves it out"
    with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
        prepare(given)
    given.data.on_bad = "drop"
    assert f"1 of {len(more)} rows of unlabelled are left out: no {role} (1)" in prepare(given).notes
