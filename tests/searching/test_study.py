"""The study on disk: what is tried next, what an interruption leaves, and what cannot go on under the same name."""

import logging

import optuna
import pytest
from filelock import FileLock
from optuna.trial import TrialState

from distill.config.search_space import Choice, Range
from distill.errors import ConfigError, StoreError
from distill.searching import cards, results, study
from distill.searching.crew import environment, logged_into
from distill.searching.page import render
from distill.searching.results import Found
from distill.searching.study import MAXIMIZE, MINIMIZE, Goal

SCORE = Goal(("score",), (MAXIMIZE,), prune=True)
FRONT = Goal(("score", "size"), (MAXIMIZE, MINIMIZE), prune=False)
SPACE = {
    "distill.temperature": Range(1.0, 8.0, log=True),
    "student.layers": Range(1, 7, step=2, whole=True),
    "distill.scheduler.name": Choice(("linear", "cosine")),
}
BASE = {"distill.temperature": 2.0, "student.layers": 3, "distill.scheduler.name": "linear"}


def drawn(folder, count, goal=SCORE, most=100, value=lambda values: [values["distill.temperature"] / 10]):
    """Ask for trials, and let each reach a value that its settings say."""
    opened, found = study.opened(folder, goal), []
    while len(found) < count and (asked := study.ask(opened, folder, SPACE, most, seed=5)) is not None:
        trial, values = asked
        opened.tell(trial, value(values))
        found.append(values)
    return found


@pytest.fixture
def folders(tmp_path):
    made = []

    def new():
        made.append(tmp_path / f"search{len(made)}")
        with study.alone(made[-1]):
            return made[-1]

    return new


def test_what_is_drawn_lies_in_the_space_and_follows_from_seed_and_history(folders):
    at_once, first = folders(), folders()
    whole = drawn(at_once, 12)
    assert drawn(first, 5) + drawn(first, 7) == whole
    for values in whole:
        assert all(SPACE[key].holds(value) for key, value in values.items())
    assert len({values["distill.temperature"] for values in whole}) == 12


def test_no_more_trials_are_given_than_are_asked_for(folders):
    folder = folders()
    assert len(drawn(folder, 9, most=3)) == 3
    assert len(drawn(folder, 9, most=4)) == 1


def test_the_settings_of_the_run_come_first_where_they_are_in_the_space(folders):
    folder = folders()
    study.enqueue(study.opened(folder, SCORE), BASE, SPACE)
    assert drawn(folder, 1) == [BASE]
    study.enqueue(study.opened(folder, SCORE), BASE, SPACE)
    assert drawn(folder, 1) != [BASE]
    other = folders()
    study.enqueue(study.opened(other, SCORE), {**BASE, "student.layers": 2}, SPACE)
    assert drawn(other, 1) != [BASE]


def test_a_trial_whose_process_died_is_made_again_with_the_same_settings(folders):
    folder = folders()
    drawn(folder, 2)
    opened = study.opened(folder, SCORE)
    _, begun = study.ask(opened, folder, SPACE, 3, seed=5)
    again = study.opened(folder, SCORE)
    assert study.resume(again) == [2]
    assert drawn(folder, 5, most=3) == [begun]
    counted = study.counted(again)
    assert [(each.number, each.state) for each in counted] == [(number, TrialState.COMPLETE) for number in (0, 1, 3)]
    assert counted[-1].user_attrs == {"goes_on": 2}
    assert study.resume(again) == []


@pytest.mark.parametrize("lines", [1, 2])
def test_a_call_that_is_killed_while_it_puts_a_trial_back_in_line_does_so_once(folders, lines):
    folder = folders()
    opened = study.opened(folder, SCORE)
    study.enqueue(opened, BASE, SPACE)
    opened.ask()  # killed before it took up any of its settings
    before = (folder / study.JOURNAL).read_bytes()
    study.resume(study.opened(folder, SCORE))
    written = (folder / study.JOURNAL).read_bytes()[len(before) :].splitlines(keepends=True)
    (folder / study.JOURNAL).write_bytes(before + b"".join(written[:lines]))
    assert study.resume(study.opened(folder, SCORE)) == [0]
    assert drawn(folder, 3, most=2)[0] == BASE
    counted = study.counted(study.opened(folder, SCORE))
    assert [(each.number, each.params == BASE) for each in counted] == [(1, True), (2, False)]


