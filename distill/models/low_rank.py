"""Token embeddings as two factors of a low rank: a short vector for each token, and what makes states of it.

ALBERT (Lan et al. 2020, https://arxiv.org/abs/1909.11942) trains such factors from nothing; here they are the truncated
singular value decomposition of embeddings that are there (Eckart & Young 1936), in which a token counts by how often it
is met. While a model learns it holds the factors, so that the rank stays; its folder holds their product, which every
reader understands, and ``embedding_rank`` in ``config.json``, by which ``split_embeddings`` finds them again.
"""

from typing import cast

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models.on_meta import build_on_meta

RANK = "embedding_rank"
"""What ``config.json`` calls the rank of the embeddings."""
_STEP = 8
"""Ranks that are chosen are multiples of it, which is what instructions take at once."""
_AT_ONCE = 8192
"""Tokens whose embeddings are held in 64 bits at once."""
_RESIDUAL = 1e-4
"""Share of the embeddings' size that rounding their product may leave outside of the rank."""


class LowRankEmbedding(nn.Module):
    """Embeddings ``[tokens, width]`` as the product of ``[tokens, rank]`` and ``[rank, width]``."""

    def __init__(self, vectors: Tensor, directions: Tensor, padding_idx: int | None = None) -> None:
        """Take the factors; the padding token's vector is not trained."""
        super().__init__()
        (tokens, rank), width = vectors.shape, directions.shape[1]
        self.table = nn.Embedding(tokens, rank, padding_idx=padding_idx, _weight=vectors.clone())
        self.expand = nn.Linear(rank, width, bias=False, dtype=directions.dtype)
        self.expand.weight = nn.Parameter(directions.T.clone())
        self.num_embeddings, self.embedding_dim, self.padding_idx = tokens, width, padding_idx

    @property
    def weight(self) -> Tensor:
        """The embeddings, multiplied out."""
        return self.table.weight @ self.expand.weight.T

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return the embeddings ``[..., width]`` of tokens ``[...]``."""
        return cast(Tensor, self.expand(self.table(input_ids)))


def truncated(embeddings: Tensor, weights: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return the factors of the nearest embeddings of a rank, in which each token counts by its weight.

    The smallest Σ wᵢ ‖eᵢ − vᵢD‖²: the directions D are the first right singular vectors of the rows √wᵢ·eᵢ, and the
    vector of a token is its embedding seen in them, so that a token of weight 0 has one, too. They are found as
    eigenvectors of Σ wᵢ eᵢᵀeᵢ, in 64 bits, some tokens at a time: of XLM-R's a decomposition as a whole takes 7 GB.

    Args:
        embeddings: ``[tokens, width]``.
        weights: of each token, ``[tokens]``, none negative.
        rank: at most the width.

    Returns:
        Vectors ``[tokens, rank]`` and directions ``[rank, width]``.
    """
    width, dtype = embeddings.shape[1], embeddings.dtype
    parts = list(
        zip(torch.split(embeddings.detach(), _AT_ONCE), torch.split(weights, _AT_ONCE), strict=True)  # views, no copies
    )
    scatter = torch.zeros(width, width, dtype=torch.float64)
    for part, weight in parts:
        scatter += (part.double().T * weight.double()) @ part.double()
    directions = torch.linalg.eigh(scatter).eigenvectors.flip(1)[:, :rank].T
    vectors = torch.cat([(part.double() @ directions.T).to(dtype) for part, _ in parts])
    return vectors, directions.to(dtype)


def chosen_rank(tokens: int, width: int, share: float) -> int | None:
    """Return the rank of embeddings that is a share of their width, as a multiple of 8.

    It is none where factors would be no smaller: of few tokens, or of a narrow model.

    >>> chosen_rank(30522, 384, 11 / 24), chosen_rank(30522, 192, 7 / 12), chosen_rank(100, 192, 7 / 12)
    (176, 112, None)
    """
    rank = max(round(share * width / _STEP) * _STEP, _STEP)
    return rank if rank * (tokens + width) < tokens * width else None


