"""What a notebook sees of the package."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

import distill
from distill import DistillError, Predictor, Run, run_experiment

ROOT = Path(__file__).parents[1]


def test_the_import_is_quick_and_brings_no_torch():
    code = (
        "import sys, time; start = time.perf_counter(); import distill; took = time.perf_counter() - start;"
        "print(took < 0.3, sorted({'torch', 'transformers', 'datasets', 'hydra'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT).stdout == "True []\n"


def test_these_names_are_public():
    assert distill.__all__ == [
        "DistillError",
        "Objective",
        "Outputs",
        "Predictor",
        "Run",
        "forward_models",
        "make_objective",
        "run_experiment",
    ]
    assert all(getattr(distill, name).__doc__ for name in distill.__all__)
    assert set(distill.__all__) <= set(dir(distill))
    with pytest.raises(AttributeError, match=r"^module 'distill' has no attribute 'teach'$"):
        distill.teach  # noqa: B018


@pytest.fixture(scope="module")
def run(small_of_module, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    overrides = [each for each in small_of_module if not each.startswith("experiment=")]
    return run_experiment("sst2_tiny", *overrides, f"store={folder}/store", folder=folder / "run")


@pytest.mark.slow
def test_a_run_is_an_object_with_its_report_its_stages_and_its_student(run):
    assert isinstance(run, Run)
    assert list(run.stages) == ["pretrain", "finetune", "teach", "distill", "control", "evaluate", "export"]
    assert all(folder.is_dir() for folder in run.stages.values())
    assert run.report["command"].startswith("python -m distill.run experiment=sst2_tiny data.source=embedded")
    assert (run.folder / "report.html").is_file()


@pytest.mark.slow
def test_a_predictor_answers_one_text(run):
    answer = run.predictor()("a very good film")
    assert answer["label"] in ("negative", "positive")
    assert 0.5 <= answer["probability"] <= 1
    assert Predictor.load(run.student)("a very good film") == answer
    with pytest.raises(DistillError, match=r"^the example: give text, which the model reads, and nothing else$"):
        run.predictor()("a text", "another")
    with pytest.raises(DistillError, match="a text is expected"):
        run.predictor()(3)


def test_a_mistake_is_an_error_of_the_package_and_hydra_stays_as_it_was(tmp_path, monkeypatch):
    before = object()
    monkeypatch.setattr(GlobalHydra.instance(), "hydra", before)
    for given, said in (
        (("sst2_tiny", "distill.temprature=3"), "distill.temprature: unknown setting"),
        (("nothing",), "experiment=nothing: no such card"),
        (("null",), "experiment=null: null is no card; leave it out"),
        (("sst2_tiny", "teacher=null"), "teacher=null: null is no card; leave it out"),
        (("sst2_tiny", "+evaluate.beside.old.model=/none"), "evaluate.beside.old.model=/none: there is no such folder"),
        (("sst2_tiny", "distill.temperature=0"), "1 problem in the settings"),
        (("sst2_tiny", "trainer.devices=2"), "run_experiment trains in this process"),
    ):
        with pytest.raises(DistillError, match=re.escape(said)):
            run_experiment(*given, folder=tmp_path / "run")
    assert GlobalHydra.instance().hydra is before
    assert not (tmp_path / "run").exists()


def test_what_is_no_setting_and_no_folder_is_refused_before_anything_is_made(tmp_path):
    (tmp_path / "file").touch()
    hydras = "run_experiment reads no settings of Hydra; folder=FOLDER is that of the run"
    for given, folders, said in (
        ([["seed=1"]], {}, "['seed=1']: each setting is a text of its own, such as 'distill.temperature=4'"),
        (["hydra.run.dir=there"], {}, f"hydra.run.dir=there: {hydras}"),
        (["hydra/job_logging=disabled"], {}, f"hydra/job_logging=disabled: {hydras}"),
        (["-m"], {}, "-m: run_experiment takes settings and no flags"),
        ([], {"folder": tmp_path / "file"}, f"folder={tmp_path}/file: is no folder"),
        ([], {"config_dir": tmp_path / "no"}, f"config_dir={tmp_path}/no: there is no such folder"),
    ):
        with pytest.raises(DistillError, match=f"^{re.escape(said)}$"):
            run_experiment("sst2_tiny", *given, **folders)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_cards_of_ones_own_are_found(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\nseed: -1\n")
    with pytest.raises(DistillError, match="seed=-1: allowed is"):
        run_experiment("mine", config_dir=tmp_path, folder=tmp_path / "run")
