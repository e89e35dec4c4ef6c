"""Provide a student without attention: bidirectional LSTM layers over tokens (Tang et al. 2019, arXiv:1903.12136).

A model of transformers in all but one thing: transformers does not know it by name. Importing this module, as
everything of ``distill.models`` does, makes it known to ``AutoConfig`` and the ``AutoModelFor...`` of its heads.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput, TokenClassifierOutput

from distill.errors import ModelError


class BiLstmConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """The size and the vocabulary of a bidirectional LSTM; see ``distill.config.schema.LstmConfig``."""

    model_type = "distill-bilstm"

    def __init__(
        self,
        vocab_size: int = 1000,
        embedding_size: int = 128,
        lstm_size: int = 150,
        num_hidden_layers: int = 1,
        dropout: float = 0.1,
        type_vocab_size: int = 2,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Keep the sizes; ``lstm_size`` is that of each direction, ``kwargs`` are transformers' own."""
        super().__init__(**kwargs)
        self.vocab_size, self.embedding_size, self.lstm_size = vocab_size, embedding_size, lstm_size
        self.num_hidden_layers, self.dropout, self.type_vocab_size = num_hidden_layers, dropout, type_vocab_size
        self.hidden_size = 2 * lstm_size


class _Pretrained(PreTrainedModel):  # type: ignore[no-untyped-call]
    config_class = BiLstmConfig
    base_model_prefix = "bilstm"

    def _init_weights(self, module: nn.Module) -> None:
        """Initialise weights as torch does, linear layers by their widths (Glorot & Bengio 2010) with a bias of 0."""
        if isinstance(module, (nn.Embedding, nn.LSTM)):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)


class BiLstmModel(_Pretrained):  # type: ignore[no-untyped-call]
    """A stack of bidirectional LSTM layers that makes token states ``[batch, tokens, 2 * lstm_size]``."""

    def __init__(self, config: BiLstmConfig) -> None:
        """Make the embeddings and the layers."""
        super().__init__(config)
        self.embeddings = nn.Embedding(config.vocab_size, config.embedding_size)
        self.types = nn.Embedding(config.type_vocab_size, config.embedding_size)
        self.project = nn.Linear(config.embedding_size, config.hidden_size)
        self.layers = nn.ModuleList(
            nn.LSTM(config.hidden_size, config.lstm_size, batch_first=True, bidirectional=True)
            for _ in range(config.num_hidden_layers)
        )
        self.dropout = nn.Dropout(config.dropout)
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
        """Read texts ``[batch, tokens]`` that are padded at their ends; the padding is not read.

        Raises:
            ValueError: a text is padded in front.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        if mask.shape[1] > 1 and bool((mask[:, 1:] > mask[:, :-1]).any()):
            raise ValueError("texts must be filled up at their ends, not in front")
        read = _unpacked if torch.onnx.is_in_onnx_export() else _packed
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        embedded = self.embeddings(input_ids) + self.types(types)
        states = [self.project(self.dropout(embedded))]
        for layer in self.layers:
            states.append(read(cast(nn.LSTM, layer), self.dropout(states[-1]), mask))
        return BaseModelOutput(states[-1], tuple(states) if output_hidden_states else None)


def _packed(layer: nn.LSTM, states: Tensor, mask: Tensor) -> Tensor:
    """Return the states of a layer, 0 where there is padding, which it does not read."""
    lengths = mask.sum(1).clamp(min=1).cpu()
    packed = pack_padded_sequence(states, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=mask.shape[1])[0]


def _unpacked(layer: nn.LSTM, states: Tensor, mask: Tensor) -> Tensor:
    """Return the same without packing, which a tracer cannot follow.

    Padding comes last in either direction: before the backward one reads a text, its tokens alone are turned round.
    """
    lengths, places = mask.sum(1, keepdim=True).clamp(min=1), torch.arange(mask.shape[1])
    turned = torch.where(places < lengths, lengths - 1 - places, places).unsqueeze(-1)
    forward, backward = (_direction(layer, suffix) for suffix in ("", "_reverse"))
    back = backward(torch.gather(states, 1, turned.expand(-1, -1, states.shape[2])))[0]
    both = torch.cat([forward(states)[0], torch.gather(back, 1, turned.expand(-1, -1, back.shape[2]))], dim=-1)
    return both * (places < lengths).unsqueeze(-1)


def _direction(layer: nn.LSTM, suffix: str) -> nn.LSTM:
    """Return one direction of a layer as a layer of its own, of the same weights."""
    direction = nn.LSTM(layer.input_size, layer.hidden_size, batch_first=True)
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        setattr(direction, name, getattr(layer, name + suffix))
    return direction


class BiLstmForSequenceClassification(_Pretrained):  # type: ignore[no-untyped-call]
    """A bidirectional LSTM with one row of logits for a text, from both directions' last states."""

    def __init__(self, config: BiLstmConfig) -> None:
        """Add the head: a layer of the states' width, and the outputs."""
        super().__init__(config)
        self.bilstm = BiLstmModel(config)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
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
        """Return logits ``[batch, labels]``."""
        answer = self.bilstm(input_ids, attention_mask, token_type_ids, output_hidden_states)
        states = answer.last_hidden_state
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        last = (mask.sum(1).clamp(min=1) - 1).to(states.device)
        size = self.config.lstm_size
        ends = torch.cat([states[torch.arange(states.shape[0]), last, :size], states[:, 0, size:]], dim=1)
        logits = self.classifier(self.dropout(torch.relu(self.dense(self.dropout(ends)))))
        return SequenceClassifierOutput(logits=logits, hidden_states=answer.hidden_states)


