"""Let a part of teacher or student learn, by the settings of the stage, and say what has learnt."""

from dataclasses import asdict

from transformers import PreTrainedModel

from distill.config.adapting import VIRTUAL, AdaptingConfig, lora_settings, method
from distill.errors import ModelError
from distill.models import adapt
from distill.models.adapt import Adaptation
from distill.models.adapters import Lora
from distill.stages.job import StageSettings

_SINCE = ("frozen", "gradual_unfreezing", "layer_decay")
"""Settings that stand in a fingerprint where they are not the default."""


def adaptation(section: AdaptingConfig) -> Adaptation:
    """Return what of a model learns, by the settings of its stage."""
    lora = lora_settings(section)
    return Adaptation(
        section.frozen,
        section.frozen_layers,
        section.gradual_unfreezing,
        section.layer_decay,
        method(section),
        Lora() if lora is None else Lora(**lora),  # type: ignore[arg-type]
        section.virtual_tokens,
    )


def settings(section: AdaptingConfig) -> StageSettings:
    """Return what of the settings decides on what learns, besides frozen layers and low-rank adapters."""
    usual = AdaptingConfig()
    changed = {name: getattr(section, name) for name in _SINCE if getattr(section, name) != getattr(usual, name)}
    if method(section) not in ("none", "lora"):
        changed["peft"] = section.peft
    if section.peft in VIRTUAL:
        changed["virtual_tokens"] = section.virtual_tokens
    return {"adapting": changed} if changed else {}


def student_settings(section: AdaptingConfig) -> StageSettings:
    """Return all of the settings that decides on what of a student learns; nothing where all of it does."""
    more = {"frozen_layers": section.frozen_layers} if section.frozen_layers else {}
    lora = lora_settings(section)
    return {**settings(section), **more, **({"lora": lora} if lora is not None else {})}


def adapt_model(model: PreTrainedModel, section: AdaptingConfig, key: str, whose: str) -> None:
    """Let the part of a model learn that the settings name.

    Args:
        model: with a task head.
        section: the settings of the stage.
        key: the name of that section.
        whose: teacher | student.

    Raises:
        ModelError: the model cannot have what is asked for.
    """
    layers = model.config.num_hidden_layers
    if section.frozen_layers > layers:
        raise ModelError(f"{key}.frozen_layers={section.frozen_layers}: the {whose} has {layers} layers")
    try:
        adapt.adapt(model, adaptation(section))
    except ModelError as error:
        raise ModelError(f"{_given(section, key)}: {error}") from error


def trained(model: PreTrainedModel, section: AdaptingConfig, epochs: int) -> StageSettings:
    """Return, for the result of a stage, what has learnt of a model with its adapters still beside its weights."""
    return asdict(adapt.trained(model, adaptation(section), epochs))


def _given(section: AdaptingConfig, key: str) -> str:
    """Return the setting that asked for what a model cannot have."""
    peft = method(section)
    if peft != "none":
        return f"{key}.peft={peft}" if section.peft != "none" else f"{key}.lora.rank={section.lora.rank}"
    if section.frozen != "none":
        return f"{key}.frozen={section.frozen}"
    if section.frozen_layers:
        return f"{key}.frozen_layers={section.frozen_layers}"
    if section.gradual_unfreezing:
        return f"{key}.gradual_unfreezing=true"
    return f"{key}.layer_decay={section.layer_decay}"
