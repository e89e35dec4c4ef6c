"""Every task's card on some rows of the real files, through the whole chain, with the columns of docs/results.md."""

import json
import math
from pathlib import Path

import pytest

REAL = Path(__file__).parents[2] / "shared" / "data"
SMALL = (
    "data.limit.train=64", "data.limit.validation=12", "data.limit.test=12", "data.max_length=64",
    "teacher.vocab_size=400", "teacher.architecture={layers: 1, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}", "finetune.max_epochs=1",
    "distill.max_epochs=1", "evaluate.latency_samples=0", "evaluate.resamples=100",
    "export.formats=[huggingface]", "tracking.wandb=disabled",
    "teacher.accept=true",
    "trainer.log_every_n_steps=1",
)  # fmt: skip
READING, WRITING = ("pretrain.max_epochs=1",), ("data.max_target_length=8",)
COARSE = ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"]
CARDS = {
    "trec_tiny": ("trec", READING, COARSE),
    "mrpc_tiny": ("mrpc", READING, ["different", "equivalent"]),
    "multilabel_tiny": ("trec", (*READING, "data.columns.label=label+fine_label"), [*COARSE, "DESC:def", "NUM:date"]),
    "stsb_tiny": ("stsb", READING, []),
    "semeval_tiny": ("semeval2010_task8", READING, ["Cause-Effect(e2,e1)", "Other"]),
    "conll2003_tiny": ("conll2003", READING, ["B-PER", "I-PER", "O"]),
    "squad_tiny": ("squad", ("data.stride=16",), []),
    "multi30k_tiny": ("multi30k_de_en", WRITING, []),
    "scitldr_tiny": ("scitldr", WRITING, []),
    "dailydialog_tiny": ("dailydialog", WRITING, []),
}
"""Each card's folder, its settings, and some of the labels that it has to find."""
HELD_OUT = {"trec_tiny", "multilabel_tiny", "semeval_tiny"}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real data sets are not beside this checkout")
@pytest.mark.parametrize("card", CARDS)
def test_a_card_runs_on_the_real_files(inside, card):
    folder, given, labels = CARDS[card]
    run = inside.folder / "run"
    out = inside(
        f"experiment={card}", f"data.path={REAL / folder}", *SMALL, *given, f"hydra.run.dir={run}", small=False
    )
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    data = report["data"]
    assert data["source"] == "local"
    assert data["stands_in_for"] is None
    assert data["rows"]["train"] == 64
    assert data["rows"]["validation"] == 12
    assert data["rows"].get("test", 12) == 12
    assert set(labels) <= set(data["labels"])
    assert ("are held out for it" in out) == (card in HELD_OUT)
    assert [stage["status"] for stage in report["stages"]] == ["done"] * 7
    split = "validation" if card == "squad_tiny" else "test"
    for who in ("teacher", "student", "control"):
        scores = report["models"][who]["metrics"][split]
        assert math.isfinite(scores[report["gain"]["metric"]])
        assert report["models"][who]["per_label"][split]
    assert report["exports"][0]["max_logit_drift"] < 1e-3
