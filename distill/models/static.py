"""Provide a student without layers: the mean of token embeddings, and a small head.

Sentence vectors of this kind are Model2Vec's (https://github.com/MinishLab/model2vec) and, before, those of Arora et
al. 2017 ("A simple but tough-to-beat baseline for sentence embeddings"): each token has one vector, whatever stands
beside it. Importing this module, as everything of ``distill.models`` does, makes it known to transformers, as the
BiLSTM is.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput


class StaticConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """The size and the vocabulary of a static model; see ``distill.config.student.StaticConfig``."""

    model_type = "distill-static"
    num_hidden_layers = 0  # of the class: a folder that says so of itself is taken for a broken one

    def __init__(
        self,
        vocab_size: int = 1000,
        hidden_size: int = 256,
        texts: int = 1,
        sep_token_id: int | None = None,
        dropout: float = 0.1,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Keep the sizes.

        Args:
            vocab_size: how many tokens there are.
            hidden_size: width of their embeddings, and of the head.
            texts: how many an example has, 1 or 2.
            sep_token_id: the token that ends the first of two.
            dropout: of the head, in training.
            kwargs: transformers' own.
        """
        super().__init__(**kwargs)
        self.vocab_size, self.hidden_size, self.texts = vocab_size, hidden_size, texts
        self.sep_token_id, self.dropout = sep_token_id, dropout


def configured(tokenizer: PreTrainedTokenizerBase, tokens: int, width: int, texts: int, dropout: float) -> StaticConfig:
    """Configure a model that reads a tokenizer's texts.

    Args:
        tokenizer: the one that makes the tokens, and ends each of two texts with one.
        tokens: how many there are embeddings for.
        width: of these.
        texts: how many an example has, 1 or 2.
        dropout: of the head, in training.
    """
    separator = tokenizer.eos_token_id if tokenizer.sep_token_id is None else tokenizer.sep_token_id
    return StaticConfig(tokens, width, texts, separator, dropout, pad_token_id=tokenizer.pad_token_id)


class _Pretrained(PreTrainedModel):  # type: ignore[no-untyped-call]
    config_class = StaticConfig
    base_model_prefix = "static"

    def _init_weights(self, module: nn.Module) -> None:
        """Initialise embeddings as torch does, linear layers by their widths (Glorot & Bengio 2010), biases with 0."""
        if isinstance(module, nn.Embedding):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)


class StaticModel(_Pretrained):  # type: ignore[no-untyped-call]
    """A table of token embeddings ``[tokens, hidden_size]``."""

    def __init__(self, config: StaticConfig) -> None:
        """Make the embeddings."""
        super().__init__(config)
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.post_init()  # type: ignore[no-untyped-call]

    def get_input_embeddings(self) -> nn.Embedding:
        """Return the embeddings of the tokens."""
        return self.embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the embeddings of the tokens, as where the vocabulary grows."""
        self.embeddings = cast(nn.Embedding, value)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        output_hidden_states: bool = False,
    ) -> BaseModelOutput:
        """Return the embedding of each token ``[batch, tokens, hidden_size]``, which reads nothing beside it.

        Args:
            input_ids: ``[batch, tokens]``.
            attention_mask: not read here: no token sees another one.
            token_type_ids: not read: what separates two texts is a token.
            output_hidden_states: whether to return the embeddings as the only states, too.
        """
        states = self.embeddings(input_ids)
        return BaseModelOutput(states, (states,) if output_hidden_states else None)


class StaticForSequenceClassification(_Pretrained):  # type: ignore[no-untyped-call]
    """One row of logits for a text, from the mean u of its tokens' embeddings.

    Of two texts with the means u and v the head reads u, v, |u - v| and u·v (Conneau et al. 2017, InferSent).
    """

    def __init__(self, config: StaticConfig) -> None:
        """Add the head: a layer as wide as the embeddings, and the outputs."""
        super().__init__(config)
        self.static = StaticModel(config)
        self.dense = nn.Linear(config.hidden_size * (4 if config.texts == 2 else 1), config.hidden_size)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden_size, int(config.num_labels or 1))
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        output_hidden_states: bool = False,
    ) -> SequenceClassifierOutput:
        """Return logits ``[batch, labels]``; a text may be padded at either side."""
        answer = self.static(input_ids, attention_mask, token_type_ids, output_hidden_states)
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        features = self._features(input_ids, mask, answer.last_hidden_state)
        logits = self.classifier(self.dropout(torch.relu(self.dense(self.dropout(features)))))
        return SequenceClassifierOutput(logits=logits, hidden_states=answer.hidden_states)

    def _features(self, input_ids: Tensor, mask: Tensor, states: Tensor) -> Tensor:
        """Return what the head reads of each example."""
        if self.config.texts != 2:
            return _mean(states, mask)
        ends = (input_ids == (-1 if self.config.sep_token_id is None else self.config.sep_token_id)) & mask.bool()
        second = mask * ((ends.long().cumsum(1) - ends.long()) > 0)  # the token that ends a text still belongs to it
        u, v = _mean(states, mask - second), _mean(states, second)
        return torch.cat([u, v, (u - v).abs(), u * v], dim=1)


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean ``[batch, width]`` of the states whose mask is 1; 0 where it is 1 nowhere."""
    weights = mask.to(states.dtype)
    whole = torch.matmul(weights.unsqueeze(1), states).squeeze(1)
    return whole / weights.sum(1, keepdim=True).clamp(min=1)


@torch.no_grad()
def embed(student: PreTrainedModel, embeddings: Tensor, counts: Tensor, smoothing: float) -> None:
    """Initialise a student's embeddings by the principal components of the teacher's, each scaled by its rarity.

    Components of a variance of 1 over all numbers are multiplied by the smooth inverse frequency a / (a + p), where p
    is a token's share of all tokens of train (Arora et al. 2017): in a mean, words that stand everywhere count little.

    Args:
        student: a model of this module.
        embeddings: the teacher's, of the same tokens, ``[vocabulary, teacher's width]``, no narrower.
        counts: how often each token stands in train, ``[vocabulary]`` or shorter where the last ones never do.
        smoothing: a, the share at which a token's weight is a half.
    """
    table = cast(nn.Embedding, student.get_input_embeddings()).weight
    centred = embeddings.double() - embeddings.double().mean(0)
    directions = torch.linalg.eigh(centred.mT @ centred)[1].flip(1)[:, : table.shape[1]]
    components = centred @ directions
    components /= components.square().mean().sqrt().clamp(min=1e-12)
    frequency = torch.zeros(len(table), dtype=torch.double)
    frequency[: len(counts)] = counts.double() / counts.sum().clamp(min=1)
    table.copy_(components * (smoothing / (smoothing + frequency)).unsqueeze(1))


def _register() -> None:
    AutoConfig.register(StaticConfig.model_type, StaticConfig, exist_ok=True)
    AutoModel.register(StaticConfig, StaticModel, exist_ok=True)
    AutoModelForSequenceClassification.register(StaticConfig, StaticForSequenceClassification, exist_ok=True)


_register()
