"""A file of a labeller's answers through the whole chain, small, to the report."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from distill.data.embedded import sentiment
from distill.pipeline import run_report

pytestmark = pytest.mark.slow

NAMES = ("negative", "positive")
SETTINGS = (
    "teacher=labels", "teacher.default_model=null", "data.source=local", "data.columns.text=text", "data.labels=null",
    "distill.temperature=1", "distill.hard.weight=0", "distill.soft.weight=1", "teacher.price_per_row=0.01",
)  # fmt: skip
MODELS = ("teacher.accept=", "finetune.", "data.source=")


def written(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def labelled(folder, test_answers):
    """A data set whose train has no labels, with a labeller that errs in one row of five, and some gold rows."""
    random = np.random.default_rng(0)
    splits = {name: rows[:] for name, rows in sentiment.sample().items()}
    train = list(zip(splits["train"]["text"][:250], splits["train"]["label"][:250], strict=True))
    test = list(zip(splits["test"]["text"][:64], splits["test"]["label"][:64], strict=True))
    folder.mkdir()
    written(folder / "train.jsonl", [{"id": n, "text": text} for n, (text, _) in enumerate(train[:190])])
    rows = [{"id": f"t{n}", "text": text, "label": NAMES[label]} for n, (text, label) in enumerate(test)]
    written(folder / "validation.jsonl", rows[:32])
    written(folder / "test.jsonl", rows[32:])
    written(folder / "gold.jsonl", [{"text": text, "label": NAMES[label]} for text, label in train[190:]])
    answers = [
        {"id": n, "text": text, "answer": NAMES[label ^ int(random.random() < 0.2)]}
        for n, (text, label) in enumerate(train)
    ]
    answers[3]["answer"], answers[4]["answer"] = None, ["positive", "positive", "negative"]
    if test_answers:
        answers += [{"id": row["id"], "answer": row["label"]} for row in rows]
    written(folder.parent / "answers.jsonl", answers)


def report(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory, inside_of, small_of_module):
    """Run on the labelled data, in one store; give the run's folder."""
    command = inside_of(tmp_path_factory.mktemp("labels"))
    small = [each for each in small_of_module if not each.startswith(MODELS)]

    def made(name, data, *overrides):
        place = command.folder / data
        settings = (*SETTINGS, f"data.path={place}", f"teacher.answers={command.folder}/answers.jsonl")
        gold = f"teacher.gold={place}/gold.jsonl"
        command(f"hydra.run.dir={command.folder}/{name}", *small, *settings, gold, *overrides, small=False)
        return command.folder / name

    labelled(command.folder / "data", test_answers=False)
    return made


@pytest.fixture(scope="module")
def first(run):
    return run("first", "data")


def stages(folder):
    return {stage["name"]: stage["status"] for stage in report(folder)["stages"]}


def test_no_teacher_is_trained_and_the_student_learns_from_the_answers(first):
    assert list(stages(first)) == ["pretrain", "teach", "distill", "control", "evaluate", "export"]
    assert list(report(first)["models"]) == ["student", "control", "huggingface"]
    assert report(first)["gain"]["gap_closed"] is None
    assert report(first)["data"]["rows"] == {"train": 189, "validation": 32, "test": 32, "gold": 60}


def test_students_of_several_seeds_learn_from_the_same_answers(first, run):
    seed = report(first)["seed"]
    folder = run("several", "data", f"seeds=[{seed},{seed + 1}]")
    made = [
        name for name, status in stages(folder).items() if status != "reused" and name.partition(":")[0] != "export"
    ]
    assert {name.partition(":")[0] for name in made} <= {"distill", "control", "evaluate"}
    found = report(folder)["seeds"]
    assert found["seeds"] == [seed, seed + 1]
    assert set(found["models"]) == {"student", "control"}


def weights(folder, stage, pattern):
    """The tensors that a stage of a run has written."""
    place = Path(next(each["folder"] for each in report(folder)["stages"] if each["name"] == stage))
    (part,) = (place if place.is_absolute() else folder.parent / place).glob(pattern)
    return load_file(part)


@pytest.mark.long
def test_two_ranks_learn_from_the_answers_as_one_does(run, first, command_of, small_of_module):
    given = ("distill.dropout=0", "stages=[pretrain,teach,distill]", "trainer.precision=64-true")
    place = first.parent
    alone, command = run("alone", "data", *given, "data.batch_size=32"), command_of(place / "two")
    command.folder.mkdir()
    small = [each for each in small_of_module if not each.startswith(MODELS)]
    files = (
        f"teacher.answers={place}/answers.jsonl",
        f"teacher.gold={place}/data/gold.jsonl",
        f"data.path={place}/data",
    )
    ranks = ("trainer.devices=2", "trainer.accelerator=cpu", "data.batch_size=16", f"hydra.run.dir={place}/two/run")
    command(*small, *SETTINGS, *files, *given, *ranks, small=False, env={})
    both = (alone, command.folder / "run")
    answers, students = (
        [weights(folder, stage, pattern) for folder in both]
        for stage, pattern in (("teach", "outputs/*.safetensors"), ("distill", "model/*.safetensors"))
    )
    assert (answers[0]["values"] == answers[1]["values"]).all()
    assert set(students[0]) == set(students[1])
    for name, weight in students[0].items():
        assert torch.allclose(weight, students[1][name], atol=1e-8), name


