"""Every task's card through the whole chain, small, and its export asked again as a user would."""

import json
import re

import pytest
from hydra import compose
from omegaconf import OmegaConf
from run_parts import spec_of
from safetensors.torch import load_file

from distill.config import compose as cards
from distill.export import EXPORTERS
from distill.inference.predictor import Predictor

SMALL = (
    "data.source=embedded", "data.limit.train=96", "data.limit.validation=24", "data.limit.test=32",
    "teacher.vocab_size=400", "teacher.architecture={layers: 2, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}", "finetune.max_epochs=1",
    "distill.max_epochs=1", "evaluate.latency_samples=2", "evaluate.resamples=100", "tracking.wandb=disabled",
    "teacher.accept=true",
    "trainer.log_every_n_steps=2",
)  # fmt: skip
METRICS = {
    "trec_tiny": ["accuracy", "f1", "matthews"],
    "mrpc_tiny": ["f1", "accuracy"],
    "multilabel_tiny": ["f1_micro", "f1_macro", "exact_match"],
    "stsb_tiny": ["pearson", "spearman", "mse"],
    "conll2003_tiny": ["f1", "precision", "recall"],
    "semeval_tiny": ["f1", "accuracy"],
    "squad_tiny": ["f1", "exact_match"],
    "multi30k_tiny": ["bleu", "chrf"],
    "scitldr_tiny": ["rouge1", "rouge2", "rougeL"],
    "dailydialog_tiny": ["perplexity", "distinct_1", "distinct_2"],
}
COLUMNS = {
    **{card: {"text": "sentence1", "pair": "sentence2"} for card in ("mrpc_tiny", "stsb_tiny")},
    "semeval_tiny": {"text": "sentence"},
}
"""The names that the columns of a task's inputs have in the files that its card is for, where these are others."""
SCORED_BY = {"multi30k_tiny": "BLEU|nrefs:1|", "scitldr_tiny": "rouge-score "}
WRITING = ("multi30k_tiny", "scitldr_tiny", "dailydialog_tiny")
BILSTM = ("student.init=bilstm", "student.lstm={layers: 1, hidden_size: 8, embedding_size: 12}")
RUNS = {
    **{card: (card, ()) for card in METRICS},
    **{f"{card} by a BiLSTM": (card, BILSTM) for card in ("mrpc_tiny", "stsb_tiny", "conll2003_tiny")},
}
"""Each card; and a student that is no transformer, for heads that read texts or words."""
LONGER = ("mrpc_tiny by a BiLSTM", "stsb_tiny by a BiLSTM")
"""What the run of words by such a student, and those of these cards by others, hold in part."""


def overrides(card):
    lengths = {"conll2003_tiny": 24, "squad_tiny": 64, "scitldr_tiny": 128, "dailydialog_tiny": 64}
    given = [f"data.max_length={lengths.get(card, 48)}", f"pretrain.max_epochs={int(card not in WRITING)}"]
    if card in WRITING:
        given.append("data.max_target_length=8")
    return [f"experiment={card}", *SMALL, *given]


def composed(given):
    with cards.composing():
        return OmegaConf.to_object(compose("config", overrides=given))


def report(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("card", "more"),
    [pytest.param(*given, id=name, marks=pytest.mark.long if name in LONGER else ()) for name, given in RUNS.items()],
)
def test_a_tasks_card_runs_and_its_export_gives_the_students_scores_to_whoever_asks_it(inside, card, more):
    given = [each for each in overrides(card) if not (more and each.startswith("student.architecture="))] + [*more]
    out = inside(*given, f"hydra.run.dir={inside.folder}/run", small=False)
    content = report(inside.folder / "run")
    for model in ("teacher", "student", "control"):
        assert list(content["models"][model]["metrics"]["test"]) == METRICS[card]
        assert content["models"][model]["per_label"]["test"]
    for split, (low, high) in content["score_intervals"]["student"].items():
        assert low <= content["models"]["student"]["metrics"][split][METRICS[card][0]] <= high
    assert content["gain"]["metric"] == METRICS[card][0]
    assert content["exports"][0]["max_logit_drift"] < 1e-3
    formats = {export["format"]: export["left_out"] for export in content["exports"]}
    assert list(formats) == (["huggingface"] if card in WRITING else list(EXPORTERS))
    assert {name for name, reason in formats.items() if reason is not None} <= {"onnx_int8"}, "32 bits lose nothing"
    for facts in content["certificate"]["formats"].values():
        assert not facts["batch_dependent"]
    exported = json.loads((inside.folder / "run/export/student/config.json").read_text(encoding="utf-8"))
    assert exported["distill"]["columns"] == COLUMNS.get(card, {})
    assert "student by " in out
    assert (content["scored_by"] or "").startswith(SCORED_BY.get(card, ""))
    assert (card in SCORED_BY) == (content["scored_by"] is not None) == ("Scored by " in out)

    config = composed(given)
    spec = spec_of(config)
    test = spec.data.splits["test"]
    model = Predictor.load(inside.folder / "run" / "export" / "student", format="torch")
    records = model.predict([{role: row[role] for role in model.task.inputs} for row in test])
    if card == "dailydialog_tiny":
        assert all(isinstance(record["reply"], str) for record in records)
        return
    scored = spec.metrics.score(
        model.task.predictions(records, model.form.labels), model.task.references(test[:], spec.data.labels),
        spec.data.labels, model.task.groups(test[:]),
    )  # fmt: skip
    assert scored.metrics == pytest.approx(content["models"]["student"]["metrics"]["test"], abs=1e-3, nan_ok=True)


