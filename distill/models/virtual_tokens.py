"""Put learnt vectors before each text that a model reads: prefix tuning and prompt tuning.

peft's own classes for these replace the model and its head, of which some then read the wrong token or fail (RoBERTa's,
GPT-2's). Here hooks on the part of the model under the head put the vectors in and take their places out again, so
that heads, tasks and terms see the tokens of the text alone. What learns cannot be folded into the weights: it is kept
beside them in the model's folder, whose ``config.json`` says so.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import safe_open
from torch import Tensor, nn
from transformers import DynamicCache, PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models import attention, checkpoint_folders

NAME = "virtual_tokens"
"""The module's name in the model, and the key in its configuration."""
_STD = 0.02
"""Standard deviation of the keys and values before they learn."""


class VirtualTokens(nn.Module):
    """The learnt vectors: ``[tokens, embedding width]``, or ``[layers, 2, heads, tokens, head width]`` of a prefix."""

    def __init__(self, weight: Tensor) -> None:
        """Begin with these numbers."""
        super().__init__()
        self.weight = nn.Parameter(weight)

    def cache(self, batch: int) -> DynamicCache:
        """Return keys and values ``[batch, heads, tokens, head width]`` of each layer, as of tokens read before."""
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(self.weight):
            cache.update(*(each.expand(batch, *each.shape) for each in (keys, values)), layer)
        return cache

    @property
    def tokens(self) -> int:
        """How many places there are."""
        return int(self.weight.shape[-2])


def of(config: PretrainedConfig) -> Mapping[str, Any] | None:
    """Return method and number of the virtual tokens of a model with this configuration; none where it has none."""
    found: Mapping[str, Any] | None = getattr(config, NAME, None)
    return found


def before_text(model: PreTrainedModel) -> int:
    """Return how many places the layers of a model have before those of a text: prefix tuning takes none."""
    learnt = of(model.config)
    prompted = learnt is not None and learnt["method"] == "prompt" and hasattr(_body(model), NAME)
    return int(learnt["tokens"]) if learnt is not None and prompted else 0


def add(model: PreTrainedModel, method: str, tokens: int) -> None:
    """Let a model read vectors before each text, which learn.

    Args:
        model: a model with a task head that reads.
        method: prefix (Li & Liang 2021, https://arxiv.org/abs/2101.00190): keys and values in each layer; or prompt
            (Lester et al. 2021, https://arxiv.org/abs/2104.08691): embeddings, which begin as those of tokens.
        tokens: how many.

    Raises:
        ModelError: the architecture cannot read what is not a token.
    """
    body, config = _body(model), model.config
    reads = inspect.signature(body.forward).parameters
    needed = "past_key_values" if method == "prefix" else "inputs_embeds"
    if needed not in reads or (method == "prefix" and config.is_encoder_decoder):
        before = "keys and values" if method == "prefix" else "embeddings"
        raise ModelError(f"{config.model_type} models cannot read {before} before a text")
    table = cast(nn.Embedding, model.get_input_embeddings()).weight
    if method == "prefix":
        queries, keys = attention.widths(config)
        width = queries // config.num_attention_heads
        shape = (config.num_hidden_layers, 2, keys // width, tokens, width)
        weight = _STD * torch.randn(shape, dtype=table.dtype, device=table.device)
    else:
        weight = table.detach()[torch.randint(len(table), (tokens,), device=table.device)].clone()
    body.add_module(NAME, VirtualTokens(weight))
    body.register_forward_pre_hook(_read_prefix if method == "prefix" else _read_prompt, with_kwargs=True)
    if method == "prompt":
        body.register_forward_hook(_of_text)
    setattr(config, NAME, {"method": method, "tokens": tokens})


def restore(model: PreTrainedModel, folder: Path) -> None:
    """Let a model that was loaded from a folder read the vectors that are kept there.

    Raises:
        ModelError: the folder has none, though its configuration says so, or those of another model.
    """
    if (kept := of(model.config)) is None:
        return
    try:
        add(model, str(kept["method"]), int(kept["tokens"]))
        weight = cast(VirtualTokens, getattr(_body(model), NAME)).weight
        with torch.no_grad():
            weight.copy_(_kept(folder).to(weight))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{folder}: config.json names virtual tokens, and the weights do not have them; they are of different "
            "models"
        ) from error


def _kept(folder: Path) -> Tensor:
    """Return the vectors in the files of a folder.

    Raises:
        KeyError: there are none.
    """
    for path in checkpoint_folders.weights(folder):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118  # the file is no mapping
                if name.endswith(f"{NAME}.weight"):
                    return cast(Tensor, file.get_tensor(name))
    raise KeyError(NAME)


def _body(model: PreTrainedModel) -> nn.Module:
    """Return the part of a model that reads tokens: all below its head, or the encoder."""
    if model.config.is_encoder_decoder:
        return cast(nn.Module, model.get_encoder())
    return model.base_model


def _named(body: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a forward pass by their names."""
    return {**dict(zip(inspect.signature(body.forward).parameters, args, strict=False)), **kwargs}


def _longer(mask: Tensor, tokens: int, value: int) -> Tensor:
    """Return what holds a number for each token ``[batch, tokens]``, with more of them in front."""
    return torch.cat([mask.new_full((len(mask), tokens), value), mask], dim=1)


def _read_prefix(body: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[()], dict[str, Any]]:
    """Put keys and values before what is read."""
    given, virtual = _named(body, args, kwargs), cast(VirtualTokens, getattr(body, NAME))
    mask = given["attention_mask"]
    return (), {
        **given,
        "attention_mask": _longer(mask, virtual.tokens, 1),
        "past_key_values": virtual.cache(len(mask)),
    }


def _read_prompt(body: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[()], dict[str, Any]]:
    """Put embeddings before those of the text."""
    given, virtual = _named(body, args, kwargs), cast(VirtualTokens, getattr(body, NAME))
    read = cast(PreTrainedModel, body).get_input_embeddings()(given["input_ids"])
    before = virtual.weight.to(read.dtype).expand(len(read), *virtual.weight.shape)
    given |= {"input_ids": None, "inputs_embeds": torch.cat([before, read], dim=1)}
    for name, value in (("attention_mask", 1), ("token_type_ids", 0)):
        if given.get(name) is not None:
            given[name] = _longer(given[name], virtual.tokens, value)
    return (), given


def _of_text(body: nn.Module, args: object, output: Any) -> Any:  # noqa: ANN401
    """Take the places of the embeddings before a text out of the states of a model."""
    tokens = cast(VirtualTokens, getattr(body, NAME)).tokens
    output["last_hidden_state"] = output["last_hidden_state"][:, tokens:]
    if output.get("hidden_states") is not None:
        output["hidden_states"] = tuple(states[:, tokens:] for states in output["hidden_states"])
    return output
