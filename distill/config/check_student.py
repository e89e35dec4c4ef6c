"""Does the student make sense, alone, beside its teacher, and for task and objective?"""

from collections.abc import Iterator
from dataclasses import asdict

from distill.base.setting_rules import LAYERS
from distill.config.schema import Config
from distill.config.task_traits import TaskTraits, known
from distill.objective.declaration import BEYOND_LOGITS
from distill.objective.settings import active, reads
from distill.objective.specs import TERM_SPECS

_HEADLESS: dict[str, TaskTraits] = {"bilstm": lambda task: task.class_axis != "labels"}
"""Kinds of students, and the tasks that they have no head for."""


FIRST_OF_A_BILSTM = "reads the first token, of which half of a BiLSTM has read nothing else"
"""Why terms on the state of the first token are refused for it."""


def student(config: Config) -> Iterator[str]:
    """Name each problem of the student."""
    given, size = config.student, config.teacher.architecture
    if (given.init == "checkpoint") != (given.model is not None):
        yield f"student.init={given.init}: student.model=PATH goes with student.init=checkpoint, and only with it"
    if given.layer_map == "auto":
        yield (
            "student.layer_map=auto: compares what student and teacher make of texts, but there is no student yet; "
            f"allowed is {LAYERS[1]}"
        )
    if config.teacher.model is None and given.init == "teacher" and given.layers > size.layers:
        yield f"student.layers={given.layers}: the teacher has {size.layers} layers to give"
    if given.init in _HEADLESS and _HEADLESS[given.init](known(config.task)):
        allowed = "random, teacher, narrow or checkpoint"
        yield f"student.init={given.init}: has no head for {config.task}; allowed is {allowed}"
    if given.init in ("teacher", "narrow") and known(config.task).family == "encoder-decoder":
        yield from _both_stacks(config)
    if given.init == "narrow":
        yield from _narrow(config)
    if given.init == "bilstm":
        yield from _lstm(config)


def _both_stacks(config: Config) -> Iterator[str]:
    mine, size = config.student.architecture.decoder_layers, config.teacher.architecture
    if config.student.init == "narrow" and mine is not None:
        yield (
            f"student.architecture.decoder_layers={mine}: a narrow copy takes the same layers of encoder and decoder, "
            "student.architecture.layers of each; leave it out"
        )
    if config.teacher.model is None and size.decoder_layers not in (None, size.layers):
        yield (
            f"teacher.architecture.decoder_layers={size.decoder_layers}: student.init={config.student.init} takes the "
            f"same layers of encoder and decoder; allowed is {size.layers}"
        )


def _narrow(config: Config) -> Iterator[str]:
    mine, theirs = asdict(config.student.architecture), asdict(config.teacher.architecture)
    for name in ("layers", "hidden_size", "heads", "intermediate_size"):
        if config.teacher.model is None and mine[name] > theirs[name]:
            yield f"student.architecture.{name}={mine[name]}: the teacher to be copied has {theirs[name]}"


def _lstm(config: Config) -> Iterator[str]:
    for name, term in active(config.distill).items():
        if (read := reads(config.distill, name)) in ("scores", "qkv"):
            yield f"distill.{name}.weight={term.weight}: a BiLSTM student has no {BEYOND_LOGITS[read]}; allowed is 0"
        elif read == "states" and not TERM_SPECS[name].same_tokens:
            yield f"distill.{name}.weight={term.weight}: {FIRST_OF_A_BILSTM}; allowed is 0"
