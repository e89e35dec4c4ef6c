"""``python -m distill.design`` with a tiny teacher, on a clock that tells the time by the number of layers."""

import io
import json
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from distill import design
from distill.config.design import DesignConfig
from distill.designer import proposing, timing
from distill.designer.candidates import Candidate, StudentShape
from distill.pipeline.prepare_data import prepare

ROOT = Path(__file__).parents[1]
DATA = []


@pytest.fixture
def settings(small):
    """Those of the small run without its student."""
    return [*(each for each in small if not each.startswith("student")), "budget.format=torch"]


@pytest.fixture
def propose(settings, tmp_path, monkeypatch):
    """The command, in this process: its exit code and what it says. Each layer takes 2 ms, and a narrow one 1 ms."""

    def clock(calls, samples):
        taken = {"teacher": 4.0, "layers_1": 2.0, "scratch_1x16": 1.0, "scratch_2x16": 2.0}
        return {name: {"p50": taken[name], "p90": 9.0} for name in calls}

    monkeypatch.setattr(timing, "interleaved", clock)
    monkeypatch.chdir(tmp_path)

    def once(config):
        """The data, read once for all tests: it is the same."""
        if not DATA:
            DATA.append(prepare(config))
        return DATA[0]

    monkeypatch.setattr(proposing, "prepare", once)

    def command(*arguments, given=settings):
        out, code = io.StringIO(), 0
        GlobalHydra.instance().clear()
        flags_first = sorted([*given, *arguments], key=lambda each: each != "-m")
        monkeypatch.setattr(sys, "argv", ["design", *flags_first])
        with redirect_stdout(out), redirect_stderr(out):
            try:
                design.main()
            except SystemExit as end:
                code = end.code
        return code, out.getvalue()

    return command


def cards(folder):
    return {path.stem: OmegaConf.to_container(OmegaConf.load(path)) for path in (folder / "student").glob("*.yaml")}