def may_be_factors(config: PretrainedConfig, head: str) -> bool:
    """Tell whether embeddings of such a model are whole, and could be factors.

    Args:
        config: of the model, which is built without memory.
        head: of its task, the name of transformers' class.

    Raises:
        ModelError: the architecture has no such head.
    """
    model = build_on_meta(config, head)
    if not can_be_factors(model):
        return False
    width = cast(nn.Embedding, model.get_input_embeddings()).embedding_dim
    return bool(width == config.hidden_size)  # those of ALBERT, RemBERT and others are short, and multiplied already


def reduce_embeddings(model: PreTrainedModel, weights: Tensor, rank: int) -> None:
    """Give a model embeddings of a low rank, held as their factors while it learns.

    Args:
        model: changed in place.
        weights: how much each token counts, ``[tokens]``.
        rank: at most the embeddings' width.

    Raises:
        ModelError: the embeddings are narrower, scaled on their way, or shared with a head.
    """
    embeddings = model.get_input_embeddings()
    refuse_rank(model, rank)
    _replace(model, cast(nn.Embedding, embeddings), truncated(cast(Tensor, embeddings.weight), weights, rank))
    name_rank(model.config, rank)


def name_rank(config: PretrainedConfig, rank: int | None) -> None:
    """Let a configuration say which rank the embeddings of its model have; none: that of all embeddings."""
    if rank is not None:
        setattr(config, RANK, rank)
    elif hasattr(config, RANK):
        delattr(config, RANK)


def refuse_rank(model: PreTrainedModel, rank: int) -> None:
    """Refuse a rank that the embeddings of a model cannot have.

    Raises:
        ModelError: they are narrower, scaled on their way, or shared with a head or a second stack.
    """
    embeddings = cast(nn.Embedding, model.get_input_embeddings())
    width, kind = embeddings.weight.shape[1], model.config.model_type
    if rank > width:
        raise ModelError(
            f"student.embedding_rank={rank}: the student's embeddings are {width} wide; allowed is 1 to {width}"
        )
    if not can_be_factors(model):
        raise ModelError(
            f"student.embedding_rank={rank}: {kind} models scale their embeddings, or share them with another part; "
            "allowed is null"
        )


def can_be_factors(model: PreTrainedModel) -> bool:
    """Tell whether nothing but the lookup of tokens reads a model's embeddings, so that they may be two factors."""
    plain = type(model.get_input_embeddings()) is nn.Embedding
    return plain and not model.config.is_encoder_decoder and not model.can_generate()


def multiply_out(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model with plain embeddings where it holds factors of them, in place.

    One that learnt with whole embeddings no longer says that they have a rank, which those that it began with may have.
    """
    factors = model.get_input_embeddings()
    if not isinstance(factors, LowRankEmbedding):
        name_rank(model.config, None)
    else:
        weight = factors.weight.detach()
        plain = nn.Embedding(weight.shape[0], weight.shape[1], padding_idx=factors.padding_idx, _weight=weight)
        model.set_input_embeddings(plain)
    return model


def split_embeddings(model: PreTrainedModel) -> PreTrainedModel:
    """Return a loaded model that holds its embeddings as the factors that they were trained as, where they were.

    An exported graph then gathers short vectors and multiplies these: ``Gather`` and ``MatMul``.

    Raises:
        ModelError: the embeddings have not the rank that the configuration says.
    """
    if (rank := getattr(model.config, RANK, None)) is None:
        return model
    embeddings = cast(nn.Embedding, model.get_input_embeddings())
    vectors, directions = truncated(embeddings.weight, torch.ones(len(embeddings.weight)), rank)
    whole = embeddings.weight.detach()
    away = float((whole - vectors @ directions).norm() / whole.norm())
    if away > _RESIDUAL:
        raise ModelError(
            f"{model.name_or_path}: config.json says {RANK}={rank}, but its embeddings are no product of that rank "
            f"({away:.1%} of them lie outside): give the folder as it was exported"
        )
    _replace(model, embeddings, (vectors, directions))
    return model


def _replace(model: PreTrainedModel, embeddings: nn.Embedding, factors: tuple[Tensor, Tensor]) -> None:
    model.set_input_embeddings(LowRankEmbedding(*factors, padding_idx=embeddings.padding_idx))
