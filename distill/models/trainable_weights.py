"""Choose which of a model's weights learn: all, the upper layers, or low-rank adapters."""

from typing import cast

from transformers import PreTrainedModel

from distill.errors import ModelError
from distill.models.layer_names import layer_pattern

_TASK_TYPES = {
    "AutoModelForSequenceClassification": "SEQ_CLS",
    "AutoModelForTokenClassification": "TOKEN_CLS",
    "AutoModelForQuestionAnswering": "QUESTION_ANS",
}
"""What peft calls the heads."""


def freeze(model: PreTrainedModel, layers: int) -> None:
    """Freeze the embeddings and the first ``layers`` layers of a model.

    Raises:
        ModelError: the layers cannot be told from the names of the weights.
    """
    stacks = 2 if model.config.is_encoder_decoder else 1
    pattern = layer_pattern(dict(model.named_parameters()), model.config.num_hidden_layers, stacks)
    for name, weight in model.named_parameters():
        match = pattern.match(name)
        if int(match[2]) < layers if match else _embeds(name):
            weight.requires_grad_(False)


def _embeds(name: str) -> bool:
    """Return whether a weight outside the layers embeds tokens or positions, by the names that transformers uses."""
    return any("embed" in part or part in ("wte", "wpe", "shared") for part in name.split("."))


def add_lora(model: PreTrainedModel, head: str, *, rank: int, alpha: float, dropout: float) -> PreTrainedModel:
    """Freeze all weights but the head, and let low-rank adapters learn beside them.

    LoRA (Hu et al. 2021, https://arxiv.org/abs/2106.09685), in the modules that peft knows for the architecture.

    Args:
        model: a model with a task head, which learns whole.
        head: the name of transformers' class for the head.
        rank: the rank of the adapters.
        alpha: the scale of the adapters is alpha / rank.
        dropout: the share of the adapters' inputs that is dropped in training.

    Raises:
        ModelError: peft knows no modules for the architecture.
    """
    from peft import LoraConfig, TaskType, get_peft_model  # seconds that only its users pay

    settings = LoraConfig(task_type=TaskType[_TASK_TYPES[head]], r=rank, lora_alpha=alpha, lora_dropout=dropout)  # type: ignore[arg-type]
    try:
        return cast(PreTrainedModel, get_peft_model(model, settings))
    except ValueError as error:
        raise ModelError(f"finetune.lora.rank={rank}: {str(error).splitlines()[0]}") from error


def merge_adapters(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model with its adapters folded into its weights; one without adapters as it is."""
    fold = getattr(model, "merge_and_unload", None)
    return model if fold is None else cast(PreTrainedModel, fold())
