"""Students cut narrower and students of LSTM layers, through the whole chain on small runs."""

import json
import re
from dataclasses import replace

import pytest
from run_parts import spec_of
from transformers import BertConfig, ElectraConfig, ModernBertConfig, Qwen3Config

from distill.config.architecture import ArchitectureConfig
from distill.config.schema import Config
from distill.errors import DistillError
from distill.inference.predictor import Predictor
from distill.models.bilstm import BiLstmForSequenceClassification
from distill.models.sources import ModelSources
from distill.models.static import StaticConfig, StaticForSequenceClassification
from distill.pipeline import expected_shapes
from distill.pipeline.prepare_data import prepare
from distill.stages import students
from distill.student import student_kind
from distill.types import ModelShape

INITS = {
    "narrow": [
        "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}", "student.layer_map=last",
    ],
    "bilstm": ["student.lstm={layers: 1, hidden_size: 8, embedding_size: 12}"],
}  # fmt: skip


@pytest.fixture(scope="module")
def command(finished):
    """On the store of the small run, so that its teacher is there."""
    return finished[0]


@pytest.mark.parametrize(
    "init", [pytest.param(init, marks=pytest.mark.long if init == "bilstm" else ()) for init in INITS]
)
def test_such_a_student_is_taught_judged_exported_and_asked(command, init):
    folder = command.folder / init
    out = command(
        f"student.init={init}", *INITS[init], "distill.cka={weight: 0.1, layer_map: auto}", f"hydra.run.dir={folder}"
    )
    assert re.search(r"layers student:teacher by alignment: 0:[01] \(0\.\d\d\)", out)
    report = json.loads((folder / "report.json").read_text())
    stages = {stage["name"]: stage for stage in report["stages"]}
    assert stages["finetune"]["status"] == "reused"
    manifest = json.loads((command.store / f"distill-{stages['distill']['fingerprint']}" / "manifest.json").read_text())
    ((mine, theirs),) = manifest["result"]["layer_maps"]["cka"]
    assert (mine, theirs in (0, 1)) == (0, True)
    assert report["models"]["student"]["parameters"] < report["models"]["teacher"]["parameters"]
    exported = folder / "export" / "student"
    predictor = Predictor.load(exported, format="torch")
    assert isinstance(predictor.runtime.runtime.model, BiLstmForSequenceClassification) == (init == "bilstm")
    (said,) = predictor.predict([{"text": "a lovely film"}])
    assert set(said) == {"label", "probability"}
    card = (exported / "README.md").read_text()
    assert ("import distill.models.bilstm\nfrom transformers import pipeline" in card) == (init == "bilstm")


def test_a_student_without_layers_is_taught_judged_exported_and_asked(command):
    folder = command.folder / "static"
    command("student.init=static", "student.static={size: 12, smoothing: 0.01}", f"hydra.run.dir={folder}")
    report = json.loads((folder / "report.json").read_text())
    assert report["models"]["student"]["parameters"] < report["models"]["teacher"]["parameters"]
    assert report["models"]["student"]["description"] == "distill-static, 0 layers of width 12"
    exported = folder / "export" / "student"
    predictor = Predictor.load(exported, format="torch")
    assert isinstance(predictor.runtime.runtime.model, StaticForSequenceClassification)
    (said,) = predictor.predict([{"text": "a lovely film"}])
    assert set(said) == {"label", "probability"}
    card = (exported / "README.md").read_text()
    assert "import distill.models.static\nfrom transformers import pipeline" in card


# Without a run


@pytest.fixture(scope="module")
def prepared():
    config = Config()
    config.data.source, config.data.limit.train = "embedded", 64
    return prepare(config)


def run_of(prepared, init, change=None):
    """What a run with such a student is."""
    config = Config()
    config.student.init = init
    if change:
        change(config.student)
    return spec_of(config, prepared)


