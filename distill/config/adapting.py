"""Settings of which weights of a model learn: those of the teacher in `finetune`, those of the student in `distill`."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from distill.base.setting_rules import FRACTION, POSITIVE, Rule, allowed, at_least, one_of, said
from distill.config.task_traits import task_or_first
from distill.student import STUDENTS, student_kind

if TYPE_CHECKING:
    from distill.config.schema import Config

LORA, IA3, PREFIX, PROMPT, BIAS = "lora", "ia3", "prefix", "prompt", "bias"
VIRTUAL = (PREFIX, PROMPT)
"""Methods that learn vectors beside the model, which no weight of it can take up."""
_DECAY: Rule = (lambda value: 0 < value <= 1), "a number above 0, at most 1"
_RANK = 8
"""Rank of the adapters of LoRA where none is given."""


@dataclass
class LoraConfig:
    """Low-rank adapters (LoRA, Hu et al. 2021) instead of all weights; folded into them at the end."""

    rank: int = field(default=0, metadata=allowed(at_least(0)))
    """Rank of the adapters; 0 trains none, or, with peft=lora, those of rank 8. A rank alone is peft=lora with the
    default learning rate of all weights."""
    alpha: float = field(default=16.0, metadata=allowed(POSITIVE))
    """Scale of the adapters: what they add is multiplied by alpha / rank."""
    dropout: float = field(default=0.0, metadata=allowed(FRACTION))
    """Dropout of what the adapters read."""
    targets: list[str] = field(default_factory=list)
    """Modules of the layers that get adapters, by the ends of their names; none: what projects queries and values."""


@dataclass
class AdaptingConfig:
    """Which weights of a model learn, and how fast."""

    frozen: str = field(default="none", metadata=allowed(one_of("none", "embeddings", "body")))
    """none | embeddings | body: what stays as it is; the body is all but the head and the pooler before it."""
    frozen_layers: int = field(default=0, metadata=allowed(at_least(0)))
    """Layers from the bottom, with the embeddings, that stay as they are; 0 freezes nothing."""
    gradual_unfreezing: bool = False
    """The head learns alone for an epoch; from then on a layer more each epoch, from the top, and at last the
    embeddings (Howard & Ruder 2018)."""
    layer_decay: float = field(default=1.0, metadata=allowed(_DECAY))
    """Factor of the learning rate from a layer to the one below: the head learns at the whole rate, the top layer at
    this part of it; 1 is the same rate for all."""
    peft: str = field(default="none", metadata=allowed(one_of("none", LORA, IA3, PREFIX, PROMPT, BIAS)))
    """none | lora | ia3 | prefix | prompt | bias: what learns, beside the head, instead of the weights. lora: `lora`.
    ia3: a scale of each key, value and inner number of the feed-forward parts (Liu et al. 2022). prefix: keys and
    values before the text in each layer (Li & Liang 2021). prompt: embeddings before the text (Lester et al. 2021).
    bias: the biases (BitFit, Ben Zaken et al. 2022)."""
    virtual_tokens: int = field(default=20, metadata=allowed(at_least(1)))
    """Places before the text, for peft=prefix and peft=prompt."""
    lora: LoraConfig = field(default_factory=LoraConfig)


def method(section: AdaptingConfig) -> str:
    """Return what learns instead of the weights: a rank alone means low-rank adapters."""
    return LORA if section.lora.rank else section.peft


def lora_settings(section: AdaptingConfig) -> dict[str, object] | None:
    """Return the settings of low-rank adapters; none where there are none."""
    if method(section) != LORA:
        return None
    given = {**asdict(section.lora), "rank": section.lora.rank or _RANK}
    return given if given["targets"] else {name: value for name, value in given.items() if name != "targets"}


def adapting_problems(config: "Config") -> Iterator[str]:
    """Name each problem of what is trained of teacher and student."""
    for key, section in (("finetune", config.finetune), ("distill", config.distill)):
        yield from _contradictions(key, section)
        yield from _of_task(config, key, section)
    yield from _of_student(config)
    yield from _of_random_teacher(config)
    yield from _needing_whole_model(config)


def _contradictions(key: str, section: AdaptingConfig) -> Iterator[str]:
    """Name settings of which one says what another has said, or its contrary."""
    peft, rank = method(section), section.lora.rank
    if rank and section.peft not in ("none", LORA):
        yield f"{key}.lora.rank={rank}: belongs to {key}.peft=lora, which is {section.peft}; allowed is 0"
        return
    if peft != "none" and section.frozen_layers:
        yield f"{key}.frozen_layers: adapters freeze every layer already; allowed is 0 where {_named(key, section)}"
    if peft != "none" and section.frozen != "none":
        what = f"{key}.frozen={section.frozen}"
        yield f"{what}: adapters freeze all but the head already; allowed is none where {_named(key, section)}"
    if section.frozen != "none" and section.frozen_layers:
        yield (
            f"{key}.frozen_layers={section.frozen_layers}: freezes the embeddings, too, and {key}.frozen="
            f"{section.frozen} says what stays as well; give one of the two"
        )
    all_frozen = peft != "none" or section.frozen == "body"
    if section.gradual_unfreezing and all_frozen:
        why = _named(key, section) if peft != "none" else f"{key}.frozen=body"
        yield f"{key}.gradual_unfreezing=true: no layer ever learns with {why}; allowed is false"
    if section.layer_decay != 1 and (peft in VIRTUAL or section.frozen == "body"):
        why = f"{key}.peft={peft}" if peft in VIRTUAL else f"{key}.frozen=body"
        yield f"{key}.layer_decay={section.layer_decay}: no layer learns with {why}; allowed is 1"


def _named(key: str, section: AdaptingConfig) -> str:
    """Return the setting that asks for adapters, as a message names it."""
    return "lora.rank is above 0" if section.peft == "none" else f"{key}.peft is {section.peft}"


def _of_task(config: "Config", key: str, section: AdaptingConfig) -> Iterator[str]:
    """Name what models that write cannot have: heads that are embeddings, and answers token by token."""
    if not task_or_first(config.task).writes:
        return
    if section.frozen == "body":
        yield f"{key}.frozen=body: the head of models of {config.task} is their embeddings; allowed is none, embeddings"
    if method(section) in VIRTUAL:
        yield f"{key}.peft={section.peft}: models of {config.task} write; allowed is none, lora, ia3, bias"


def _of_student(config: "Config") -> Iterator[str]:
    """Name what would keep a student at weights that have learnt nothing, or asks for layers it does not have."""
    if config.student.init not in STUDENTS:
        return
    section, learnt = config.distill, student_kind(config.student.init).learnt
    usual, ways = AdaptingConfig(), ["frozen", "frozen_layers", "peft"]
    if learnt == "embeddings":
        ways += ["gradual_unfreezing", "layer_decay"]
    why = {
        "nothing": "begins at random weights, of which none may stay as it is",
        "embeddings": "has no layers of a transformer",
        "layers": "",
    }[learnt]
    given = {name: (getattr(section, name), getattr(usual, name)) for name in ways}
    given["lora.rank"] = (section.lora.rank, 0)
    for name, (value, default) in given.items():
        may = learnt == "layers" or ((name, value) == ("frozen", "embeddings") and learnt == "embeddings")
        if value != default and not may:
            yield (
                f"distill.{name}={said(value)}: a student with student.init={config.student.init} {why}; allowed is "
                f"{said(default)}"
            )


def _of_random_teacher(config: "Config") -> Iterator[str]:
    """Name what would keep a teacher at random weights: one that was not pretrained."""
    section, key = config.finetune, "finetune"
    if config.teacher.model is not None or not (task_or_first(config.task).writes or not config.pretrain.max_epochs):
        return
    if method(section) != "none" or section.frozen != "none":
        given = "frozen" if method(section) == "none" else "lora.rank" if section.peft == "none" else "peft"
        value = section.lora.rank if given == "lora.rank" else getattr(section, given)
        yield (
            f"{key}.{given}={value}: the teacher begins at random weights, which would stay as they are; give a "
            "pretrained one as teacher.model=FOLDER"
        )


def _needing_whole_model(config: "Config") -> Iterator[str]:
    """Name what cannot be done with a model of which a part stays beside it."""
    student, teacher = config.distill, config.finetune
    kept = f"distill.peft={student.peft}: what learns stays beside the model, which is not exported without it"
    if student.peft in VIRTUAL and "export" in config.stages:
        yield f"{kept}; allowed is none, lora, ia3, bias, or stages without export"
    if config.distill.quantization != "none" and method(student) in (IA3, *VIRTUAL):
        reason = "the export rounds other weights than those that learn"
        yield (
            f"distill.quantization={student.quantization}: {reason} with distill.peft={student.peft}; allowed is none, "
            "or distill.peft=lora or bias"
        )
    if student.quantization != "none" and method(student) == LORA and student.lora.dropout:
        yield f"distill.lora.dropout={student.lora.dropout}: is not done with rounding; allowed is 0.0"
    begins = config.student.init in STUDENTS and student_kind(config.student.init).begins_with == "teacher"
    if teacher.peft in VIRTUAL and begins and not config.teacher.finetuned:
        yield (
            f"finetune.peft={teacher.peft}: what learns stays beside the teacher's weights, of which "
            f"student.init={config.student.init} is made; allowed is none, lora, ia3, bias, or a student with "
            "student.init=random or checkpoint"
        )
