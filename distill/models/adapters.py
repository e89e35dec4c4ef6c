"""Put small modules beside the layers of a model that learn instead of its weights, and fold them into these."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn
from transformers import PreTrainedModel

from distill.errors import ModelError
from distill.models import attention

_ALL_LINEAR = "all-linear"
"""A target that stands for all linear layers, as in peft."""


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters (LoRA, Hu et al. 2021, https://arxiv.org/abs/2106.09685).

    Attributes:
        rank: of the adapters.
        alpha: the scale of the adapters is alpha / rank.
        dropout: the share of the adapters' inputs that is dropped in training.
        targets: ends of the names of the modules that get adapters; none for those that project queries and values.
    """

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    targets: Sequence[str] = ()


def modules_of_layers(model: PreTrainedModel, depth_of: Mapping[str, int]) -> dict[str, nn.Module]:
    """Return the modules of the layers that multiply by a matrix, by their names, given the depth of each weight."""
    layers = model.config.num_hidden_layers
    inside = {name.rpartition(".")[0] for name, depth in depth_of.items() if 0 < depth <= layers}
    return {name: module for name, module in model.named_modules() if name in inside and _multiplies(module)}


def add(model: PreTrainedModel, modules: Mapping[str, nn.Module], method: str, lora: Lora) -> None:
    """Freeze a model, and put adapters beside some of its modules, in place.

    Args:
        model: a model with a task head.
        modules: those of its layers that may get adapters, by their names.
        method: lora | ia3: a scale of keys, values and of what the last matrix of a layer reads (Liu et al. 2022,
            https://arxiv.org/abs/2205.05638).
        lora: for the method of this name.

    Raises:
        ModelError: the architecture has no such modules.
    """
    from peft import IA3Config, LoraConfig, inject_adapter_in_model  # seconds that only its users pay

    if method == "lora":
        targets = _given(model, modules, lora.targets) if lora.targets else _queries_and_values(model, modules)
        settings = LoraConfig(
            r=lora.rank,
            lora_alpha=cast(int, lora.alpha),
            lora_dropout=lora.dropout,
            target_modules=targets,
            fan_in_fan_out=_turned(modules[targets[0]]),
        )
        inject_adapter_in_model(settings, model)
        return
    targets, feedforward = _keys_and_values(model, modules)
    inject_adapter_in_model(
        IA3Config(
            target_modules=[*targets, *feedforward],
            feedforward_modules=feedforward,
            fan_in_fan_out=_turned(modules[targets[0]]),
        ),
        model,
    )


def fold(model: PreTrainedModel) -> None:
    """Fold the adapters of a model into its weights, and put its own modules back in their places."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if is_adapter(child):
                child.merge()  # type: ignore[operator]
                setattr(parent, name, without(child))
    if hasattr(model, "peft_config"):
        del model.peft_config


def is_adapter(module: nn.Module) -> bool:
    """Return whether a module is one of peft's, with a module of the model in it."""
    return hasattr(module, "get_base_layer") and hasattr(module, "merge")


def without(module: nn.Module) -> nn.Linear:
    """Return the layer of the model that a module of peft's stands for; a layer of the model as it is."""
    return cast(nn.Linear, module.get_base_layer() if is_adapter(module) else module)  # type: ignore[operator]


def added(module: nn.Module) -> Tensor:
    """Return what low-rank adapters add to the weights of their layer, with its graph."""
    return cast(Tensor, module.get_delta_weight("default"))  # type: ignore[operator]


def _multiplies(module: nn.Module) -> bool:
    """Return whether a module multiplies by a matrix, as nn.Linear does, and GPT-2's Conv1D."""
    return isinstance(module, nn.Linear) or _turned(module)


def _turned(module: nn.Module) -> bool:
    """Return whether a module holds its matrix as ``[inputs, outputs]``."""
    return type(module).__name__ == "Conv1D"


def _given(model: PreTrainedModel, modules: Mapping[str, nn.Module], targets: Sequence[str]) -> list[str]:
    """Return the modules that the settings name by their ends.

    Raises:
        ModelError: an end is that of none.
    """
    if list(targets) == [_ALL_LINEAR]:
        return list(modules)
    ends = sorted({name.rpartition(".")[2] for name in modules})
    for target in targets:
        if not any(_ends(name, target) for name in modules):
            raise ModelError(
                f"lora.targets: {target} is no module in the layers of {model.config.model_type} models; they have "
                f"{', '.join(ends)}"
            )
    return [name for name in modules if any(_ends(name, target) for target in targets)]


def _ends(name: str, target: str) -> bool:
    return f".{name}".endswith(f".{target}")


def _queries_and_values(model: PreTrainedModel, modules: Mapping[str, nn.Module]) -> list[str]:
    """Return the modules that LoRA adapts: those that peft knows of the architecture, else queries and values."""
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    return _known_or_found(model, modules, KNOWN.get(model.config.model_type), (0, 2))


def _keys_and_values(model: PreTrainedModel, modules: Mapping[str, nn.Module]) -> tuple[list[str], list[str]]:
    """Return the modules whose results IA3 scales, and those of which it scales what they read."""
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING as READ
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING as KNOWN

    kind = model.config.model_type
    last = _last_of_each_layer(modules)
    if kind not in KNOWN:
        return _known_or_found(model, modules, None, (1, 2)), last
    targets = _known_or_found(model, modules, KNOWN[kind], ())
    read = [name for name in targets if any(_ends(name, end) for end in READ[kind])]
    return [name for name in targets if name not in read], read


def _last_of_each_layer(modules: Mapping[str, nn.Module]) -> list[str]:
    """Return the last module of each layer that multiplies by a matrix: the way out of its feed-forward part."""
    by_layer: dict[str, str] = {}
    for name in modules:
        by_layer[_layer(name)] = name
    return list(by_layer.values())


def _layer(name: str) -> str:
    """Return the name of the layer that a module is in: up to the first number."""
    parts = name.split(".")
    return ".".join(parts[: 1 + next(place for place, part in enumerate(parts) if part.isdecimal())])


def _known_or_found(
    model: PreTrainedModel, modules: Mapping[str, nn.Module], known: Sequence[str] | None, roles: Sequence[int]
) -> list[str]:
    """Return the modules of known ends, or those that are called like the ``roles`` of (query, key, value).

    Raises:
        ModelError: none is found.
    """
    ends = list(known) if known is not None else list(_called(model, roles))
    targets = [name for name in modules if any(_ends(name, end) for end in ends)]
    if not targets:
        raise ModelError(
            f"{model.config.model_type} models have no modules in their layers that adapters could learn in"
        )
    return targets


def _called(model: PreTrainedModel, roles: Sequence[int]) -> Iterator[str]:
    """Yield what the modules are called that project states into queries, keys or values."""
    names = {module: name.rpartition(".")[2] for name, module in model.named_modules()}
    try:
        layer = attention.projections(model)[0]
    except ModelError as error:
        kind = model.config.model_type
        raise ModelError(f"{kind} models: queries, keys and values cannot be found in their layers") from error
    yield from (names[layer[role]] for role in roles) if len(layer) > 1 else [names[layer[0]]]
