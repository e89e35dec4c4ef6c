"""Tasks that read, with a pretrained BERT as teacher and one of its layers as student, through the whole chain."""

import csv
import json
import math

import pretrained
import pytest

from distill.data.embedded import SAMPLES
from distill.inference.predictor import Predictor
from distill.tasks import task

SMALL = (
    "data.source=embedded", "data.limit.train=64", "data.limit.validation=16", "data.limit.test=16",
    "data.max_length=48", "student=half_layers", "student.layers=1", "finetune.max_epochs=1", "distill.max_epochs=1",
    "distill.hidden.weight=1", "evaluate.latency_samples=0", "evaluate.resamples=100",
    "export.formats=[huggingface]", "tracking.wandb=disabled",
    "teacher.accept=true",
    "trainer.log_every_n_steps=1",
)  # fmt: skip
CARDS = {
    "mrpc_tiny": "pair_classification",
    "multilabel_tiny": "multilabel_classification",
    "stsb_tiny": "regression",
    "conll2003_tiny": "token_classification",
    "semeval_tiny": "relation_extraction",
    "squad_tiny": "question_answering",
}


LONGER = ("mrpc_tiny", "multilabel_tiny", "semeval_tiny")
"""Cards whose heads read a text as those of other cards do."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder of a BERT that knows the words of the samples."""
    rows = SAMPLES["passages"]()["train"][:200]["context"] + SAMPLES["topics"]()["train"][:200]["text"]
    return pretrained.bert(tmp_path_factory.mktemp("pretrained") / "bert", rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    "card", [pytest.param(card, marks=pytest.mark.long if card in LONGER else ()) for card in CARDS]
)
def test_a_layer_of_a_pretrained_bert_learns_from_it(inside, checkpoint, card):
    run = inside.folder / "run"
    given = (f"experiment={card}", "teacher=minilm", f"teacher.model={checkpoint}", f"hydra.run.dir={run}")
    out = inside(*given, *SMALL, small=False)
    assert "pretrain: skipped" in out
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    models, metric = report["models"], report["gain"]["metric"]
    assert models["teacher"]["description"] == "bert, 2 layers of width 32"
    assert models["student"]["description"] == models["control"]["description"] == "bert, 1 layers of width 32"
    assert all(math.isfinite(each["metrics"]["test"][metric]) for each in models.values())
    assert set(report["objective"]["terms"]) == {"hard", "soft", "hidden", "cka"}
    assert report["exports"][0]["max_logit_drift"] < 1e-3
    assert json.loads((run / "export" / "student" / "config.json").read_text())["embedding_rank"] == 16
    assert any(note.startswith("student.embedding_rank=16: its embeddings learn") for note in report["data"]["notes"])

    module, sample = task(CARDS[card]), SAMPLES[task(CARDS[card]).sample]()["test"][:5]
    model = Predictor.load(run / "export" / "student")
    columns = zip(*(sample[role] for role in module.inputs), strict=True)
    rows = [dict(zip(module.inputs, row, strict=True)) for row in columns]
    for row, record in zip(rows, model.predict(rows), strict=True):
        if card == "conll2003_tiny":
            assert len(record["tags"]) == len(row["tokens"])
        elif card == "squad_tiny":
            assert record["answer"] in row["context"]
        elif card == "stsb_tiny":
            assert 0 < record["score"] < 5
        elif card == "multilabel_tiny":
            assert list(record["probabilities"]) == report["data"]["labels"]
        else:
            assert record["label"] in report["data"]["labels"]


@pytest.mark.parametrize("init", ["random", "teacher"])
@pytest.mark.parametrize(("card", "reason"), [
    ("multi30k_tiny", "bert models have no head for this task (AutoModelForSeq2SeqLM)"),
    ("dailydialog_tiny", "bert models read what comes after a word, too; dialogue needs one that reads from left to "
                         "right, such as GPT-2 or Llama"),
])  # fmt: skip
def test_an_encoder_that_is_to_write_is_refused_before_anything_is_trained(inside, checkpoint, card, reason, init):
    given = (f"experiment={card}", "teacher=minilm", f"teacher.model={checkpoint}", "data.source=embedded")
    made = (f"student.init={init}", *(("student.layers=1",) if init == "teacher" else ()), "distill.cka.weight=0")
    out = inside(*given, *made, "data.max_length=64", "data.max_target_length=8", small=False, code=2)
    assert reason in out
    assert not list(inside.store.glob("*-*"))


@pytest.mark.slow
def test_a_teacher_that_writes_shows_all_its_logits_while_the_student_learns(inside):
    given = (
        "experiment=dailydialog_tiny", "data.source=embedded", "teacher.store=never", "distill.taid.weight=0.5",
        "distill.logit_mse.weight=0.1", "distill.temperature_schedule={kind: linear, end: 2.0}",
        "data.limit.train=48", "data.limit.validation=8", "data.limit.test=8", "data.max_length=64",
        "data.max_target_length=8", "teacher.vocab_size=300", "finetune.max_epochs=1", "distill.max_epochs=1",
        "teacher.architecture={layers: 1, hidden_size: 32, heads: 2, intermediate_size: 32}",
        "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 16}",
        "stages=[pretrain,finetune,teach,distill]", "tracking.wandb=disabled",
        "teacher.accept=true", "trainer.log_every_n_steps=1",
    )  # fmt: skip
    out = inside(*given, f"hydra.run.dir={inside.folder}/run", small=False)
    assert "teach: skipped" in out
    (curves,) = inside.store.glob("distill-*/metrics.csv")
    rows = list(csv.DictReader(curves.read_text(encoding="utf-8").splitlines()))
    for name in ("train/taid", "train/logit_mse", "train/soft"):
        found = [float(row["value"]) for row in rows if row["name"] == name]
        assert found, name
        assert all(math.isfinite(value) and value > 0 for value in found), name
