"""Two teachers with different tokenizers through the whole chain, small, to the report."""

import csv
import json

import numpy as np
import pytest
from safetensors.torch import load_file

from distill.data.embedded import sentiment

pytestmark = pytest.mark.slow

SECOND = (
    "+teacher@more_teachers.second=scratch_small", "more_teachers.second.vocab_size=200",
    "more_teachers.second.accept=true",
    "more_teachers.second.architecture={layers: 1, hidden_size: 24, heads: 2, intermediate_size: 32}",
)  # fmt: skip


def report(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def made(folder):
    return [stage["name"] for stage in report(folder)["stages"] if stage["status"] == "done"]


@pytest.fixture(scope="module")
def again(finished):
    """Further runs on the store of the one with the first teacher alone."""
    command, _ = finished

    def run(name, *overrides):
        out = command(f"hydra.run.dir={command.folder}/{name}", *overrides)
        return command.folder / name, out

    return run


@pytest.fixture(scope="module")
def together(again):
    """A run with both teachers, and what it printed."""
    return again("two", *SECOND, "+ensemble.weights.first=3")


def test_each_teacher_is_made_once_and_the_first_is_the_one_that_it_was_alone(together):
    folder, _ = together
    assert [stage["name"] for stage in report(folder)["stages"]] == [
        "pretrain", "pretrain:second", "finetune", "finetune:second", "teach", "teach:second", "distill", "control",
        "evaluate", "export",
    ]  # fmt: skip
    assert made(folder) == ["pretrain:second", "finetune:second", "teach:second", "distill", "evaluate", "export"]
    with (folder / "metrics.csv").open(newline="") as file:
        assert ("finetune:second", "train/hard") in {(row["stage"], row["name"]) for row in csv.DictReader(file)}


def test_the_second_teacher_is_the_one_that_it_is_alone(together, again):
    folder, _ = again(
        "alone", "stages=[pretrain,finetune,teach]", "teacher.vocab_size=200",
        "teacher.architecture={layers: 1, hidden_size: 24, heads: 2, intermediate_size: 32}",
    )  # fmt: skip
    assert made(folder) == []


def stored(folder, who, split, keys):
    parts = [load_file(path) for path in (folder / "answers" / who / split / "rows").glob("*.safetensors")]
    rows = {key: row for part in parts for key, row in zip(part["key"].tolist(), part["values"].numpy(), strict=True)}
    return np.stack([rows[key] for key in keys]).astype(float)


def test_the_teachers_are_scored_each_and_together_and_the_student_is_held_against_both(finished, together):
    from distill.data.embedded import sentiment
    from distill.data.splits import keyed, limit

    folder, out = together
    content = report(folder)
    models = content["models"]
    assert list(models) == ["teacher", "first", "second", "student", "control", "huggingface"]
    assert models["first"]["metrics"] == report(finished[0].folder / "run")["models"]["teacher"]["metrics"]
    assert models["teacher"]["parameters"] == models["first"]["parameters"] + models["second"]["parameters"]
    assert models["teacher"]["description"] == "first, second: the mean of their probabilities"
    assert models["teacher"]["latency_ms"].keys() == models["first"]["latency_ms"].keys(), "both were timed"

    test = keyed(limit(sentiment.sample(), {"test": 64}, seed=42)["test"], ("text",))
    (evaluate,) = (stage["folder"] for stage in content["stages"] if stage["name"] == "evaluate")
    keys = test["key"][:]
    answers = {who: stored(finished[0].folder / evaluate, who, "test", keys) for who in ("first", "second", "student")}
    raised = {who: np.exp(rows) / np.exp(rows).sum(axis=1, keepdims=True) for who, rows in answers.items()}
    both = 0.75 * raised["first"] + 0.25 * raised["second"]
    right = both.argmax(axis=1) == np.array(test["label"][:])
    assert models["teacher"]["metrics"]["test"]["accuracy"] == pytest.approx(right.mean())
    kl = (both * (np.log(both) - np.log(raised["student"]))).sum(axis=1).mean()
    assert content["fidelity"]["kl"] == pytest.approx(kl, abs=1e-5)
    assert content["objective"]["teachers"] == {
        "combine": "probabilities", "weights": {"first": 0.75, "second": 0.25},
    }  # fmt: skip
    assert "of the teachers' parameters" in out
    heads = [line.split() for line in out.splitlines() if line.split() and set(line.split()) <= set(models)]
    assert [name for names in heads for name in names] == list(models)


def test_the_page_and_the_card_name_every_teacher(together):
    folder, _ = together
    page = (folder / "report.html").read_text(encoding="utf-8")
    card = (folder / "export" / "student" / "README.md").read_text(encoding="utf-8")
    for name in ("first", "second"):
        assert f'<th scope="col" class="teacher">{name}</th>' in page
    assert "taught by 75% first + 25% second of the probabilities" in page
    assert "| teacher | first | second | student | control |" in card


@pytest.mark.parametrize("override", ["+ensemble.weights={first: 1}", "ensemble.combine=confidence"])
def test_how_teachers_are_combined_changes_the_student_and_what_follows_and_no_teacher(together, again, override):
    folder, _ = again("".join(filter(str.isalpha, override)), *SECOND, override)
    assert made(folder) == ["distill", "evaluate", "export"]


def test_weights_of_the_same_proportions_are_the_same(together, again):
    folder, _ = again("proportions", *SECOND, "+ensemble.weights={first: 6, second: 2}")
    assert made(folder) == []


def test_answers_of_a_file_beside_a_model_say_nothing_of_other_domains(again, tmp_path):
    splits = {name: rows[:] for name, rows in sentiment.sample().items()}
    names = ("negative", "positive")
    answers = [
        {"text": text, "answer": names[label]}
        for rows in splits.values()
        for text, label in zip(rows["text"], rows["label"], strict=True)
    ]
    written = {"answers": list({row["text"]: row for row in answers}.values()), "tales": []}
    written["tales"] = [{"text": f"once upon a time {row['text']}", "label": row["answer"]} for row in answers[:20]]
    for name, rows in written.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    folder, _ = again(
        "labeller", "+teacher@more_teachers.llm=labels", f"more_teachers.llm.answers={tmp_path}/answers.jsonl",
        "more_teachers.llm.default_model=null", f"+evaluate.also.tales={tmp_path}/tales.jsonl",
        "stages=[teach,distill,evaluate]", "evaluate.latency_samples=0",
    )  # fmt: skip
    metrics = {name: list(model["metrics"]) for name, model in report(folder)["models"].items()}
    assert metrics["first"] == metrics["student"] == ["validation", "test", "tales"]
    assert metrics["llm"] == metrics["teacher"] == ["validation", "test"]
