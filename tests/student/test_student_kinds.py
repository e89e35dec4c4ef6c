"""What every kind of student promises: it can be made, again the same, of the shape that it says, and it answers."""

from dataclasses import fields, replace
from types import SimpleNamespace

import pytest
import torch

from distill.config.schema import Config
from distill.config.student import StudentConfig
from distill.models import loading
from distill.models.model_shape import model_shape
from distill.pipeline.context import student_spec
from distill.student import STUDENTS, Expected, student_kind
from distill.student.build import StudentSource, build_student
from distill.tasks import EncodingSpec, task
from distill.tasks.setup import TaskSetup

TEXTS = ["a good film", "a very long and very dull film", "no", "a film about nothing"]
SMALLER = {"layers": 1, "heads": 2, "hidden_size": 8, "intermediate_size": 12}


@pytest.fixture(scope="module")
def folder(models):
    return models("classification")


@pytest.fixture(scope="module")
def setup():
    return TaskSetup("classification", task("classification"), EncodingSpec(("negative", "positive"), max_length=24))


@pytest.fixture
def wanted():
    """The spec of a kind of student that is smaller than its teacher, by the settings."""

    def spec(name):
        config = Config()
        config.student.init, config.student.layers, config.data.max_length = name, 1, 24
        config.student.lstm.embedding_size = config.student.lstm.hidden_size = 8
        config.student.static.size = 8
        for key, value in SMALLER.items():
            setattr(config.student.architecture, key, value)
        return student_spec(config)

    return spec


@pytest.fixture(scope="module")
def source(folder):
    tokenizer = loading.load_tokenizer(folder)
    batch = dict(tokenizer(TEXTS, padding=True, return_tensors="pt"))
    return StudentSource(
        folder,
        tokenizer,
        lambda: None,
        lambda model: model,
        lambda: [batch],
        lambda: batch["input_ids"].flatten().bincount(),
    )


@pytest.fixture(scope="module")
def expected(folder, setup, source):
    config = loading.configuration(folder)
    return Expected(setup, model_shape(config), config, config, lambda: source.tokenizer)


@pytest.mark.parametrize("name", STUDENTS)
def test_a_kind_has_the_shape_that_it_says_and_answers(name, wanted, source, setup, expected):
    kind, spec = student_kind(name), wanted(name)
    kind.refuse(spec, expected)
    made = build_student(spec, source, setup, seed=1, dtype=torch.float32)
    shape = model_shape(made.config)
    assert kind.shape(spec, expected) == shape
    (batch,) = source.sample()
    answered = made.eval()(**batch, output_hidden_states=True)
    assert answered.logits.shape == (len(TEXTS), 2)
    assert torch.isfinite(answered.logits).all()
    assert len(answered.hidden_states) == shape.layers + 1
    assert answered.hidden_states[-1].shape[-1] == shape.width
    assert sorted(made.config.id2label.values()) == ["negative", "positive"]


@pytest.mark.parametrize("name", STUDENTS)
def test_a_kind_is_the_same_when_it_is_made_again(name, wanted, source, setup):
    one, other = (build_student(wanted(name), source, setup, seed=3, dtype=torch.float64) for _ in range(2))
    weights = other.state_dict()
    assert {value.dtype for value in one.parameters()} == {torch.float64}
    assert all(torch.equal(value, weights[key]) for key, value in one.state_dict().items())


@pytest.mark.parametrize("name", STUDENTS)
def test_a_kind_can_be_expected_of_a_teacher_that_is_not_there_yet(name, wanted, expected, setup):
    kind, spec = student_kind(name), wanted(name)
    unmade = replace(expected, teacher_config=None)
    kind.refuse(spec, unmade)
    assert kind.shape(spec, unmade).layers == (name != "static")


@pytest.mark.parametrize("name", STUDENTS)
def test_the_settings_of_a_kind_are_some_and_it_can_do_a_task(name):
    kind = student_kind(name)
    assert set(kind.settings) < {each.name for each in fields(StudentConfig)}
    assert kind.has_head(task("classification"))
    assert kind.recipe >= 1


def test_a_kind_that_says_it_has_no_head_is_refused_for_the_task():
    assert not student_kind("bilstm").has_head(SimpleNamespace(class_axis="vocabulary"))
