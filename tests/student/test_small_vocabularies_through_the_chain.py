"""Students of fewer tokens, and embeddings of a low rank, through the whole chain on small runs."""

import json

import pytest
import torch
from transformers import AutoTokenizer

from distill.inference.predictor import Predictor
from distill.models import loading
from distill.models.low_rank import split_embeddings

LAYER = ("student.init=teacher", "student.layers=1", "student.vocabulary=corpus")


@pytest.fixture(scope="module")
def command(finished):
    """On the store of the small run, so that its teacher is there."""
    return finished[0]


@pytest.fixture(scope="module")
def run(command):
    """A student of few tokens and embeddings of rank 8: its folder, what was printed, and its report."""
    folder = command.folder / "corpus"
    small = ("student.vocabulary_min_count=3", "student.embedding_rank=8")
    out = command(*LAYER, *small, f"hydra.run.dir={folder}")
    return folder, out, json.loads((folder / "report.json").read_text())


def folder_of(command, report, stage):
    return command.store / next(f"{stage}-{each['fingerprint']}" for each in report["stages"] if each["name"] == stage)


def test_what_is_stored_of_the_teacher_serves_students_of_any_vocabulary(run):
    statuses = {stage["name"]: stage["status"] for stage in run[2]["stages"]}
    assert statuses["teach"] == "reused"
    assert statuses["distill"] == statuses["control"] == "done"


def test_student_and_control_have_the_same_tokens_and_rank(command, run):
    vocabularies = []
    for stage in ("distill", "control"):
        model = folder_of(command, run[2], stage) / "model"
        vocabularies.append(AutoTokenizer.from_pretrained(model).get_vocab())
        embeddings = loading.load_model(model, "AutoModelForSequenceClassification").get_input_embeddings()
        assert len(embeddings.weight) == len(vocabularies[-1]) < 300
        assert torch.linalg.matrix_rank(embeddings.weight, rtol=1e-4) == 8
    assert vocabularies[0] == vocabularies[1]


def test_the_report_says_what_is_left_and_how_the_rest_is_answered(command, run):
    _, out, report = run
    found, models = report["vocabulary"], report["models"]
    assert found["tokens"] == len(AutoTokenizer.from_pretrained(folder_of(command, report, "distill") / "model"))
    assert found["of"] == 300
    assert f"student: keeps {found['tokens']} of 300 tokens" in out
    for split in ("validation", "test"):
        shares = found["splits"][split]
        touched, unchanged = shares["touched"], shares["unchanged"]
        assert touched["rows"] + unchanged["rows"] == report["data"]["rows"][split]
        assert shares["texts"] == unchanged["rows"] / report["data"]["rows"][split]
        assert 0 < shares["texts"] < shares["tokens"] < 1
        for name in unchanged["metrics"]:
            model = models[name]
            both = sum(part["rows"] * part["metrics"][name]["accuracy"] for part in (touched, unchanged))
            assert both / report["data"]["rows"][split] == pytest.approx(model["metrics"][split]["accuracy"])
    (note,) = (note for note in report["data"]["notes"] if note.startswith("student.vocabulary"))
    assert note.startswith(f"student.vocabulary: {found['tokens']} of the teacher's 300 tokens are left; ")
    assert models["student"]["parameters"] < models["teacher"]["parameters"]


def test_the_export_is_a_plain_folder_that_any_text_can_be_read_by(run):
    folder = run[0] / "export" / "student"
    predictor = Predictor.load(folder, format="torch")
    model = predictor.runtime.runtime.model
    assert type(model.get_input_embeddings()) is torch.nn.Embedding
    text = {"text": "Zyxw is a q-movie no one knew, with unheardof wordpieces"}
    (said,) = predictor.predict([text])
    ids = torch.tensor([predictor.tokenizer(text["text"], truncation=True)["input_ids"]])
    with torch.no_grad():
        before = model(ids).logits
        torch.testing.assert_close(split_embeddings(model)(ids).logits, before, rtol=1e-4, atol=1e-5)
    assert set(said) == {"label", "probability"}


@pytest.mark.long
def test_a_teacher_that_answers_live_reads_its_own_tokens(command, run):
    """Of what it says the student learns the same as of what is stored, token by token."""
    kinds = ("distill.cka={weight: 0.1, layer_map: auto}", "stages=[teach,distill]")
    weights = []
    for store in ("always", "never"):
        folder = command.folder / store
        out = command(*LAYER, *kinds, f"teacher.store={store}", f"hydra.run.dir={folder}")
        report = json.loads((folder / "report.json").read_text())
        model = folder_of(command, report, "distill") / "model"
        weights.append(loading.load_model(model, "AutoModelForSequenceClassification").state_dict())
        assert "layers student:teacher by alignment: 0:" in out
    for name, weight in weights[0].items():
        torch.testing.assert_close(weights[1][name], weight, rtol=0, atol=2e-3)  # states are stored in half precision
