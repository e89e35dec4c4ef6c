"""``python -m distill.search``: trials that share a teacher and never see test, gone on with, and run as cards."""

import io
import json
import os
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hydra._internal.hydra import Hydra
from hydra.core.global_hydra import GlobalHydra

from distill import search
from distill.base import manifest
from distill.config.search_space import Choice, Range
from distill.pipeline.store_contents import contents, run_folders
from distill.searching import study
from distill.searching.study import MAXIMIZE, Goal

SPACE = {
    "distill.optimizer.lr": Range(1e-4, 1e-2, log=True),
    "student.architecture.layers": Choice((1, 2)),
}
GIVEN = (
    "search.space.distill.optimizer.lr={low: 1e-4, high: 1e-2, log: true}",
    "search.space.student.architecture.layers=[1,2]",
)


class Searched:
    """The command in this process, which has already paid for the imports, in a folder of its own."""

    def __init__(self, folder, overrides):
        self.folder, self.overrides = folder, overrides
        self.store = folder / "store"
        self.study = self.store / "searches" / "sst2_tiny"

    def __call__(self, *overrides, code=0):
        out, found = io.StringIO(), 0
        GlobalHydra.instance().clear()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
            patch.setattr(sys, "argv", ["distill", *self.overrides, *overrides, f"store={self.store}"])
            patch.chdir(self.folder)
            patch.setattr(Hydra, "get_mode", lambda *_, **__: None)  # else all is composed twice, for a hydra.mode
            patch.setattr(os, "fsync", lambda _: None)  # no test pulls the plug
            try:
                search.main()
            except SystemExit as end:
                found = end.code
        assert found == code, out.getvalue()
        return out.getvalue()

    def stages(self, kind):
        return sorted(self.store.glob(f"{kind}-*"))


@pytest.fixture(scope="module")
def searched(tmp_path_factory, small_of_module):
    searched_itself = "student.architecture"
    base = [each for each in small_of_module if not each.startswith(searched_itself)]
    size = ("hidden_size=16", "heads=2", "intermediate_size=32")
    return Searched(tmp_path_factory.mktemp("searched"), [*base, *(f"{searched_itself}.{each}" for each in size)])


@pytest.fixture(scope="module")
def first(searched):
    """What the first call says, of one trial."""
    return searched(*GIVEN, "trials=1")


@pytest.mark.slow
def test_a_trial_is_scored_on_validation_alone_and_becomes_a_card(searched, first):
    assert "search sst2_tiny: begins, " in first
    assert "1 trial (1 finished), of which 1 looked at validation and none at test." in first
    assert "distill: begins" not in first  # which stands in the worker's log
    (evaluated,) = searched.stages("evaluate")
    models = manifest.read(evaluated)["result"]["models"]
    assert {name: list(model["metrics"]) for name, model in models.items()} == {"student": ["validation"]}
    assert not list(evaluated.rglob("*test*"))
    written = json.loads((searched.folder / "searches" / "sst2_tiny" / "search.json").read_text(encoding="utf-8"))
    assert written["best"] == [0]
    assert written["trials"][0]["settings"] == {"distill.optimizer.lr": 0.001, "student.architecture.layers": 2}
    assert written["trials"][0]["watched"].keys() == {"1"}
    card = (searched.folder / "searches" / "experiment" / "sst2_tiny_1.yaml").read_text(encoding="utf-8")
    assert card.startswith("# @package _global_\n# Made by distill.search: trial 0, accuracy ")


@pytest.mark.slow
def test_an_interrupted_search_goes_on_and_asks_the_teacher_no_more(searched, first):
    goal = Goal(("score",), (MAXIMIZE,), prune=True)
    with study.alone(searched.study):
        _, begun = study.ask(study.opened(searched.study, goal), searched.study, SPACE, 2, seed=1234)
    out = searched(*GIVEN, "trials=2")
    assert "search sst2_tiny: goes on, 1 of 2 trials are there, interrupted 1" in out
    assert "trial 0: " not in out
    trials = study.counted(study.opened(searched.study, goal))
    assert [each.number for each in trials] == [0, 2]
    assert trials[1].params == begun
    assert [len(searched.stages(kind)) for kind in ("pretrain", "finetune", "teach", "distill")] == [1, 1, 1, 2]
    runs = run_folders(searched.store, searched.folder)
    used = {entry.name.partition("-")[0]: entry.runs for entry in contents(searched.store, runs)}
    assert used["distill"] == used["teach"] == (str(searched.study.resolve()),)


@pytest.mark.slow
def test_the_card_makes_a_run_of_the_same_student_that_says_what_was_looked_at(searched, first, inside_of):
    command = next(line for line in first.splitlines() if "experiment=sst2_tiny_1" in line)
    words = shlex.split(command)[3:]
    inside = inside_of(searched.folder)
    given = [word for word in words if not word.startswith("store=")]
    out = inside(*given, "stages=[distill]", f"hydra.run.dir={searched.folder}/run", small=False)
    assert "distill: reused in" in out
    report = json.loads((searched.folder / "run" / "report.json").read_text(encoding="utf-8"))
    assert report["searched"] >= 1
    assert " of a search looked at validation before these settings were chosen" in report["warnings"][0]


@pytest.mark.slow
def test_score_and_latency_make_a_front_of_timed_trials(searched, first):
    several = ("search.objectives=[score,latency,size]", "search.name=timed", "trials=2")
    out = searched("search.space.student.architecture.layers=[1,2]", *several)
    assert "2 trials (2 finished), of which 2 looked at validation and none at test." in out
    folder = searched.folder / "searches"
    written = json.loads((folder / "timed" / "search.json").read_text(encoding="utf-8"))
    assert written["objectives"] == {"score": "maximize", "latency": "minimize", "size": "minimize"}
    reached = [each["reached"] for each in written["trials"]]
    assert all(each["latency"] > 0 and each["size"] > 0 and 0 <= each["score"] <= 1 for each in reached)
    best = [reached[number] for number in written["best"]]
    assert min(each["latency"] for each in best) == min(each["latency"] for each in reached)
    assert (folder / "experiment" / "timed_1.yaml").is_file()
    assert "Pareto" in (folder / "timed" / "search.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_trials_that_all_fail_end_the_search_with_their_reasons(searched, first):
    hot = "search.space.distill.optimizer.lr=[1e30,1e31]"
    out = searched(hot, "search.name=hot", "trials=1", code=2)
    assert "trial 0: failed: distill: " in out
    assert "distill: all 1 trials have failed; search.name=OTHER begins anew:\n  distill: " in out
    assert not list(searched.store.glob(".distill-*.partial"))


@pytest.mark.slow
@pytest.mark.long
def test_another_space_is_no_part_of_the_same_search(searched, first):
    out = searched("search.space.distill.temperature=[1,2]", "trials=1", code=2)
    assert "the search sst2_tiny was begun with something else; search.name=OTHER begins another one" in out
    assert "  search.space.distill.temperature: was not there, is [1, 2]" in out


@pytest.mark.slow
@pytest.mark.long
def test_a_setting_that_no_student_reads_is_refused_before_the_teacher_is_trained(searched):
    said = searched("search.space.student.vocabulary_size=[100,200]", "search.space.data.batch_size=[8,16]", code=2)
    assert "search.space.student.vocabulary_size=100: belongs to student.vocabulary=corpus; allowed is" in said
    said = searched("search.space.data.batch_size=[8,16]", "search.name=of_batches", code=2)
    assert "search.space.data.batch_size: changes " in said
    assert " as well, so that every trial would have a teacher of its own" in said
