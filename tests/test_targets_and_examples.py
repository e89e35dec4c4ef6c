"""Targets and the examples that the report shows, through a run whose stages were all finished before."""

import json
import re
import shutil
import sys

import pytest
from safetensors.torch import load_file, save_file

from distill import ask, counterfactuals, refresh
from distill import gate as gate_command
from distill.config.data import DataConfig, LimitConfig
from distill.config.schema import Config
from distill.errors import ConfigError
from distill.inference.predictor import Predictor
from distill.models import checksums
from distill.pipeline.gating import gate
from distill.pipeline.paired_checks import Rules
from distill.pipeline.prepare_data import prepare

LEARNS = ("finetune.max_epochs=6", "finetune.optimizer.lr=3e-3")
"""The small run's teacher has learnt nothing, as its student, so that they hardly part."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory, inside_of):
    """A folder in which a small run has been made once."""
    command = inside_of(tmp_path_factory.mktemp("finished"))
    command(*LEARNS, f"hydra.run.dir={command.folder}/run")
    return command


def run_again(command, name, *overrides):
    """Repeat the run with settings of the report alone: its folder, its report, and what it printed."""
    folder = command.folder / name
    out = command(*LEARNS, *overrides, f"hydra.run.dir={folder}")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert {stage["status"] for stage in report["stages"]} == {"reused"}
    return folder, report, " ".join(out.split())


def examples_of(folder):
    return [json.loads(line) for line in (folder / "disagreements.jsonl").read_text(encoding="utf-8").splitlines()]


def test_targets_are_judged_on_console_page_and_card_without_a_stage_made_anew(finished):
    limits = {"max_loss": 100.0, "latency_ms": 1e6, "size_mb": 1000.0}
    folder, report, out = run_again(finished, "aims", *(f"target.{name}={limit}" for name, limit in limits.items()))
    targets = report["targets"]
    assert (targets["limits"], targets["verdict"], set(targets["forms"])) == (limits, "met", {"student", "huggingface"})
    assert targets["best"] in targets["forms"]
    student, export = (report["against_teacher"][name] for name in ("student", "huggingface"))
    assert student == export, "the same weights"
    said = f"The targets are met, best by {targets['best']}"
    card = (folder / "export" / "student" / "README.md").read_text(encoding="utf-8")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert all(said in text for text in (out, card, page))
    checksums.verify(folder / "export" / "student")


def test_examples_have_what_was_said_by_each_model_and_the_exported_student_says_the_same(finished):
    folder, report, _ = run_again(finished, "examples", "report.examples=6")
    found, rows = report["disagreements"], examples_of(folder)
    assert found["split"] == "test"
    assert sum(found["kinds"].values()) == found["part"] > 0
    assert found["shown"] == len(rows) == min(6, found["part"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<article ") == len(rows)
    model = Predictor.load(folder / "export" / "student", format="torch")
    for row in rows:
        assert row["teacher"]["label"] != row["student"]["label"]
        assert (row["gold"] == row["teacher"]["label"]) == row["kind"].startswith("teacher right")
        (answer,) = model.predict([row["inputs"]])
        assert answer["label"] == row["student"]["label"]
        assert answer["probability"] == pytest.approx(row["student"]["probability"], abs=1e-5)
        assert set(row) == {"id", "kind", "inputs", "gold", "teacher", "student", "control"}


def test_no_text_of_private_data_leaves_the_run(finished):
    folder, _, _ = run_again(finished, "private", "report.examples=3")
    texts = [row["inputs"]["text"] for row in examples_of(folder)]
    folder, report, _ = run_again(finished, "private", "report.examples=0")
    assert not (folder / "disagreements.jsonl").exists()
    assert report["disagreements"]["shown"] == 0
    for path in (folder / "report.html", folder / "report.json", folder / "run.log"):
        content = path.read_text(encoding="utf-8")
        assert "<script" not in content
        assert not [text for text in texts if text in content]


def asked(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["distill.ask", *map(str, arguments)])
    try:
        ask.main()
        code = 0
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr()


def test_teacher_student_and_control_answer_one_text(finished, monkeypatch, capsys):
    folder, _, _ = run_again(finished, "asked", "report.examples=1")
    (row,) = examples_of(folder)
    code, printed = asked(monkeypatch, capsys, f"model={folder}", "runs=1", row["inputs"]["text"])
    assert code == 0
    lines = [re.fullmatch(r"(\w+) +(\w+)  ([\d.]+)%  \([\d.]+ ms\)", line) for line in printed.out.splitlines()]
    assert {line[1]: line[2] for line in lines} == {
        name: row[name]["label"] for name in ("teacher", "student", "control")
    }
    for line in lines:
        assert float(line[3]) == pytest.approx(100 * row[line[1]]["probability"], abs=0.06)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model={run}"], "give the example, a text for each input of the task"),
        (["A text."], "give model=..."),
        (["model={run}", "runs=0", "A text."], "runs=0: allowed is a whole number from 1 up"),
        (["model={run}", "A text.", "Another."], "the task reads text: give 1 of them, not 2"),
        (
            ["model={run}/export", "A text."],
            "model={run}/export: it has no report.json, so that it is no folder of a run that has ended",
        ),
    ],
)
def test_what_cannot_be_asked_ends_in_one_sentence(finished, monkeypatch, capsys, arguments, message):
    run = finished.folder / "run"
    code, printed = asked(monkeypatch, capsys, *(each.format(run=run) for each in arguments))
    assert (code, printed.out) == (2, "")
    assert printed.err.startswith(f"distill: {message.format(run=run)}")


def test_a_run_whose_stages_are_gone_says_so(tmp_path, monkeypatch, capsys):
    stages = [{"name": "distill", "folder": "outputs/store/distill-0123456789ab"}]
    (tmp_path / "report.json").write_text(
        json.dumps({"task": "classification", "stages": stages, "models": {}}), encoding="utf-8"
    )
    code, printed = asked(monkeypatch, capsys, f"model={tmp_path}", "--", "text=1")
    assert code == 2
    assert "none of the models that report.json names is in the store any more" in printed.err


def test_slices_are_scored_without_a_stage_made_anew_and_judged_by_the_gate(finished):
    folder, report, _ = run_again(finished, "sliced", "evaluate.slices=[length,'contains:the']")
    sliced = report["slices"]
    assert set(sliced["all"]) == set(report["models"])
    assert sum(part["rows"] for part in sliced["slices"] if part["by"] == "length") == report["data"]["rows"]["test"]
    assert sliced["all"]["student"]["value"] == report["models"]["student"]["metrics"]["test"]["accuracy"]
    assert all(set(part["models"]) == set(sliced["all"]) for part in sliced["slices"])
    assert "<h2>By slice</h2>" in (folder / "report.html").read_text(encoding="utf-8")
    verdict = gate(str(folder / "export" / "student"), str(folder), Rules(["length"], tolerance=0.0, format="torch"))
    assert verdict.passed
    assert {check.difference.mean for check in verdict.checks} == {0.0}, "the same weights"
    assert verdict.notes[0].endswith("what it was trained on is not known here.")
    with pytest.raises(ConfigError, match="metric=rouge1: the task classification can be compared by accuracy, f1, "):
        gate(str(folder), str(folder), Rules(metric="rouge1"))


def test_the_gates_exit_code_says_whether_a_model_may_take_anothers_place(finished, ended, tmp_path):
    run, opposite = finished.folder / "run", tmp_path / "opposite"
    shutil.copytree(run / "export" / "student", opposite)
    weights = load_file(opposite / "model.safetensors")
    turned = {name: -each if name.startswith("classifier.") else each for name, each in weights.items()}
    save_file(turned, opposite / "model.safetensors", {"format": "pt"})
    (opposite / checksums.FILE).unlink()
    same = ended(gate_command.main, f"new={run}", f"old={run}", "slices=length")
    assert (same[0], same[2]) == (0, "")
    assert same[1].startswith("PASSED: accuracy on test (64 rows)")
    code, out, err = ended(gate_command.main, f"new={opposite}", f"old={run}", "tolerance=0", "--json")
    assert (code, err) == (3, "")
    assert json.loads(out)["passed"] is False


TEMPLATE = "lists: {who: {a: [Ada], b: [Bo]}}\ntemplates: "
ROWS = "id,text,label\n" + "".join(
    f"n{number},case {number} is,{'negative' if number % 2 else 'positive'}\n" for number in range(40)
)


@pytest.fixture
def files(finished, models, tmp_path):
    """What the commands after training are given that does not go together."""
    limit = LimitConfig(train=192, validation=64, test=64)
    train = prepare(Config(data=DataConfig(source="embedded", limit=limit))).splits["train"]
    for name, test in (("new", "t1,never seen,negative\n"), ("learnt", f't1,"{train["text"][0]}",negative\n')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.csv").write_text(ROWS, encoding="utf-8")
        (tmp_path / name / "test.csv").write_text("id,text,label\n" + test, encoding="utf-8")
    (tmp_path / "ids.csv").write_text("id,label\nx1,negative\n", encoding="utf-8")
    (tmp_path / "no_slot.yaml").write_text(f"{TEMPLATE}['nobody']\n", encoding="utf-8")
    (tmp_path / "no_list.yaml").write_text(f"{TEMPLATE}['{{who}} saw {{whom}}']\n", encoding="utf-8")
    there = {"RUN": finished.folder / "run", "SCORES": models("regression"), "OTHERS": models("classification")}
    return {**there, "HERE": tmp_path}


@pytest.mark.parametrize(
    ("command", "words", "message"),
    [
        (gate_command, "new=RUN old=RUN slices=genre", "slices by genre: test has no such column"),
        (gate_command, "new=RUN old=RUN slices=contains:xylophone", "slices by contains:xylophone: no row of test"),
        (gate_command, "new=RUN old=RUN metric=bleu", "metric=bleu: the task classification can be compared by accura"),
        (gate_command, "new=SCORES old=RUN", "SCORES is of the task regression, the run of classification"),
        (
            gate_command,
            "new=RUN old=OTHERS",
            "the labels are not the same: OTHERS has no and yes, the run negative and",
        ),
        (refresh, "run=OTHERS data.path=HERE/new", "run=OTHERS: is no folder of a run, it has no report.json"),
        (
            refresh,
            "run=RUN data.path=HERE/new refresh.corrections=HERE/ids.csv",
            "refresh.corrections=HERE/ids.csv: the rows of the run have no column id, by which labels are corrected",
        ),
        (refresh, "run=RUN data.path=HERE/new refresh.rename={x:y}", "refresh.rename={x: y}: the run has no label x"),
        (refresh, "run=RUN data.path=HERE/new refresh.remove=[x]", "refresh.remove=[x]: the run has no label x"),
        (refresh, "run=RUN data.path=HERE/learnt", "1 of the 1 new rows of test were trained on, by the run or one be"),
        (
            counterfactuals,
            "model=RUN templates=HERE/no_slot.yaml",
            "HERE/no_slot.yaml: template 1, nobody, has no slot; write one as {who}",
        ),
        (
            counterfactuals,
            "model=RUN templates=HERE/no_list.yaml",
            "HERE/no_list.yaml: template 1, {who} saw {whom}, has the slot {whom}, which no list fills; there are who",
        ),
    ],
)
def test_what_does_not_go_together_after_training_ends_in_one_sentence(
    files, monkeypatch, capsys, command, words, message
):
    for name, place in files.items():
        words, message = words.replace(name, str(place)), message.replace(name, str(place))
    monkeypatch.chdir(files["HERE"])
    monkeypatch.setattr(sys, "argv", ["distill", *words.split()])
    with pytest.raises(SystemExit) as end:
        command.main()
    printed = capsys.readouterr()
    assert (end.value.code, printed.out) == (2, "")
    assert printed.err.startswith(f"distill: {message}")
    assert printed.err.count("\n") == 1
    assert [path.name for path in files["RUN"].parent.iterdir() if path.is_dir() and path.name.startswith("20")] == []