def test_students_within_the_budget_are_proposed_as_cards_with_their_commands(propose, settings, tmp_path):
    code, said = propose("budget.latency_ms=2", "budget.parameters=30k")
    assert code == 0, said
    assert "3 candidates: 3 within the budget." in said
    assert [line.split()[-1] for line in said.splitlines() if line.startswith("python")] == [
        "student=layers_1", "student=scratch_2x16", "student=scratch_1x16",
    ]  # fmt: skip
    assert cards(tmp_path / "designs") == {
        "layers_1": {
            "student": {"init": "teacher", "layers": 1, "layer_map": "uniform", "embedding_rank": "auto"},
            "distill": {"cka": {"weight": 1.0}},
        },
        **{
            f"scratch_{layers}x16": {
                "student": {
                    "init": "random",
                    "architecture": {"layers": layers, "hidden_size": 16, "heads": 1, "intermediate_size": 64},
                }
            }
            for layers in (1, 2)
        },
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["designs"]
    for line in said.splitlines():
        if line.startswith("python"):
            assert line.startswith("python -m distill.run --config-dir designs experiment=sst2_tiny ")
            assert "budget" not in line


def test_a_run_takes_the_cards_and_its_students_have_the_parameters_that_were_counted(
    propose, finished, settings, tmp_path, inside_of
):
    code, said = propose("budget.parameters=30k", "output=designs")
    assert code == 0, said
    made = inside_of(tmp_path)
    made.store = finished[0].store  # has the teacher already
    for name in ("layers_1", "scratch_2x16"):
        (command,) = (line for line in said.splitlines() if line.endswith(f"student={name}"))
        given = shlex.split(command)[3:]
        made(*given, "stages=[teach,distill,evaluate]", f"hydra.run.dir={tmp_path}/{name}", small=False)
        models = json.loads((tmp_path / name / "report.json").read_text())["models"]
        card = (tmp_path / "designs" / "student" / f"{name}.yaml").read_text()
        assert f"# {models['student']['parameters']:,} parameters, " in card
        assert models["teacher"]["description"] == "bert, 2 layers of width 32"


def test_fewer_that_fit_are_said_to_be_few(propose, tmp_path):
    code, said = propose("budget.latency_ms=1.5", "output=designs")
    assert code == 0
    assert "3 candidates: 2 too slow, 1 within the budget. So there are only 1 to propose." in said
    assert list(cards(tmp_path / "designs")) == ["scratch_1x16"]


def test_students_are_exported_and_their_cards_export_the_same_formats(propose, settings, tmp_path):
    shipped = [each for each in settings if not each.startswith(("export.", "budget."))]
    code, said = propose("budget.latency_ms=1.5", "budget.size_mb=1", given=shipped)
    assert code == 0, said
    assert "Budget, as onnx_int8: at most 1 MB and at most 1.5 ms" in said
    assert "3 students of random weights" in said
    assert "3 candidates: 2 too slow, 1 within the budget." in said
    (card,) = cards(tmp_path / "designs").values()
    assert card["export"] == {"formats": ["huggingface", "onnx", "onnx_int8"]}


def test_a_file_that_is_too_large_is_no_proposal(propose, tmp_path):
    code, said = propose("budget.size_mb=0.05", "output=designs")
    assert code == 0, said
    assert "3 candidates: 1 too large, 2 within the budget." in said
    assert set(cards(tmp_path / "designs")) == {"scratch_1x16", "scratch_2x16"}


@pytest.mark.parametrize("budget", ["budget.latency_ms=0.9", "budget.parameters=100", "budget.size_mb=0.001"])
def test_where_nothing_fits_the_nearest_is_told_with_exit_code_1(propose, tmp_path, budget):
    code, said = propose(budget, "output=designs")
    assert code == 1, said
    assert "this one comes nearest:" in " ".join(said.split())
    assert re.search(r"\n  scratch_1x16 +1 +16 ", said)
    assert not list(tmp_path.iterdir())


def test_without_a_limit_of_time_only_the_proposals_are_timed(propose, settings, monkeypatch):
    seen = []

    def watched(calls, samples):
        seen.append(sorted(calls))
        return {name: {"p50": 1.0, "p90": 1.0} for name in calls}

    monkeypatch.setattr(timing, "interleaved", watched)
    size = "teacher.architecture={layers: 4, hidden_size: 32, heads: 4, intermediate_size: 64}"
    given = [each for each in settings if not each.startswith("teacher.architecture")]
    code, said = propose("budget.parameters=1M", "output=designs", size, given=given)
    assert code == 0, said
    assert int(re.search(r"(\d+) candidates", said)[1]) > 3
    assert len(seen[-1]) == len({"teacher", *re.findall(r"student=(\w+)", said)}) == 4


def test_cards_that_are_there_are_replaced_only_when_asked(propose, tmp_path, monkeypatch):
    there = tmp_path / "designs" / "student" / "layers_1.yaml"
    there.parent.mkdir(parents=True)
    there.write_text("init: random\n")
    code, said = propose("budget.latency_ms=2", "output=designs")
    assert code == 2
    assert said.splitlines()[-1] == (
        "distill: output=designs: there is a card student/layers_1.yaml already; give another folder, or "
        "overwrite=true to replace it"
    )
    assert there.read_text() == "init: random\n"
    assert "timing" not in said
    code, said = propose("budget.latency_ms=2", "output=designs", "overwrite=true")
    assert code == 0, said
    assert cards(tmp_path / "designs")["layers_1"]["student"]["init"] == "teacher"


def test_ones_own_cards_may_be_in_the_same_folder(propose, tmp_path):
    (tmp_path / "designs" / "teacher").mkdir(parents=True)
    (tmp_path / "designs" / "teacher" / "mine.yaml").write_text("vocab_size: 99\n")
    given = ["--config-dir", "designs", "experiment=sst2_tiny", "teacher=mine", "budget.parameters=30k"]
    code, said = propose("output=designs", given=given)
    assert (code, said) == (
        2, "distill: 1 problem in the settings\n  teacher.vocab_size=99: allowed is a whole number from 100 up\n",
    )  # fmt: skip
    code, said = propose("output=elsewhere", given=given)
    assert code == 2
    assert said.splitlines()[-1] == (
        f"  output=elsewhere: a run reads cards from one folder; with --config-dir {tmp_path}/designs allowed is "
        f"output={tmp_path}/designs"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("budget.latency=5",),
         "budget.latency: unknown setting; did you mean latency_ms? budget has latency_ms, size_mb, parameters, "
         "tokens, threads, format"),
        (("budget.latency_ms=soon",),
         "budget.latency_ms: Value 'soon' of type 'str' could not be converted to Float"),
        (("teacher=bert",), "teacher=bert: no such card; there are "),
        (("-m", "budget.latency_ms=2,5", "output=designs"),
         "-m: students are proposed for one budget at a time; leave it out"),
        (("output=designs",),
         "1 problem in the settings\n  budget: give at least one of budget.latency_ms=5, budget.size_mb=12 and "
            "budget.parameters=5M"),
        (("budget.latency_ms=2", "budget.format=tflite", "output=designs"),
         "1 problem in the settings\n  budget.format=tflite: allowed is null or one of torch, onnx, onnx_int8"),
        (("budget.size_mb=0", "budget.format=onnx", "output=designs"),
         "2 problems in the settings\n  budget.size_mb=0.0: allowed is null or a number above 0\n"
         "  budget.format=onnx: is not among export.formats=['huggingface'], which is what a run ships"),
        (("budget.parameters=1M", "output=designs", "teacher=minilm", "teacher.model=some/hub-id"),
         "some/hub-id: there is no such folder, and the hub's model of that name is neither in the local cache nor "
         "reachable; give the folder of a checkpoint, as in teacher.model=FOLDER"),
    ],
)  # fmt: skip
def test_a_mistake_ends_in_one_message_and_writes_nothing(propose, settings, tmp_path, monkeypatch, arguments, message):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    unread = ("teacher.", "pretrain.") if "teacher=minilm" in arguments else ("-",)
    scratch = [each for each in settings if not each.startswith(unread)]
    code, said = propose(*arguments, given=scratch)
    assert code == 2, said
    assert f"distill: {message}" in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_students_without_layers_learn_as_their_card_says():
    candidate = Candidate("static", StudentShape(0, 256, 0))
    assert design._card(candidate, DesignConfig(), ()) == OmegaConf.load(ROOT / "students" / "static.yaml")


