"""A sweep's folders and titles carry the swept values, and it ends with its runs side by side."""

import json
import sys

import pytest
from omegaconf import OmegaConf

from distill import compare
from distill.config import sweeps
from distill.sweep import CompareJobs


@pytest.fixture
def announced():
    def announce(*arguments, of_sweeper=None):
        sweeps.announce(sweeps.keys(arguments, of_sweeper or {}))

    yield announce
    sweeps.forget()


def test_a_jobs_folder_names_what_is_swept_over_and_nothing_else(announced):
    announced("experiment=sst2_tiny", "distill.hard.weight=0.25,0.5", "student=narrow,tiny", "+data.files.a='x y','z'")
    job = ["experiment=sst2_tiny", "distill.hard.weight=0.25", "student=narrow", "+data.files.a='x y'"]
    assert sweeps.folder_part("sst2_tiny", job) == "_hard.weight-0.25_student-narrow_files.a-x-y"
    assert sweeps.values(job)["distill.hard.weight"] == "0.25"


def test_without_a_sweep_nothing_is_added():
    assert sweeps.folder_part("sst2_tiny", ["distill.temperature=2"]) == ""
    assert sweeps.values(["distill.temperature=2"]) == {}


def test_the_value_that_is_the_runs_name_is_not_said_twice(announced):
    announced("experiment=sst2_tiny,trec_tiny", "seed=range(1,3)")
    assert sweeps.folder_part("trec_tiny", ["experiment=trec_tiny", "seed=1"]) == "_seed-1"


def test_what_the_sweeper_itself_sweeps_over_is_named(announced):
    announced("experiment=sst2_tiny", of_sweeper={"distill.temperature": "1,2"})
    assert sweeps.folder_part("sst2_tiny", ["distill.temperature=1"]) == "_temperature-1"


def test_a_long_value_is_cut(announced):
    announced("distill.targets='a','b'")
    assert sweeps.folder_part("x", [f"distill.targets={'a' * 300}"]) == f"_targets-{'a' * 24}"


@pytest.fixture(scope="module")
def swept(inside_of, tmp_path_factory, small_of_module):
    """The folder of a sweep of two temperatures, where it was started, and what it printed."""
    inside = inside_of(tmp_path_factory.mktemp("swept"))
    settings = [each for each in small_of_module if not each.startswith("export.")]
    stages = "stages=[pretrain,finetune,teach,distill,evaluate]"
    folder = inside.folder / "sweep"
    out = inside("-m", *settings, "distill.temperature=1,2", f"hydra.sweep.dir={folder}", stages, small=False)
    return folder, inside.folder, out


@pytest.mark.slow
def test_a_sweep_ends_with_its_runs_side_by_side(swept):
    folder, _, out = swept
    names = ["0_sst2_tiny_temperature-1", "1_sst2_tiny_temperature-2"]
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == names
    content = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    titles = [row["title"] for group in content["groups"] for row in group["rows"]]
    assert titles == ["temperature=1.0", "temperature=2.0"]
    assert "temperature=2.0" in (folder / "sweep.html").read_text(encoding="utf-8")
    assert out.endswith(f"sweep: {folder / 'sweep.html'}\n")
    assert "sst2_tiny (distill.temperature=2): " in out
    report = (folder / names[1] / "report.html").read_text(encoding="utf-8")
    assert "<h1>sst2_tiny (distill.temperature=2)</h1>" in report


@pytest.mark.slow
def test_two_runs_are_compared_example_by_example(swept, monkeypatch, capsys):
    folder, start, _ = swept
    monkeypatch.setattr(sys, "argv", ["distill", str(folder), "--json"])
    monkeypatch.chdir(start)
    compare.main()
    pair = json.loads(capsys.readouterr().out)["pair"]
    assert pair["sentence"].startswith("accuracy on 64 rows of test: ")
    assert [part["what"] for part in pair["parts"]] == ["label", "characters"]
    assert [sum(int(line["examples"]) for line in part["lines"]) for part in pair["parts"]] == [64, 64]
    scores = [json.loads(path.read_text()) for path in sorted(folder.glob("*/report.json"))]
    first, second = (report["models"]["student"]["metrics"]["test"]["accuracy"] for report in scores)
    assert f"{100 * first:.2f} % and {100 * second:.2f} %" in pair["sentence"]
    right = [flip["right"] for flip in pair["flips"]]
    assert right.count("second") - right.count("first") == round(64 * (second - first))


def test_a_sweep_whose_runs_cannot_be_compared_says_so(tmp_path, capsys):
    config = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}})
    CompareJobs().on_multirun_end(config)
    assert capsys.readouterr().out.startswith(f"the runs of {tmp_path} are not compared: ")