def test_a_narrow_copy_of_what_was_pretrained_learns_from_the_answers(run):
    folder = run("narrow", "data", "student=narrow", "distill.cka.weight=0", "stages=[pretrain,teach,distill,evaluate]")
    assert report(folder)["models"]["student"]["description"] == "bert, 1 layers of width 16"
    assert list(report(folder)["objective"]["terms"]) == ["soft"]
    assert set(report(folder)["ledger"]["against_labeller"]["models"]) == {"student", "labeller"}


def test_the_ledger_says_how_good_the_labels_are_and_what_they_cost(first):
    found = report(first)["ledger"]
    assert (found["lines"], found["answered"], found["abstained"], found["unparseable"]) == (250, 249, 1, 0)
    assert found["agreement"] == pytest.approx(2 / 3)
    assert found["cost"] == {"total": 2.5, "recorded": False, "price_per_row": 0.01, "break_even_rows": 250}
    assert (found["gold"]["rows"], found["gold"]["answered"], found["smoothing"]) == (60, 60, "text")
    low, high = found["gold"]["interval"]
    assert 0 < low < found["gold"]["accuracy"] < high < 1
    student = found["against_labeller"]["models"]["student"]
    labeller = found["against_labeller"]["models"]["labeller"]
    assert labeller["value"] == pytest.approx(found["gold"]["accuracy"])
    assert student["of_labeller"] == pytest.approx(student["value"] / labeller["value"])
    assert found["not_scored"] == (
        "not scored, since it has no answer to 32 of 32 rows of validation and 32 of 32 rows of test"
    )


def test_the_rows_that_are_most_likely_wrong_stand_in_a_file(first):
    rows = [json.loads(line) for line in (first / "mislabelled.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == report(first)["ledger"]["mislabelled"]["rows"] > 0
    assert list(rows[0]) == ["id", "text", "said", "likely", "probability_of_said", "probability_of_likely"]
    assert all(row["said"] != row["likely"] for row in rows)


def test_page_and_console_say_where_the_labels_come_from(first):
    page = (first / "report.html").read_text(encoding="utf-8")
    assert "It learnt from the answers of " in page
    assert "nobody has audited" not in page
    assert "The labels of " in page


def test_what_is_stored_is_as_uncertain_as_audit_and_words_say(first):
    (folder,) = (Path(stage["folder"]) for stage in report(first)["stages"] if stage["name"] == "teach")
    (part,) = ((folder if folder.is_absolute() else first.parent / folder) / "outputs").glob("*.safetensors")
    columns = load_file(part)
    shares = columns["values"].double().softmax(dim=-1).numpy()
    assert len(shares) == 189
    assert shares.max() < 0.999  # but for the votes
    assert len(np.unique(shares.round(6), axis=0)) > 50


def test_the_price_changes_no_stage_and_another_smoothing_the_teacher_alone(run, first):
    again = run("price", "data", "teacher.price_per_row=0.02")
    assert set(stages(again).values()) == {"reused"}
    assert report(again)["ledger"]["cost"]["total"] == 5
    plain = run("plain", "data", "teacher.smoothing=none", "stages=[teach,control]")
    assert stages(plain) == {"pretrain": "reused", "teach": "done", "control": "reused"}


def test_a_labeller_that_answers_validation_and_test_is_scored_there(run, first):
    labelled(first.parent / "more", test_answers=True)
    folder = run(
        "scored", "more", "distill.hard.weight=1", "evaluate.latency_samples=0", "stages=[teach,distill,evaluate]"
    )
    models = report(folder)["models"]
    assert models["teacher"]["metrics"]["test"]["accuracy"] == 1
    assert (models["teacher"]["role"], models["teacher"]["parameters"]) == ("teacher", None)
    assert report(folder)["against_teacher"]["student"]["difference"] <= 0
    assert report(folder)["confusion"]["models"].keys() == {"teacher", "student"}


def test_a_run_folder_that_is_removed_before_the_report_is_made_again(run, first, monkeypatch):
    usual, folder = run_report.report_on, first.parent / "removed"

    def removed(*given):
        shutil.rmtree(folder)
        return usual(*given)

    monkeypatch.setattr(run_report, "report_on", removed)
    assert run("removed", "data") == folder
    assert {"config.yaml", "export", "mislabelled.jsonl", "report.json"} <= {path.name for path in folder.iterdir()}