def test_a_trial_whose_worker_died_counts_as_failed(folders):
    folder = folders()
    opened = study.opened(folder, SCORE)
    study.ask(opened, folder, SPACE, 3, seed=5)
    study.give_up(opened, "its worker has ended")
    (trial,) = study.counted(opened)
    assert results.outcome(trial) == "failed: its worker has ended"
    assert study.ask(opened, folder, SPACE, 1, seed=5) is None


def test_a_line_that_was_not_written_to_its_end_is_cut_off(folders):
    folder = folders()
    drawn(folder, 2)
    journal = folder / study.JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code":5,"worker_id":"')
    (folder / f"{study.JOURNAL}.lock").touch()
    with study.alone(folder):
        assert journal.read_bytes() == whole
        assert len(drawn(folder, 1)) == 1
        assert len(study.counted(study.opened(folder, SCORE))) == 3


def test_a_journal_that_is_none_is_refused(folders):
    folder = folders()
    (folder / study.JOURNAL).write_text("no journal\nat all\n", encoding="utf-8")
    with pytest.raises(
        StoreError, match=r"journal\.log is damaged .*; remove the folder .*, or give search\.name=NAME$"
    ):
        study.opened(folder, SCORE)


def test_a_search_is_carried_out_by_one_process_at_a_time(folders):
    folder = folders()
    refused = pytest.raises(ConfigError, match="another process carries this search out")
    with FileLock(folder / "search.lock"), refused, study.alone(folder):
        pass


def test_a_study_of_another_space_is_refused_with_what_differs(folders):
    opened = study.opened(folders(), SCORE)
    study.refuse_another(opened, {"search.space.a": "[1, 2]", "seed": "1", "task": "x"}, "mine")
    study.refuse_another(opened, {"search.space.a": "[1, 2]", "seed": "1", "task": "x"}, "mine")
    with pytest.raises(ConfigError) as error:
        study.refuse_another(opened, {"search.space.b": "[1, 2]", "seed": "2", "task": "x"}, "mine")
    assert str(error.value).splitlines() == [
        "the search mine was begun with something else; search.name=OTHER begins another one",
        "  search.space.a: was [1, 2], is not there",
        "  seed: was 1, is 2",
        "  search.space.b: was not there, is [1, 2]",
    ]


def found_in(folder, goal, most=3):
    opened = study.opened(folder, goal)
    return Found("mine", "accuracy", goal, SPACE, opened, study.best(opened, most), study.looked(opened))


def test_the_best_are_ranked_and_each_set_of_settings_stands_once(folders):
    folder = folders()
    opened = study.opened(folder, SCORE)
    for value in (2.0, 4.0, 4.0, 1.0):
        opened.enqueue_trial({**BASE, "distill.temperature": value})
    drawn(folder, 4)
    assert [(each.number, each.values) for each in found_in(folder, SCORE).best] == [(1, [0.4]), (0, [0.2]), (3, [0.1])]
    assert [each.number for each in found_in(folder, SCORE, most=1).best] == [1]


def test_of_two_objectives_the_front_is_the_best(folders):
    folder = folders()
    opened = study.opened(folder, FRONT)
    reached = iter([[0.8, 30.0], [0.7, 10.0], [0.6, 20.0], [0.8, 40.0]])
    for _ in range(4):
        trial, _ = study.ask(opened, folder, SPACE, 4, seed=5)
        opened.tell(trial, next(reached))
    assert [each.number for each in found_in(folder, FRONT).best] == [0, 1]
    assert "30 B" in results.table(found_in(folder, FRONT))


