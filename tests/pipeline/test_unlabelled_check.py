"""What text without labels cannot give is said before anything is trained, or once the teacher was asked."""

import json
import re

import numpy as np
import pytest
from run_parts import spec_of

from distill.config.schema import Config
from distill.errors import DataError
from distill.pipeline.unlabelled_check import threshold
from distill.stages.pseudo_labels import sure_enough


def written(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(file)


@pytest.fixture
def config(tmp_path):
    """Answers of a labeller that is at most 0.8996 sure of a text without labels."""
    rows = [{"text": f"{'good' if n % 2 else 'bad'} film {n}", "label": ("no", "yes")[n % 2]} for n in range(40)]
    (tmp_path / "data").mkdir()
    written(tmp_path / "data" / "train.jsonl", rows)
    written(tmp_path / "data" / "validation.jsonl", [{**row, "text": f"again {row['text']}"} for row in rows[:10]])
    texts = [f"tale {n}" for n in range(5)]
    sure = (0.5, 0.6, 0.7, 0.8, 0.8996)
    said = [{"text": text, "answer": {"yes": each, "no": 1 - each}} for text, each in zip(texts, sure, strict=True)]
    plain = [{"text": row["text"], "answer": row["label"]} for row in rows]
    config = Config(task="classification")
    config.data.path = str(tmp_path / "data")
    config.data.unlabelled.path = written(tmp_path / "more.jsonl", [{"text": text} for text in texts])
    config.teacher.answers = written(tmp_path / "answers.jsonl", [*plain, *said])
    config.stages = ["teach", "distill"]
    return config


def test_a_threshold_that_no_answer_of_a_file_reaches_is_refused_before_training(config):
    config.distill.unlabelled.threshold = 0.9
    message = (
        "distill.unlabelled.threshold=0.9: the teacher is that sure of none of 5 texts without labels, and of the "
        "surest 0.899; lower it, or leave it out"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        threshold(spec_of(config))


@pytest.mark.parametrize("given", [0.899, 0.5, None])
def test_a_threshold_that_an_answer_reaches_is_not(config, given):
    config.distill.unlabelled.threshold = given
    threshold(spec_of(config))


def test_a_run_that_trains_no_student_reads_no_threshold(config):
    config.distill.unlabelled.threshold, config.stages = 0.9, ["teach"]
    threshold(spec_of(config))


def test_the_surest_that_is_named_is_a_threshold_that_leaves_a_text(config):
    spec, sure = spec_of(config), np.asarray([0.3, 0.76999])
    spec.config.distill.unlabelled.threshold = 0.9
    with pytest.raises(DataError, match=r"of the surest 0\.769;") as refused:
        sure_enough(spec, sure)
    spec.config.distill.unlabelled.threshold = float(re.search(r"surest (\S+);", str(refused.value))[1])
    assert sure_enough(spec, sure).tolist() == [1]
