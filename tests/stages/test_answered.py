"""What the stage of a teacher that is a file of answers writes, and of which rows."""

import json

import numpy as np
import pytest
from run_parts import decided, job_of

from distill.config.schema import Config
from distill.stages import answered

LABELS = ("billing", "refund")
WORDS = ("the invoice of may", "my money back please")


def written(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(file)


@pytest.fixture
def taught(tmp_path):
    """Let people and a labeller label messages, and return what the stage says and the rows of its model of words."""

    def stage(answers, task="classification"):
        labels = [LABELS[n % 2] if task == "classification" else [LABELS[n % 2]] for n in range(60)]
        rows = [{"text": f"{WORDS[n % 2]} {n}", "label": label} for n, label in enumerate(labels)]
        written(tmp_path / "train.jsonl", rows)
        written(tmp_path / "validation.jsonl", [{**row, "text": f"again {row['text']}"} for row in rows[:20]])
        gold = [{**row, "text": f"surely {row['text']}"} for row in rows[:20]]
        told = [{"text": row["text"], "answer": row["label"]} for row in (*rows[:answers], *gold)]
        config = Config(task=task)
        config.data.path, config.data.limit.train = str(tmp_path), 60
        config.teacher.answers = written(tmp_path / "answers" / "a.jsonl", told)
        config.teacher.gold = written(tmp_path / "answers" / "gold.jsonl", gold)
        job = job_of(decided(config), tmp_path / "stage")
        result = answered.teach(job)
        file = tmp_path / "stage" / answered.FILE
        return result, len(np.load(file)["keys"]) if file.is_file() else None

    (tmp_path / "answers").mkdir()
    (tmp_path / "stage").mkdir()
    return stage


def test_what_people_said_is_not_taken_for_the_labellers(taught):
    result, words = taught(answers=40)
    assert (result["examples"], result["smoothing"], words) == (60, "text", 40)


def test_words_smooth_nothing_where_too_few_rows_are_answered_to_learn_them(taught):
    result, words = taught(answers=4)
    assert (result["smoothing"], words) == ("audit", None)


def test_of_several_labels_the_audit_alone_smoothes(taught):
    result, words = taught(answers=40, task="multilabel_classification")
    assert (result["smoothing"], words, len(result["noise"])) == ("audit", None, 2)
