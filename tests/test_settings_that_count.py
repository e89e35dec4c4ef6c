"""Settings of single tasks, each given to the command: what it changes is seen in what the run made."""

import csv
import json
import re
from pathlib import Path

import pretrained
import pytest
import torch
from safetensors.torch import load_file

from distill.data.embedded import SAMPLES
from distill.inference.predictor import Predictor

REAL = Path(__file__).parents[2] / "shared" / "data"
SCRATCH = (
    "teacher.vocab_size=400", "teacher.architecture={layers: 1, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}", "pretrain.max_epochs=0",
)  # fmt: skip
SMALL = (
    "data.limit.validation=16", "data.limit.test=16", "finetune.max_epochs=1", "distill.max_epochs=1",
    "evaluate.latency_samples=0", "evaluate.resamples=100",
    "export.formats=[huggingface]", "tracking.wandb=disabled",
    "teacher.accept=true", "trainer.log_every_n_steps=1",
)  # fmt: skip


@pytest.fixture
def run(inside):
    """The small run under a name: its folder, its report, and what it printed."""

    def started(name, *given):
        folder = inside.folder / name
        scratch = () if any(each.startswith("teacher.model=") for each in given) else SCRATCH
        out = inside(*SMALL, *scratch, *given, f"hydra.run.dir={folder}", small=False)
        return folder, json.loads((folder / "report.json").read_text(encoding="utf-8")), out

    return started


def stage(report, name):
    """The folder of a stage of a run."""
    return next(Path(each["folder"]) for each in report["stages"] if each["name"] == name)


def made(report):
    return [each["name"] for each in report["stages"] if each["status"] == "done"]


def written(folder, rows):
    folder.mkdir()
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_balanced_classes_make_a_rare_label_as_likely_as_a_frequent_one(run, inside):
    """Where texts tell nothing of the labels, a model learns how much each label weighs, and no more."""
    rows = [{"text": f"word {number % 7}", "label": "rare" if number % 10 == 0 else "usual"} for number in range(100)]
    given = (
        "experiment=trec_tiny", f"data.path={written(inside.folder / 'data', rows)}", "stages=[pretrain,finetune]",
        "finetune.max_epochs=8", "finetune.optimizer.lr=1e-2",
    )  # fmt: skip
    likely = {}
    for weights in ("none", "balanced"):
        _, report, _ = run(weights, *given, f"data.class_weights={weights}")
        assert made(report) == (["pretrain", "finetune"] if weights == "none" else ["finetune"])
        said = Predictor.load(stage(report, "finetune") / "model", task="classification")("word 3")
        likely[weights] = said["probability"] if said["label"] == "rare" else 1 - said["probability"]
    assert likely["none"] < 0.25
    assert 0.35 < likely["balanced"] < 0.65


@pytest.mark.slow
def test_a_bounded_soft_term_leaves_scores_out_on_which_the_student_is_ahead(run):
    stages = "stages=[pretrain,finetune,teach,distill]"
    given = ("experiment=stsb_tiny", "data.source=embedded", "data.limit.train=64", stages)
    soft = {}
    for name, bounded in (("always", "null"), ("bounded", "0.0"), ("far", "1000.0")):
        folder, report, _ = run(name, *given, f"distill.soft.bounded={bounded}")
        assert made(report) == (["pretrain", "finetune", "teach", "distill"] if name == "always" else ["distill"])
        with (folder / "metrics.csv").open(encoding="utf-8") as file:
            values = [row["value"] for row in csv.DictReader(file) if "train/soft" in row.values()]
        soft[name] = float(values[0])
    assert 0 < soft["bounded"] < soft["always"]
    assert soft["far"] == soft["always"], "no student is ahead by so much"