def test_a_form_that_the_task_cannot_have_is_refused(propose):
    code, said = propose("budget.format=onnx", "output=designs", "task=translation")
    assert code == 2
    assert (
        "\n  budget.format=onnx: translation writes token by token, which takes several graphs and a loop around them; "
        "allowed is torch\n" in said
    )


def test_a_folder_that_cannot_be_written_is_told(propose, tmp_path):
    (tmp_path / "designs").mkdir()
    (tmp_path / "designs" / "student").write_text("")
    code, said = propose("budget.parameters=30k", "output=designs")
    assert (code, said.splitlines()[-1]) == (2, "distill: output=designs: cannot be written (File exists)")


def test_control_c_leaves_nothing_behind(propose, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(timing, "interleaved", interrupted)
    code, said = propose("budget.parameters=30k", "output=designs")
    assert (code, said.splitlines()[-1]) == (130, "distill: interrupted; nothing was written")
    assert not list(tmp_path.iterdir())


def test_help_and_a_bad_budget_import_nothing_heavy(tmp_path):
    program = (
        "import sys; from distill import design; sys.argv[1:] = sys.argv[1].split()\n"
        "try: design.main()\n"
        "finally: print({name for name in ('torch', 'transformers', 'datasets', 'numpy') if name in sys.modules})"
    )
    for arguments, code in (("--help", 0), ("budget.threads=0 output=a", 2)):
        command = [sys.executable, "-c", program, arguments]
        done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, text=True, capture_output=True)
        assert done.returncode == code, done.stderr
        assert done.stdout.splitlines()[-1] == "set()"
        assert ("budget.parameters=5M    weights" in done.stdout) == (code == 0)
    assert not list(tmp_path.iterdir())
