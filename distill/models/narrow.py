"""A narrower copy of an encoder: its weights in fewer numbers, by truncated singular value decompositions.

All layers share one basis of the states, ``[wide, narrow]``: the directions in which the states of some texts vary most
(as in SliceGPT: Ashkboos et al. 2024, arXiv:2401.15024). Queries with keys, and values with outputs, are factored again
for each head, so that attention scores, and what attention adds, change least (truncated SVD of weights: Ben Noach &
Goldberg 2020, aclanthology.org/2020.aacl-main.88; here weighed by the states that they read). Inner units are chosen by
how much what they add varies; the mean of whatever is left out goes into the biases.
"""

import copy
import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models.loading import from_config
from distill.models.narrow_weights import Copy, Width
from distill.models.teacher import outputs
from distill.types import Batch

MODELS = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
"""Architectures that can be copied: their layers are BERT's."""


def narrowed(config: PretrainedConfig, width: Width) -> PretrainedConfig:
    """The configuration of a narrower copy.

    Raises:
        ModelError: the architecture cannot be copied, or the copy would be wider.
    """
    if config.model_type not in MODELS:
        raise ModelError(
            f"student.init=narrow: {config.model_type} models cannot be copied narrower; these can: {', '.join(MODELS)}"
        )
    asked = {
        "hidden_size": (width.hidden_size, config.hidden_size),
        "heads": (width.heads, config.num_attention_heads),
        "intermediate_size": (width.intermediate_size, config.intermediate_size),
    }
    for name, (mine, theirs) in asked.items():
        if mine > theirs:
            raise ModelError(f"student.architecture.{name}={mine}: the teacher to be copied has {theirs}")
    made = copy.deepcopy(config)
    made.hidden_size, made.num_attention_heads, made.intermediate_size = (mine for mine, _ in asked.values())
    if getattr(config, "embedding_size", config.hidden_size) == config.hidden_size and hasattr(
        config, "embedding_size"
    ):
        made.embedding_size = width.hidden_size
    elif getattr(config, "embedding_size", None) == width.hidden_size:
        raise ModelError(
            f"student.architecture.hidden_size={width.hidden_size}: is the width of the teacher's embeddings, which "
            "would go into the layers without the teacher's projection; allowed is any other"
        )
    return made


def narrow(wide: PreTrainedModel, batches: Sequence[Batch], width: Width, head: str) -> PreTrainedModel:
    """A copy of ``wide`` with narrower states; with its own width it answers the same.

    Args:
        wide: with a task head.
        batches: some texts; their states decide on what is kept.
        width: of the copy.
        head: transformers' class.

    Raises:
        ModelError: see ``narrowed``.
    """
    narrower = from_config(narrowed(wide.config, width), head)
    weights = Copy(wide, _inputs(wide, batches), width, head_of(wide)).made()
    narrower.load_state_dict({name: weight.float() for name, weight in weights.items()}, strict=True)
    return narrower


def head_of(model: PreTrainedModel) -> tuple[str | None, str]:
    """The names of the layer between states and outputs, if there is one, and of the layer of outputs."""
    names = {name for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    for inner, outer in (
        (f"{model.base_model_prefix}.pooler.dense", "classifier"),
        ("classifier.dense", "classifier.out_proj"),
        (None, "classifier"),
        (None, "qa_outputs"),
    ):
        if outer in names and (inner is None or inner in names):
            return inner, outer
    raise ModelError(f"student.init=narrow: {type(model).__name__} has a head that cannot be copied narrower")


@torch.no_grad()
def _inputs(model: PreTrainedModel, batches: Sequence[Batch]) -> dict[str, Tensor]:
    """What linear layers and norms read of tokens that are no padding, ``[tokens, width]``, or of first tokens."""
    model.train(False)
    taken: dict[str, list[Tensor]] = {}
    mask = torch.empty(0)

    def keep(name: str) -> Any:  # noqa: ANN401
        def hook(module: nn.Module, given: tuple[Tensor, ...]) -> None:
            states = given[0][mask] if given[0].dim() == 3 else given[0]
            taken.setdefault(name, []).append(states.double())

        return hook

    watched = [*filter(None, head_of(model)), f"{model.base_model_prefix}.embeddings_project"]
    handles = [
        module.register_forward_pre_hook(keep(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.LayerNorm) or name in watched or re.search(r"(?<!\.attention)\.output\.dense$", name)
    ]
    for batch in batches:
        mask = batch["attention_mask"].bool()
        outputs(model, batch)
    for handle in handles:
        handle.remove()
    return {name: torch.cat(parts) for name, parts in taken.items()}
