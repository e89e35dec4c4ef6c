"""The cards that show labels of others, few labels, adapters and text alone, small, each with what it is there for."""

import json

import pytest

pytestmark = pytest.mark.slow

SMALL = (
    "data.limit.validation=32", "data.limit.test=32", "evaluate.latency_samples=0", "evaluate.resamples=100",
    "evaluate.baselines=[]", "tracking.wandb=disabled", "pretrain.max_epochs=1", "distill.max_epochs=1",
    "teacher.accept=true", "teacher.vocab_size=300", "export.formats=[huggingface]", "trainer.log_every_n_steps=1",
)  # fmt: skip
TEACHER = "teacher.architecture={layers: 2, hidden_size: 32, heads: 2, intermediate_size: 64}"
STUDENT = "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}"


@pytest.fixture
def ran(inside):
    """Run a card with smaller models on fewer rows; give its report and its page as text in one line."""

    def run(card, *given, without=()):
        folder, small = inside.folder / "run", [each for each in SMALL if not each.startswith(tuple(without))]
        inside(f"experiment={card}", *small, *given, f"hydra.run.dir={folder}", small=False)
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return report, " ".join((folder / "report.html").read_text(encoding="utf-8").split())

    return run


def test_the_card_of_labels_audits_a_labeller(ran):
    lstm = "student.lstm={layers: 1, hidden_size: 8, embedding_size: 12}"
    report, page = ran("labels_tiny", "data.limit.train=240", TEACHER, lstm, without=("teacher.accept",))
    ledger = report["ledger"]
    assert (ledger["gold"]["rows"], ledger["gold"]["answered"], ledger["smoothing"]) == (150, 145, "text"), (
        "it abstains from some"
    )
    assert 0.6 < ledger["gold"]["accuracy"] < 0.9, "it errs in one row of four"
    assert set(ledger["against_labeller"]["models"]) == {"student", "control", "labeller"}
    assert ledger["cost"]["price_per_row"] == 0.002
    assert "It learnt from the answers of embedded, which is right in " in page


def test_the_card_of_few_labels_says_what_text_was_worth(ran):
    few = ("data.limit.per_label=8", "data.unlabelled.limit=80", "distill.unlabelled.threshold=0.1")
    report, page = ran("few_labels", *few, "finetune.max_epochs=4", TEACHER, STUDENT)
    assert report["data"]["rows"]["train"] == 8 * len(report["data"]["labels"])
    assert [each["stage"] for each in report["unlabelled"]["rounds"]] == ["distill:round1", "distill"]
    made = next(stage for stage in report["stages"] if stage["name"] == "augment")
    assert made["status"] == "done"
    assert report["unlabelled"]["against_without"]["metric"] == "accuracy"
    assert "the same distillation without it (95" in page


def test_the_card_of_adapters_says_what_of_each_model_has_learnt(ran):
    report, page = ran("trec_adapters", "data.limit.train=96", "finetune.max_epochs=1", TEACHER)
    trained = report["trained"]
    assert trained["teacher"]["parts"] == "all weights, 0.9 of the rate a layer down"
    assert trained["teacher"]["parameters"] == trained["teacher"]["of"]
    assert trained["student"]["parts"] == trained["control"]["parts"] == "low-rank adapters of rank 8 and the head"
    assert trained["student"]["parameters"] == report["models"]["student"]["trained_parameters"]
    assert trained["student"]["parameters"] < trained["student"]["of"] / 4
    assert "low-rank adapters of rank 8 and the head" in page


def test_the_card_of_text_alone_makes_a_language_model_that_teaches_a_smaller_one(ran, tmp_path):
    only = ("data.limit.train=400", f"store={tmp_path / 'store'}")
    report, page = ran("pretraining", *only, TEACHER)
    large = next((tmp_path / "store").glob("pretrain-*/model"))
    assert "perplexity" in page
    smaller = ("teacher.architecture={layers: 1, hidden_size: 32, heads: 2, intermediate_size: 64}",)
    taught, _ = ran("pretraining", *only, *smaller, f"pretrain.teacher={large}", without=("teacher.vocab_size",))
    for each in (report, taught):
        assert [stage["name"] for stage in each["stages"]] == ["pretrain"]
        assert each["pretraining"]["pretrain"]["perplexity"] < 300, "which guessing comes to"
    curves = (tmp_path / "run" / "metrics.csv").read_text(encoding="utf-8")
    assert "train/soft" in curves
    assert "train/hidden_cosine" in curves
