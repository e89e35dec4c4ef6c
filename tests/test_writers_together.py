"""Two teachers that translate, small, through the whole chain."""

import json

import numpy as np
import pytest
from safetensors.torch import load_file

pytestmark = [pytest.mark.slow, pytest.mark.long]

SETTINGS = (
    "experiment=multi30k_tiny", "student=scratch_seq2seq", "data.limit.train=96", "data.limit.validation=12",
    "data.limit.test=12", "data.max_length=24", "data.max_target_length=12", "teacher.vocab_size=300",
    "teacher.architecture={layers: 1, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}",
    "finetune.max_epochs=1", "distill.max_epochs=1", "evaluate.latency_samples=2", "evaluate.resamples=100",
    "tracking.wandb=disabled", "teacher.top_k=16", "+teacher@more_teachers.second=scratch_seq2seq",
    "teacher.accept=true", "more_teachers.second.accept=true",
    "more_teachers.second.architecture={layers: 1, hidden_size: 24, heads: 2, intermediate_size: 32}",
    "more_teachers.second.vocab_size=300", "more_teachers.second.top_k=8",
)  # fmt: skip


@pytest.fixture(scope="module")
def command(inside_of, tmp_path_factory):
    return inside_of(tmp_path_factory.mktemp("writers"))


def report(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def made(folder):
    return [stage["name"] for stage in report(folder)["stages"] if stage["status"] == "done"]


def costs(folder, who):
    """Of the true tokens of test, by example and place."""
    found = {}
    for path in (folder / "answers" / who / "test" / "rows").glob("*.safetensors"):
        part, start = load_file(path), 0
        for key, count in zip(part["key"].tolist(), part["count"].tolist(), strict=True):
            found[key] = part["values"][start : start + count, 0].numpy()
            start += count
    return np.concatenate([found[key] for key in sorted(found)])


@pytest.fixture(scope="module")
def two(command):
    """The folder of a run with both, and what was printed."""
    folder = command.folder / "two"
    return folder, command(*SETTINGS, "+ensemble.weights={first: 3, second: 1}", f"hydra.run.dir={folder}", small=False)


def test_they_teach_by_the_mean_of_their_probabilities_and_are_scored_by_what_they_write_together(command, two):
    folder, out = two
    content = report(folder)
    assert list(content["models"]) == ["teacher", "first", "second", "student", "control", "huggingface"]
    (evaluate,) = (stage["folder"] for stage in content["stages"] if stage["name"] == "evaluate")
    found = {who: costs(command.folder / evaluate, who) for who in ("teacher", "first", "second")}
    mean = 0.75 * np.exp(-found["first"]) + 0.25 * np.exp(-found["second"])
    assert np.exp(-found["teacher"]) == pytest.approx(mean, rel=1e-4)
    assert {"bleu", "chrf"} <= content["models"]["teacher"]["metrics"]["test"].keys()
    assert "of the teachers' parameters" in " ".join(out.split())

    command(*SETTINGS, "+ensemble.weights={first: 3, second: 1}", f"hydra.run.dir={folder}_again", small=False)
    assert made(command.folder / "two_again") == []
    command(*SETTINGS, f"hydra.run.dir={folder}_others", small=False)
    assert made(command.folder / "two_others") == ["distill", "evaluate", "export"]


def weights(command, name):
    stages = {stage["name"]: stage["folder"] for stage in report(command.folder / name)["stages"]}
    found = load_file(command.folder / stages["distill"] / "model" / "model.safetensors")
    return np.concatenate([found[key].numpy().ravel() for key in sorted(found)])


def test_a_teacher_of_weight_0_leaves_the_student_what_it_was_with_the_other_alone(command):
    alone = [each for each in SETTINGS if "more_teachers" not in each]
    begin = f"hydra.run.dir={command.folder}/"
    command(*alone, f"{begin}one", small=False)
    command(*SETTINGS, "+ensemble.weights={first: 1, second: 0}", f"{begin}zero", small=False)
    command(*SETTINGS, "+ensemble.weights={first: 0, second: 1}", f"{begin}other", small=False)
    one, zero, other = (weights(command, name) for name in ("one", "zero", "other"))
    assert np.abs(zero - one).max() < 1e-6 < np.abs(other - one).max()


def test_two_processes_teach_and_write_as_one_does(command, two, command_of):
    stages = {stage["name"]: stage["folder"] for stage in report(two[0])["stages"]}
    first = command.folder / stages["finetune"] / "model"
    (second,) = (each for each in command.store.glob("finetune-*/model") if each != first)
    scratch = ("teacher@more", "more_teachers", "teacher.architecture", "teacher.vocab_size", "finetune.max_epochs")
    given = [
        *(each for each in SETTINGS if not any(part in each for part in scratch)),
        f"teacher.model={first}", "teacher.finetuned=true", "teacher.accept=true",
        f"+more_teachers={{second: {{model: {second}, finetuned: true, accept: true, top_k: 8}}}}",
        "distill.optimizer.name=sgd", "distill.optimizer.lr=0.1", "distill.dropout=0",
        "stages=[teach,distill,control,evaluate]",
    ]  # fmt: skip
    command(*given, "data.batch_size=32", f"hydra.run.dir={command.folder}/alone", small=False)
    both = command_of(command.folder)
    both.store = command.folder / "store_of_both"
    process = ("trainer.devices=2", "trainer.accelerator=cpu", "trainer.strategy=ddp", "data.batch_size=16")
    both(*given, *process, f"hydra.run.dir={command.folder}/both", small=False)
    alone, shared = (weights(command, name) for name in ("alone", "both"))
    assert np.abs(shared - alone).max() < 1e-5
    one, two = (report(command.folder / name)["models"]["teacher"]["metrics"]["test"] for name in ("alone", "both"))
    assert two == pytest.approx(one, abs=1e-6)
