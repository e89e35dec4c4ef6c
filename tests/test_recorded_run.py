"""A finished store and the folder that it exported, made by an earlier version, are worth what they were.

``tests/recorded/README.md`` says which version made them, and when they are to be made anew.
"""

import io
import json
import sys
import tarfile
import tempfile
from contextlib import chdir
from pathlib import Path

import pytest

RECORDED = Path(__file__).parent / "recorded"
ROOT = Path(__file__).parents[1]
STORE, ANSWERS = RECORDED / "store.tar.gz", RECORDED / "answers.json"
STAGES = ["pretrain", "finetune", "teach", "distill", "control", "evaluate", "export"]
RUN = (
    "data.source=embedded", "data.limit.train=128", "data.limit.validation=32", "data.limit.test=32",
    "data.max_length=24", "data.batch_size=16", "teacher.vocab_size=200",
    "teacher.architecture={layers: 2, hidden_size: 24, heads: 2, intermediate_size: 48}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}", "pretrain.max_epochs=1",
    "finetune.max_epochs=15", "finetune.optimizer.lr=0.005", "distill.max_epochs=12", "distill.optimizer.lr=0.01",
    "distill.hidden.weight=0.1", "evaluate.latency_samples=0", "evaluate.resamples=100",
    "evaluate.baselines=[]", "export.formats=[huggingface]", "trainer.accelerator=cpu",
    "tracking.wandb=disabled",
)  # fmt: skip
"""Settings of the run beside its card, sst2_tiny; hidden states are stored, too."""
TEXTS = (
    "a very good film", "a bad and boring film", "the plot is a mess, and i left early", "i loved every minute of it",
    "the actors are wonderful", "ü ?", "not a good film, but the music is great and the ending made me cry",
)  # fmt: skip


@pytest.fixture
def again(inside):
    """The command beside the recorded store: what each stage came to, and the report."""
    with tarfile.open(STORE) as archive:
        archive.extractall(inside.folder, filter="data")

    def run(*overrides):
        folder = inside.folder / "run"
        inside("experiment=sst2_tiny", *RUN, *overrides, f"hydra.run.dir={folder}", small=False)
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return {stage["name"]: stage["status"] for stage in report["stages"]}, report

    run.store, run.folder = inside.store, inside.folder / "run"
    return run


def stages_in(store):
    return sorted(path.name for path in store.iterdir() if not path.name.startswith("."))


def exported(store):
    (folder,) = store.glob("export-*")
    return folder / "huggingface"


def answers(folder):
    from distill import Predictor

    predictor = Predictor.load(folder)
    return {text: predictor(text) for text in TEXTS}


def same(made, recorded):
    assert {text: answer["label"] for text, answer in made.items()} == {
        text: answer["label"] for text, answer in recorded.items()
    }
    for text, answer in recorded.items():
        assert made[text]["probability"] == pytest.approx(answer["probability"], abs=1e-4)


@pytest.mark.slow
def test_the_same_command_finds_every_recorded_stage_but_the_export_which_says_more_now(again):
    before = stages_in(again.store)
    statuses, report = again()
    assert statuses == {**dict.fromkeys(STAGES, "reused"), "export": "done"}
    (made,) = set(stages_in(again.store)) - set(before)
    assert made.startswith("export-")
    assert [stage["folder"].rpartition("/")[2] for stage in report["stages"][:-1]] == sorted(
        (name for name in before if not name.startswith("export-")),
        key=lambda name: STAGES.index(name.partition("-")[0]),
    )
    recorded = json.loads(ANSWERS.read_text(encoding="utf-8"))
    same(answers(again.folder / "export" / "student"), recorded)


def test_the_recorded_export_answers_as_it_did(again):
    made, recorded = answers(exported(again.store)), json.loads(ANSWERS.read_text(encoding="utf-8"))
    assert {answer["label"] for answer in recorded.values()} == {"negative", "positive"}
    same(made, recorded)


@pytest.mark.slow
def test_recorded_models_have_their_scores_when_they_are_asked_anew(again):
    _, recorded = again()
    statuses, report = again("evaluate.resamples=200")
    assert statuses == {**dict.fromkeys(STAGES, "reused"), "evaluate": "done", "export": "done"}
    for who in ("teacher", "student", "control"):
        for split in ("validation", "test"):
            expected = recorded["models"][who]["metrics"][split]
            assert report["models"][who]["metrics"][split] == pytest.approx(expected, abs=1e-4)
    assert report["exports"][0]["max_logit_drift"] < 1e-3


@pytest.mark.slow
def test_another_student_learns_from_recorded_teacher_outputs(again):
    statuses, _ = again("distill.max_epochs=1")
    reused, done = dict.fromkeys(STAGES[:3], "reused"), dict.fromkeys(STAGES[3:], "done")
    assert statuses == {**reused, **done}


def record():
    """Make the run with this version, and keep its store and what its export answers."""
    from distill import run_experiment

    def plain(entry):
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return None if ".locks" in entry.name else entry

    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        run_experiment("sst2_tiny", *RUN, "store=store", folder="run")
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as opened:
            opened.add("store", filter=plain)
        STORE.write_bytes(archive.getvalue())
        made = answers(exported(Path("store")))
        ANSWERS.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    record()
