"""A way to train that what is trained cannot have is refused before anything heavy is imported."""

import pytest

from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.config.trainer import trainer_problems


def config(**settings):
    """The settings with some changed, by keys with ``__`` for the dot."""
    made = Config(task="classification")
    for key, value in settings.items():
        section, *rest = key.split("__")
        holder = getattr(made, section)
        for name in rest[:-1]:
            holder = getattr(holder, name)
        setattr(holder, rest[-1], value)
    return made


NO_LAYERS = "student.init=static has no layers of a transformer; allowed is false"
REFUSED = {
    "trainer.strategy=fsdp: its gradients are not scaled as trainer.precision=16-mixed needs; allowed is bf16-mixed or "
    "32-true": {"trainer__strategy": "fsdp", "trainer__precision": "16-mixed"},
    "trainer.strategy=fsdp: distill.shares measures gradients of whole weights, which no process has; give weights, or "
    "ddp": {"trainer__strategy": "fsdp", "distill__shares": {"hard": 1.0, "soft": 1.0}},
    "trainer.strategy=fsdp: distill.quantization=int8 measures ranges of a whole model; allowed is ddp": {
        "trainer__strategy": "fsdp", "distill__quantization": "int8",
    },
    "trainer.strategy=fsdp: trainer.accelerator=mps has no several devices; allowed is cpu, gpu or cuda": {
        "trainer__strategy": "fsdp", "trainer__accelerator": "mps",
    },
    "trainer.compile=true: distill.hidden reads hidden states of layers, which are one piece then; allowed is false": {
        "trainer__compile": True, "distill__hidden__weight": 1.0,
    },
    "trainer.compile=true: trainer.strategy=fsdp puts weights together layer by layer as they are called; allowed is "
    "false": {"trainer__compile": True, "trainer__strategy": "fsdp"},
    "trainer.compile=true: trainer.activation_checkpointing=true runs layers again as they are called; allowed is "
    "false": {"trainer__compile": True, "trainer__activation_checkpointing": True},
    f"trainer.compile=true: {NO_LAYERS}": {"trainer__compile": True, "student__init": "static"},
    f"trainer.activation_checkpointing=true: {NO_LAYERS}": {
        "trainer__activation_checkpointing": True, "student__init": "static",
    },
    "teacher.precision=bf16-true: trainer.precision=64-true teaches in double precision; allowed is auto": {
        "teacher__precision": "bf16-true", "trainer__precision": "64-true",
    },
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_refused_with_a_way_out(message):
    assert list(trainer_problems(config(**REFUSED[message]))) == [message]


def test_several_teachers_have_no_precision_of_their_own():
    made = config()
    made.more_teachers["second"] = TeacherConfig(precision="bf16-true")
    said = "several teachers answer before the student learns; allowed is auto"
    assert list(trainer_problems(made)) == [f"more_teachers.second.precision=bf16-true: {said}"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"trainer__strategy": "fsdp", "trainer__precision": "bf16-mixed", "student__init": "bilstm"},
        {"trainer__compile": True},
        {"trainer__activation_checkpointing": True, "trainer__strategy": "fsdp", "distill__relations__weight": 1.0},
        {"teacher__precision": "16-true", "teacher__store": "never"},
    ],
)
def test_the_rest_may_be(settings):
    assert list(trainer_problems(config(**settings))) == []
