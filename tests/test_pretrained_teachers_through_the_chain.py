"""Tasks that read, with a pretrained BERT as teacher and one of its layers as student, through the whole chain."""

import json
import math

import pretrained
import pytest

from distill.data.embedded import SAMPLES
from distill.predicting import load
from distill.tasks import task

SMALL = (
    "data.source=embedded", "data.limit.train=64", "data.limit.validation=16", "data.limit.test=16",
    "data.max_length=48", "student=half_layers", "student.layers=1", "finetune.max_epochs=1", "distill.max_epochs=1",
    "distill.hidden.weight=1", "evaluate.latency_samples=0", "evaluate.resamples=100", "tracking.wandb=disabled",
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


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder of a BERT that knows the words of the samples."""
    rows = SAMPLES["passages"]()["train"][:200]["context"] + SAMPLES["topics"]()["train"][:200]["text"]
    return pretrained.bert(tmp_path_factory.mktemp("pretrained") / "bert", rows)


@pytest.mark.slow
@pytest.mark.parametrize("card", CARDS)
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
    assert set(report["objective"]["terms"]) == {"hard", "soft", "hidden"}
    assert report["exports"][0]["max_logit_drift"] < 1e-3

    module, sample = task(CARDS[card]), SAMPLES[task(CARDS[card]).sample]()["test"][:5]
    model = load(run / "export" / "huggingface")
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
