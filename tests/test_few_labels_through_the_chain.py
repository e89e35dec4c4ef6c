"""Few labels and text without any, through the chain: rounds, a threshold, hard labels, new texts, another domain."""

import json
from pathlib import Path

import pytest

from distill.data.embedded import SAMPLES

FEW = (
    "experiment=sst2_tiny", "data.source=embedded", "data.limit.per_label=40", "data.limit.validation=64",
    "data.limit.test=64", "data.max_length=24", "data.unlabelled.rest=true", "data.unlabelled.limit=120",
    "teacher.vocab_size=300", "teacher.architecture={layers: 1, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}", "pretrain.max_epochs=1",
    "finetune.max_epochs=8", "finetune.min_steps=0", "distill.min_steps=0", "distill.max_epochs=1",
    "pretrain.min_steps=0", "teacher.accept=true", "evaluate.latency_samples=0", "evaluate.resamples=100",
    "evaluate.baselines=[]", "tracking.wandb=disabled",
    "stages=[pretrain,finetune,augment,teach,distill,control,evaluate]",
)  # fmt: skip


def read(inside, name, *given):
    out = inside(*FEW, *given, f"hydra.run.dir={inside.folder}/{name}", small=False)
    return json.loads((inside.folder / name / "report.json").read_text(encoding="utf-8")), out


@pytest.mark.slow
def test_rounds_of_self_training_beside_a_student_without_the_text(inside):
    rows = SAMPLES["sentiment"]()["test"]
    other = inside.folder / "other.jsonl"
    chosen = zip(rows["text"][200:230], rows["label"][200:230], strict=True)
    other.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in chosen))
    given = (
        f"+evaluate.also.tales={other}",
        "augment.methods=[masked_lm,ngrams,dropping]",
        "distill.unlabelled.threshold=0.5",
    )
    one, _ = read(inside, "one", *given)
    two, out = read(inside, "two", *given, "distill.unlabelled.rounds=2")
    stages = {each["name"]: each for each in two["stages"]}
    assert list(stages) == [
        "pretrain", "finetune", "augment", "teach", "distill:round1", "distill", "distill:without_unlabelled",
        "control", "evaluate",
    ]  # fmt: skip
    done = [name for name, each in stages.items() if each["status"] == "done"]
    assert done == ["distill", "evaluate"], "the first round is the student of a run with one"
    assert list(two["models"]) == ["teacher", "student", "control", "without_unlabelled"]
    assert two["models"]["without_unlabelled"]["role"] == "without_unlabelled"
    assert all(list(model["metrics"]) == ["validation", "test", "tales"] for model in two["models"].values())
    assert two["data"]["rows"]["tales"] == 30
    pretrained = json.loads((Path(stages["pretrain"]["folder"]) / "manifest.json").read_text(encoding="utf-8"))
    assert set(pretrained["settings"]["texts"]) == {"train", "unlabelled", "validation"}
    texts = [json.loads(line) for line in (Path(stages["augment"]["folder"]) / "texts.jsonl").read_text().splitlines()]
    assert 100 < len(texts) <= 240
    assert [round_["texts"] for round_ in two["unlabelled"]["rounds"]] == [120 + len(texts)] * 2
    assert one["unlabelled"]["rounds"][0]["learnt"] == two["unlabelled"]["rounds"][0]["learnt"]
    assert two["unlabelled"]["against_without"]["split"] == "test"
    assert "Text without labels (" in out.replace("\n  ", " ")
    assert "tales accuracy" in out
    steps = {
        name: json.loads((Path(stages[name]["folder"]) / "manifest.json").read_text())["result"]["steps"]
        for name in ("distill:round1", "distill", "distill:without_unlabelled", "control")
    }
    assert max(steps.values()) - min(steps.values()) <= 3, "all take as many steps, to the nearest epoch"


@pytest.mark.slow
def test_a_teacher_that_is_sure_of_nothing_ends_the_run_before_the_student_learns(inside):
    given = ("distill.unlabelled.threshold=0.9999", "finetune.max_epochs=1", "distill.unlabelled.compare=false")
    out = inside(*FEW, *given, small=False, code=2)
    assert "distill.unlabelled.threshold=0.9999: the teacher is that sure of none of 120 texts without labels" in out
    assert "lower it, or leave it out" in out