def test_trials_that_were_pruned_or_failed_are_told_apart(folders):
    folder = folders()
    drawn(folder, 1)
    opened = study.opened(folder, SCORE)
    for state, epochs in ((TrialState.PRUNED, 2), (TrialState.FAIL, 1), (TrialState.FAIL, 0)):
        trial, _ = study.ask(opened, folder, SPACE, 9, seed=5)
        for epoch in range(1, epochs + 1):
            trial.report(0.5, epoch)
        trial.set_user_attr(study.REASON, "<b>too hot</b>")
        opened.tell(trial, state=state)
    found = found_in(folder, SCORE)
    assert results.sentence(found) == (
        "4 trials (1 finished, 1 pruned, 2 failed), of which 3 looked at validation and none at test"
    )
    written = results.as_json(found)
    assert [each["outcome"] for each in written["trials"]] == ["finished", "pruned", "failed", "failed"]
    assert written["trials"][1]["watched"] == {"1": 0.5, "2": 0.5}
    assert written["looked_at_validation"] == 3
    page = render(found, ["python -m distill.run"])
    assert "&lt;b&gt;too hot&lt;/b&gt;" in page
    assert "<b>too hot" not in page
    assert 'src="http' not in page
    assert page.count('class="plotly-graph-div"') == 5  # history, three settings, and validation of the pruned one


def test_a_trial_that_is_behind_the_others_is_pruned(folders):
    folder = folders()
    opened = study.opened(folder, SCORE)
    for value in (0.6, 0.7, 0.8, 0.7, 0.6, 0.1):
        trial, _ = study.ask(opened, folder, SPACE, 9, seed=5)
        pruned = []
        for epoch in (1, 2, 3):
            trial.report(value, epoch)
            pruned.append(trial.should_prune())
        opened.tell(trial, value)
    assert pruned == [False, True, True]  # nobody is judged by the first epoch


def test_cards_say_what_they_are_and_those_of_an_earlier_call_go(tmp_path):
    values = [{"distill.optimizer.lr": 1e-05, "student.layers": 2}, {"distill.optimizer.lr": 0.1, "student.layers": 3}]
    assert cards.write(tmp_path, "mine", "sst2_tiny", values, 12, ["first", "second"]) == ["mine_1", "mine_2"]
    (tmp_path / "experiment" / "mine_other.yaml").write_text("# @package _global_\n", encoding="utf-8")
    assert cards.write(tmp_path, "mine", "sst2_tiny", values[:1], 12, ["first"]) == ["mine_1"]
    assert sorted(path.name for path in (tmp_path / "experiment").iterdir()) == ["mine_1.yaml", "mine_other.yaml"]
    assert (tmp_path / "experiment" / "mine_1.yaml").read_text(encoding="utf-8") == (
        "# @package _global_\n# Made by distill.search: first\ndefaults:\n- sst2_tiny\n- _self_\nname: mine_1\n"
        "distill:\n  optimizer:\n    lr: 1.0e-05\nstudent:\n  layers: 2\nreport:\n  searched: 12\n"
    )
    cards.refuse_to_replace(tmp_path, "mine")
    (tmp_path / "experiment" / "mine_1.yaml").write_text("# @package _global_\nseed: 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine_1\.yaml: is no card of a search and would be replaced; "):
        cards.refuse_to_replace(tmp_path, "mine")


def test_each_worker_has_its_threads_and_a_gpu():
    made = environment({"CUDA_VISIBLE_DEVICES": "4,6", "PATH": "x"}, number=3, workers=4, gpus=2)
    assert (made["CUDA_VISIBLE_DEVICES"], made["PATH"]) == ("6", "x")
    assert int(made["OMP_NUM_THREADS"]) >= 1
    assert "CUDA_VISIBLE_DEVICES" not in environment({}, number=1, workers=2, gpus=0)


def test_while_trials_are_made_only_the_search_itself_is_told(tmp_path, caplog):
    stage, search = logging.getLogger("distill.pipeline.runner"), logging.getLogger("distill.search")
    logging.getLogger("distill").setLevel(logging.INFO)
    with logged_into(tmp_path / "worker.log"):
        stage.info("distill: begins")
        search.info("trial 1: done")
    stage.info("export: begins")
    assert [record.message for record in caplog.records] == ["trial 1: done", "export: begins"]
    written = (tmp_path / "worker.log").read_text(encoding="utf-8")
    assert "distill: begins" in written
    assert "trial 1: done" in written
    assert "export" not in written


optuna.logging.set_verbosity(optuna.logging.ERROR)