@pytest.mark.slow
def test_questions_whose_answer_stands_elsewhere_are_left_out_and_counted(run, inside):
    question = "Who has cats ?"
    rows = [
        {"context": f"Anna has {cats}.", "question": question, "answers": {"text": ["Anna"], "answer_start": [0]}}
        for cats in range(12)
    ]
    rows[3]["answers"]["answer_start"] = [5]
    rows[7]["answers"]["text"] = ["Berta"]
    given = ("experiment=squad_tiny", f"data.path={written(inside.folder / 'data', rows)}", "stages=[pretrain]")
    _, report, out = run("run", *given, "data.drop_bad=true", "data.holdout=0.2")
    assert "data: 2 of 12 rows of train are left out: an answer that stands elsewhere (2)\n" in out
    assert report["data"]["rows"] == {"train": 8, "validation": 2}


@pytest.mark.slow
def test_an_answer_has_at_most_as_many_tokens_as_is_said(run):
    given = ("experiment=squad_tiny", "data.source=embedded", "data.limit.train=32", "data.max_length=48")
    context = "Anna lives in Rome. Otto went to Paris with three friends. They saw the old tower of the city."
    asked = [{"context": context, "question": f"Where {word} ?"} for word in context.split()]
    for longest in (1, 30):
        folder, report, _ = run(str(longest), *given, f"data.max_answer_length={longest}")
        model = Predictor.load(folder / "export" / "student")
        places = model.tokenizer(context, return_offsets_mapping=True)["offset_mapping"]
        single = {context[slice(*place)] for place in places}
        assert all(record["answer"] in single for record in model.predict(asked)) == (longest == 1)
    assert made(report) == ["evaluate", "export"]


@pytest.mark.slow
def test_windows_that_share_more_are_more(run):
    given = (
        "experiment=squad_tiny", "data.source=embedded", "data.limit.train=48", "data.max_length=32",
        "data.batch_size=4", "stages=[pretrain,finetune]",
    )  # fmt: skip
    steps = {}
    for stride in (0, 12):
        _, report, _ = run(str(stride), *given, f"data.stride={stride}")
        manifest = json.loads((stage(report, "finetune") / "manifest.json").read_text(encoding="utf-8"))
        steps[stride] = manifest["result"]["steps"]
    assert steps[12] > steps[0] > 48 / 4


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real data sets are not beside this checkout")
def test_the_card_of_where_entities_begin_and_go_on_prints_its_table(run, inside):
    texts = [" ".join(tokens) for tokens in SAMPLES["entities"]()["train"][:200]["tokens"]]
    checkpoint = pretrained.bert(inside.folder / "bert", texts, layers=6)
    _, report, out = run(
        "run", "experiment=conll2003_bio", f"teacher.model={checkpoint}", f"data.path={REAL / 'conll2003'}",
        "data.limit.train=64", "data.max_length=48",
    )  # fmt: skip
    assert "labels B, I, O\n" in out
    assert report["models"]["student"]["description"] == "bert, 3 layers of width 32"
    assert list(report["models"]["student"]["metrics"]["test"]) == ["f1", "accuracy"]
    _, table = out.split("  student by label on test ", 1)
    head, *rows = table.split("\n\n")[0].splitlines()
    assert head.split()[:4] == ["precision", "recall", "f1", "support"]
    cells = {name: row for name, *row in (row.replace(" %", "%").split() for row in rows)}
    assert list(cells) == ["B", "I", "micro", "macro", "weighted"]
    assert all(re.fullmatch(r"\d+\.\d\d%", cell) for row in cells.values() for cell in row[:3])
    supports = {name: int(row[3]) for name, row in cells.items()}
    assert supports["B"] + supports["I"] == supports["micro"] > supports["B"] > supports["I"]


@pytest.mark.slow
def test_one_file_is_enough_for_a_test_that_the_report_speaks_of(run, inside):
    rows = [{"text": f"word {number % 7} of {number}", "label": ("one", "two")[number % 2]} for number in range(100)]
    file = written(inside.folder / "data", rows) / "train.jsonl"
    given = (
        "experiment=trec_tiny",
        f"data.path={file}",
        "data.labels=null",
        "stages=[pretrain,finetune,teach,distill,evaluate]",
    )
    _, report, out = run("run", *given, "data.holdout=0.2", "data.holdout_test=0.1")
    assert report["data"]["rows"] == {"train": 70, "test": 10, "validation": 16}  # of which the limit keeps 16
    assert (
        "data: there is no test split: 10 rows of train, seeded and stratified by label, are held out for it\n" in out
    )
    assert report["against_teacher"]["student"]["split"] == "test"
    small = [said.split(" rows, too few to tell 1 point of accuracy")[0] for said in report["warnings"]]
    assert small == ["validation has 16", "test has 10"]
    _, again, out = run("again", *given, "data.holdout=0.2", "data.holdout_test=0.1", "evaluate.points=60")
    assert (again["warnings"], made(again)) == ([], [])


