"""What a card leaves open follows from the data and the models at hand, and is said."""

import pytest
from pretrained import bert
from run_parts import spec_of

from distill.config.architecture import ArchitectureConfig
from distill.config.schema import STAGES, Config
from distill.config.teacher import TeacherConfig
from distill.export import EXPORTERS
from distill.models import loading
from distill.pipeline import settle
from distill.pipeline.prepare_data import prepare
from distill.pipeline.settle import settled
from distill.tasks import EncodingSpec, task


def of(name="classification", **data):
    config = Config(task=name)
    config.data.source, config.data.limit.train, config.data.limit.validation = "embedded", 200, 50
    for key, value in data.items():
        setattr(config.data, key, value)
    return config


def lengths(config, data, column="input_ids"):
    tokenizer = settle.meta_build.stand_in(spec_of(config, data), 2048)
    rows = task(config.task).encode(data.splits["train"][:], tokenizer, EncodingSpec(data.labels, 10_000, 5_000))
    return [len(ids) for ids in rows[column]]


def test_what_is_said_stays_as_it_is():
    config = of()
    config.export.formats = ["huggingface"]
    data = prepare(config)
    same, described = settled(config, data)
    assert same is config
    assert described.notes == data.notes


@pytest.mark.parametrize("name", ["classification", "pair_classification", "token_classification"])
def test_limits_of_length_hold_nearly_all_of_train_and_little_more(name):
    config = of(name, fit_length=True, max_length=512)
    data = prepare(config)
    fitted, described = settled(config, data)
    limit, found = fitted.data.max_length, lengths(config, data)
    assert sum(length <= limit for length in found) >= 0.99 * len(found)
    assert sum(length <= limit - 8 for length in found) < 0.99 * len(found) or limit == 16
    assert limit % 8 == 0
    assert not fitted.data.fit_length
    assert f"data.max_length={limit}: 99 % of train fits whole (half of its texts have up to" in described.notes[-1]


def test_limits_stay_within_the_settings_and_the_model(tmp_path):
    config = of(fit_length=True, max_length=512)
    data = prepare(config)
    config.data.max_length = 10
    assert settled(config, data)[0].data.max_length == 10
    config.data.max_length, config.teacher.model = 512, str(bert(tmp_path / "model", ["a film"]))  # reads 128 tokens
    config.data.labels = {}
    long = data.splits["train"].map(lambda row: {"text": row["text"] * 60})
    assert settled(config, replace_train(data, long))[0].data.max_length == 128


def replace_train(data, rows):
    from dataclasses import replace

    return replace(data, splits={**data.splits, "train": rows})


def test_targets_that_are_written_have_a_limit_of_their_own():
    config = of("translation", fit_length=True, max_length=512, max_target_length=128)
    data = prepare(config)
    fitted, described = settled(config, data)
    targets = lengths(config, data, "target_ids")
    assert sum(length <= fitted.data.max_target_length for length in targets) >= 0.99 * len(targets)
    assert fitted.data.max_target_length <= fitted.data.max_length
    assert f"data.max_target_length={fitted.data.max_target_length}: 99 % of train fits whole" in described.notes[-1]


def rank(tmp_path, stages=STAGES, **student):
    """The rank that is chosen beside a checkpoint, 32 wide, and what is said of it."""
    config = of()
    data, folder = prepare(config), tmp_path / "model"
    config.teacher.model = str(folder if folder.exists() else bert(folder, data.splits["train"]["text"]))
    config.student.init, config.student.embedding_rank, config.stages = "teacher", "auto", list(stages)
    for key, value in student.items():
        setattr(config.student, key, value)
    found, described = settled(config, data)
    return found.student.embedding_rank, [note for note in described.notes if "embedding_rank" in note]


def test_embeddings_of_a_checkpoint_become_factors_of_a_rank_that_is_said(tmp_path):
    said = (
        "student.embedding_rank=16: its embeddings learn as two factors, so that its ONNX files are smaller; null "
        "leaves them whole"
    )
    assert rank(tmp_path) == (16, [said])
    assert rank(tmp_path, ("finetune",)) == (16, []), "no student is made"
    narrow = ArchitectureConfig(layers=1, hidden_size=16, heads=2, intermediate_size=16)
    assert rank(tmp_path, init="narrow", architecture=narrow)[0] == 8