@pytest.mark.parametrize(
    ("init", "read"),
    [
        ("teacher", {"layers": 1, "layer_map": "last"}),
        ("narrow", {"layer_map": "last", "architecture.hidden_size": 64, "architecture.layers": 1}),
        ("bilstm", {"lstm.layers": 2, "lstm.hidden_size": 9, "lstm.embedding_size": 7}),
        ("random", {"architecture.hidden_size": 64}),
        ("static", {"static.size": 64, "static.smoothing": 0.5}),
    ],
)
def test_exactly_the_settings_that_make_a_student_decide_on_it(prepared, init, read):
    every = {"layers": 1, "layer_map": "last", "architecture.layers": 1, "lstm.layers": 2, "static.size": 9, **read}
    before = students.settings(run_of(prepared, init))
    for name, value in every.items():

        def change(section, name=name, value=value):
            *parents, last = name.split(".")
            for parent in parents:
                section = getattr(section, parent)
            setattr(section, last, value)

        counts = name in read or (name == "architecture.layers" and init == "random")
        assert (students.settings(run_of(prepared, init, change)) != before) == counts, name


def refused(spec, teacher, message):
    with pytest.raises(DistillError, match=f"^{re.escape(message)}$"):
        expected_shapes.refuse_student(spec, teacher)


def test_a_copy_of_a_decoder_has_the_decoders_shape_before_it_is_made(prepared, tmp_path):
    def small(student):
        student.architecture = ArchitectureConfig(2, 16, 4, 32)

    teacher = Qwen3Config(**{**SIZE, "num_attention_heads": 8}, num_key_value_heads=2, head_dim=8)
    teacher.save_pretrained(tmp_path)
    spec = replace(run_of(prepared, "narrow", small), sources=ModelSources({"teacher_checkpoint": tmp_path}))
    student, _ = expected_shapes.student_and_teacher_shapes(spec)
    assert student == ModelShape(2, 16, 4, (32, 8), causal=True)


@pytest.mark.parametrize(
    ("teacher", "width"),
    [
        (None, 128),
        (BertConfig(hidden_size=32, num_attention_heads=2), 32),
        (BertConfig(hidden_size=512, num_attention_heads=2), 256),
        (ElectraConfig(hidden_size=512, num_attention_heads=2, embedding_size=64), 64),
    ],
)
def test_a_student_without_layers_is_no_wider_than_its_teachers_embeddings(prepared, teacher, width):
    spec = run_of(prepared, "static")
    known = expected_shapes.expected(spec, teacher)
    assert student_kind("static").shape(spec.decisions.student, known) == ModelShape(0, width, 0, (0, 0), False)


SIZE = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 40}


def test_what_a_checkpoint_cannot_give_is_refused_before_anything_is_made(prepared):
    ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
    refused(
        run_of(prepared, "teacher"), ModernBertConfig(**SIZE, **ends),
        "modernbert models: the teacher's layer 1 cannot become layer 0 of the student: it has, unlike it, "
        "attn_norm.weight; choose others, such as student.layer_map=first",
    )  # fmt: skip
    refused(
        run_of(prepared, "narrow"), ElectraConfig(embedding_size=16, **SIZE),
        "student.architecture.hidden_size=128: the teacher to be copied has 32",
    )  # fmt: skip
    refused(
        run_of(prepared, "bilstm"), ElectraConfig(embedding_size=16, **SIZE),
        "student.lstm.embedding_size=128: the teacher's embeddings, which it is made of, have 16",
    )  # fmt: skip


@pytest.mark.parametrize("init", ["teacher", "narrow"])
def test_of_a_teacher_without_layers_none_are_taken(prepared, init):
    refused(
        run_of(prepared, init), StaticConfig(vocab_size=40, hidden_size=8),
        f"student.init={init}: takes layers of its teacher, and distill-static models have none; allowed is random, "
        "bilstm, static, checkpoint",
    )  # fmt: skip