class BiLstmForTokenClassification(_Pretrained):  # type: ignore[no-untyped-call]
    """A bidirectional LSTM with a row of logits for each token."""

    def __init__(self, config: BiLstmConfig) -> None:
        """Add the outputs."""
        super().__init__(config)
        self.bilstm = BiLstmModel(config)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden_size, int(config.num_labels or 1))
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        output_hidden_states: bool = False,
    ) -> TokenClassifierOutput:
        """Return logits ``[batch, tokens, labels]``."""
        answer = self.bilstm(input_ids, attention_mask, token_type_ids, output_hidden_states)
        logits = self.classifier(self.dropout(answer.last_hidden_state))
        return TokenClassifierOutput(logits=logits, hidden_states=answer.hidden_states)


def fits(size: int, wide: int) -> None:
    """Refuse embeddings that are wider than the teacher's, from which they are made.

    Raises:
        ModelError: they are.
    """
    if size > wide:
        raise ModelError(
            f"student.lstm.embedding_size={size}: the teacher's embeddings, which it is made of, have {wide}"
        )


@torch.no_grad()
def embed(student: PreTrainedModel, embeddings: Tensor) -> None:
    """Initialise a student's embeddings by the truncated SVD of the teacher's, scaled to a variance of 1.

    Args:
        student: a model of this module.
        embeddings: the teacher's, of the same tokens, ``[vocabulary, teacher's width]``.

    Raises:
        ModelError: the student's embeddings are wider.
    """
    student_table = cast(nn.Embedding, student.get_input_embeddings()).weight
    size = student_table.shape[1]
    fits(size, embeddings.shape[1])
    table = embeddings.double()
    directions = torch.linalg.eigh(table.mT @ table)[1].flip(1)[:, :size]
    projected = table @ directions
    student_table.copy_(projected / projected.square().mean().sqrt().clamp(min=1e-12))


def _register() -> None:
    AutoConfig.register(BiLstmConfig.model_type, BiLstmConfig, exist_ok=True)
    AutoModel.register(BiLstmConfig, BiLstmModel, exist_ok=True)
    AutoModelForSequenceClassification.register(BiLstmConfig, BiLstmForSequenceClassification, exist_ok=True)
    AutoModelForTokenClassification.register(BiLstmConfig, BiLstmForTokenClassification, exist_ok=True)


_register()