@pytest.mark.parametrize("student", [{"vocabulary": "corpus"}, {"init": "random"}, {"embedding_rank": None}])
def test_embeddings_stay_whole_beside_fewer_tokens_and_where_they_are_not_the_teachers(tmp_path, student):
    assert rank(tmp_path, **student) == (None, [])


def test_embeddings_stay_whole_of_teachers_from_scratch_and_where_training_rounds(tmp_path):
    config = of()
    config.student.init, config.student.embedding_rank = "teacher", "auto"
    data = prepare(config)
    assert settled(config, data)[0].student.embedding_rank is None
    config.teacher.model = str(bert(tmp_path / "model", data.splits["train"]["text"]))
    assert settled(config, data)[0].student.embedding_rank == 16
    config.distill.quantization = "int8"
    assert settled(config, data)[0].student.embedding_rank is None


def test_half_of_the_teachers_layers_are_taken(tmp_path):
    config = of()
    config.student.init, config.student.layers, config.teacher.architecture.layers = "teacher", None, 5
    data = prepare(config)
    assert settled(config, data)[0].student.layers == 3
    config.teacher.model = str(bert(tmp_path / "model", ["a film"], layers=4))
    assert settled(config, data)[0].student.layers == 2


def test_a_default_model_is_taken_only_where_it_can_be_had(tmp_path, monkeypatch):
    monkeypatch.setattr(settle.hub, "reachable", lambda: False)
    config = of()
    config.teacher.default_model = "someone/a-model-that-is-nowhere"
    data = prepare(config)
    scratch, described = settled(config, data)
    assert (scratch.teacher.model, scratch.teacher.default_model) == (None, None)
    assert described.notes[-1] == (
        "someone/a-model-that-is-nowhere is neither in the hub's cache nor within reach: the teacher is trained from "
        "scratch, on this data alone; teacher.model=FOLDER gives a pretrained one"
    )
    monkeypatch.setattr(loading, "resolve", lambda model, revision: tmp_path)
    found, described = settled(config, data)
    assert found.teacher.model == "someone/a-model-that-is-nowhere"
    assert described.notes[-1] == "the teacher is someone/a-model-that-is-nowhere; teacher.model=FOLDER takes another"
    config.teacher.model = "mine"
    assert settled(config, data)[0].teacher.model == "mine"


def test_each_of_several_teachers_has_its_default_model(monkeypatch):
    monkeypatch.setattr(settle.hub, "reachable", lambda: False)
    config = of()
    config.more_teachers["second"] = TeacherConfig(default_model="someone/a-model-that-is-nowhere")
    scratch, described = settled(config, prepare(config))
    assert scratch.more_teachers["second"].default_model is None
    assert described.notes[-1].endswith("more_teachers.second.model=FOLDER gives a pretrained one")


def test_of_teachers_that_are_files_the_first_alone_has_a_model_for_the_student_to_begin_with(monkeypatch):
    monkeypatch.setattr(settle.hub, "reachable", lambda: False)
    config = of()
    config.teacher = TeacherConfig(answers="a.jsonl", default_model="someone/a-model")
    config.more_teachers["second"] = TeacherConfig(answers="b.jsonl", default_model="another/model")
    said = [note for note in settled(config, prepare(of()))[1].notes if "model" in note]
    assert said == [
        "someone/a-model is neither in the hub's cache nor within reach: the model that gives the student its tokens, "
        "or layers, is trained from scratch, on this data alone; teacher.model=FOLDER gives a pretrained one"
    ]


@pytest.mark.parametrize("name", ["classification", "token_classification", "translation"])
def test_all_formats_are_exported_that_the_task_can_have(name):
    config = of(name)
    fitted = settled(config, prepare(config))[0]
    assert fitted.export.formats == (["huggingface"] if task(name).writes else list(EXPORTERS))
    assert config.export.formats is None