@pytest.mark.slow
def test_questions_without_an_answer_are_learnt_scored_and_answered_by_nothing(run, inside):
    rows = []
    for number in range(120):
        who, asked = ("Anna", "Otto")[number % 2], ("cats", "dogs", "fish", "birds")[number % 4]
        answers = {"text": [who], "answer_start": [0]} if asked == "cats" else {"text": [], "answer_start": []}
        context = f"{who} has {number} cats ."
        rows.append({"context": context, "question": f"Who has {asked} ?", "answers": answers})
    given = (
        "experiment=squad_tiny", f"data.path={written(inside.folder / 'data', rows)}", "data.holdout=0.2",
        "finetune.max_epochs=6", "finetune.optimizer.lr=5e-3", "distill.max_epochs=6", "distill.optimizer.lr=5e-3",
    )  # fmt: skip
    folder, report, out = run("all", *given)
    assert "data: 90 of 120 rows of train have no answer: a model may answer nothing, and learns to; " in out
    scores = report["models"]["teacher"]["metrics"]["validation"]
    assert list(scores) == ["f1", "exact_match", "has_answer_f1", "no_answer_f1"]
    assert scores["no_answer_f1"] > 0.5
    exported = folder / "export" / "student"
    assert json.loads((exported / "config.json").read_text(encoding="utf-8"))["distill"]["unanswerable"] is True
    asked = [{"context": row["context"], "question": row["question"]} for row in rows]
    teacher = Predictor.load(exported)
    assert teacher.form.unanswerable
    assert "" in {record["answer"] for record in teacher.predict(asked)}
    _, report, out = run("only", *given, "data.answerable=only", "stages=[pretrain]")
    assert "data: 90 of 120 rows of train are left out: no answer (90)\n" in out
    assert report["data"]["rows"] == {"train": 24, "validation": 6}


@pytest.mark.slow
def test_labels_that_are_numbers_with_decimals_or_called_nan_are_classes_to_the_end(run, inside):
    names = ("1.1", "1.2", "nan", "None")
    lines = [f"word {number % 4} of {number},{names[number % 4]}" for number in range(80)]
    file = inside.folder / "all.csv"
    file.write_text("\n".join(["text,label", *lines, ""]), encoding="utf-8")
    folder, report, _ = run("run", "experiment=trec_tiny", f"data.path={file}", "data.labels=null")
    assert report["data"]["labels"] == ["1.1", "1.2", "None", "nan"]
    table = report["models"]["student"]["per_label"]["validation"]
    assert {name: table[name]["support"] for name in names} == dict.fromkeys(names, 2)
    model = Predictor.load(folder / "export" / "student")
    said = {record["label"] for record in model.predict([{"text": f"word {number}"} for number in range(4)])}
    assert said <= set(names)
    assert model.form.labels == ("1.1", "1.2", "None", "nan")


@pytest.mark.slow
def test_student_and_control_learn_with_the_rounding_of_8_bits_and_are_saved_without(run):
    given = ("experiment=sst2_tiny", "data.source=embedded", "data.limit.train=64")
    plain, rounding = (
        run(name, *given, f"distill.quantization={name}", "stages=[pretrain,finetune,teach,distill,control]")[1]
        for name in ("none", "int8")
    )
    assert made(plain) == ["pretrain", "finetune", "teach", "distill", "control"]
    assert made(rounding) == ["distill", "control"]
    for name in ("distill", "control"):
        before, after = (load_file(stage(report, name) / "model" / "model.safetensors") for report in (plain, rounding))
        assert before.keys() == after.keys()
        assert any(not torch.equal(before[weight], after[weight]) for weight in before)