@pytest.mark.slow
def test_two_teachers_answer_in_a_context_window_by_window_and_a_student_follows_them(inside):
    given = [
        *overrides("squad_tiny"), "data.max_length=40", "ensemble.combine=confidence",
        "stages=[pretrain,finetune,teach,distill,evaluate]",
        "+teacher@more_teachers.second=scratch_small", "more_teachers.second.vocab_size=400",
        "more_teachers.second.architecture={layers: 1, hidden_size: 24, heads: 2, intermediate_size: 32}",
        "more_teachers.second.accept=true",
    ]  # fmt: skip
    inside(*given, f"hydra.run.dir={inside.folder}/run", small=False)
    content = report(inside.folder / "run")
    assert {who: list(each["metrics"]["test"]) for who, each in content["models"].items()} == dict.fromkeys(
        ("teacher", "first", "second", "student"), METRICS["squad_tiny"]
    )
    stored = [load_file(path)["first"] for path in inside.store.glob("teach-*/outputs/*.safetensors")]
    assert len(stored) == 2
    assert all(int(first.max()) > 0 for first in stored), "no context is read in several windows"


@pytest.mark.long
@pytest.mark.slow
def test_a_translator_may_learn_what_its_teacher_writes(inside):
    given = [*overrides("multi30k_tiny"), "distill.targets=teacher", "generate.beams=2"]
    inside(*given, f"hydra.run.dir={inside.folder}/run", small=False)
    (written,) = inside.store.glob("teach-*/written")
    assert list(written.glob("part-*.safetensors"))
    inside(*given, "distill.targets=data", f"hydra.run.dir={inside.folder}/other", small=False)
    made = {stage["name"]: stage["status"] for stage in report(inside.folder / "other")["stages"]}
    assert made == {
        "pretrain": "reused", "finetune": "reused", "teach": "done", "distill": "done", "control": "reused",
        "evaluate": "done", "export": "done",
    }  # fmt: skip


UNLABELLED = {
    "trec_tiny": ({"text": "How many rivers are there in Peru ?"}, {"text": "Who wrote the third letter ?"}),
    "stsb_tiny": ({"text": "A man walks.", "pair": "A man runs."}, {"text": "A dog.", "pair": "The cat sleeps."}),
    "multilabel_tiny": ({"text": "Rain fell on the bank ."}, {"text": "The team sold its shares ."}),
    "conll2003_tiny": ({"tokens": "Mary went to Oslo , and came back to the bank ."}, {"tokens": "It rained ."}),
    "squad_tiny": ({"context": "Anna lives in Rome.", "question": "Where does Anna live?"},) * 2,
}


@pytest.mark.slow
@pytest.mark.parametrize("card", UNLABELLED)
def test_a_student_follows_its_teacher_on_texts_without_labels_and_its_control_does_not(inside, card):
    file = inside.folder / "more.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in UNLABELLED[card]), encoding="utf-8")
    given = [*overrides(card), "stages=[pretrain,finetune,teach,distill,control]"]
    given += [f"+data.unlabelled.columns.{role}={role}" for role in UNLABELLED[card][0]]
    given += ["distill.unlabelled.compare=false"]
    out = inside(*given, f"data.unlabelled.path={file}", f"hydra.run.dir={inside.folder}/run", small=False)
    rows = len({json.dumps(row) for row in UNLABELLED[card]})
    assert f", {rows} unlabelled" in out
    examples = {}
    for stage in ("teach", "distill", "control"):
        (manifest,) = inside.store.glob(f"{stage}-*/manifest.json")
        examples[stage] = json.loads(manifest.read_text(encoding="utf-8"))
    assert examples["teach"]["result"]["examples"] == int(re.search(r"(\d+) train", out)[1]) + rows
    assert "unlabelled" in examples["distill"]["settings"]["examples"]
    assert "unlabelled" not in examples["control"]["settings"]["examples"]


@pytest.mark.slow
def test_the_control_takes_as_many_steps_as_a_student_that_reads_further_texts(inside):
    file, count = inside.folder / "more.tsv", 3 * 96
    file.write_text(
        "text\n" + "".join(f"Who lives at number {number} ?\n" for number in range(count)), encoding="utf-8"
    )
    given = [*overrides("trec_tiny"), "data.limit.train=96", "distill.max_epochs=2", f"data.unlabelled.path={file}"]
    given += ["distill.unlabelled.compare=false"]
    stages = "stages=[pretrain,finetune,teach,distill,control]"
    inside(*given, stages, f"hydra.run.dir={inside.folder}/run", small=False)
    taken = {}
    for stage in ("distill", "control"):
        (manifest,) = inside.store.glob(f"{stage}-*/manifest.json")
        taken[stage] = json.loads(manifest.read_text(encoding="utf-8"))["result"]
    assert taken["distill"]["epochs"] == 2
    assert taken["control"]["epochs"] == 2 * 4
    assert taken["control"]["steps"] == taken["distill"]["steps"]


@pytest.mark.slow
def test_a_translator_stops_early_by_the_perplexity_of_its_targets(inside):
    stages = ("stages=[pretrain,finetune]", "finetune.max_epochs=4", "finetune.optimizer.lr=1e-9")
    given = [*overrides("multi30k_tiny"), *stages]
    out = inside(*given, "finetune.early_stopping={patience: 1, min_delta: 1.0}", small=False)
    assert "finetune: epoch 2/4" in out
    assert "finetune: epoch 3/4" not in out
