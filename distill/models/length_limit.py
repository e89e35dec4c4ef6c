"""How many tokens a model reads at most, by what its configuration says."""

from collections.abc import Callable

from distill.errors import ModelError

AFTER_PADDING = (
    "roberta",
    "xlm-roberta",
    "camembert",
    "xlm-roberta-xl",
    "roberta-prelayernorm",
    "data2vec-text",
    "longformer",
    "mpnet",
    "ibert",
    "luke",
    "xmod",
    "esm",
    "markuplm",
    "lilt",
    "m2m_100",
    "nllb-moe",
    "fsmt",
)
"""Models that count the positions of tokens from the id of the padding token on."""
ENDLESS = ("m2m_100", "nllb-moe", "fsmt", "esm")
"""Those of them that have a place for every token, however many there are."""
_POSITIONS = ("max_position_embeddings", "max_encoder_position_embeddings", "max_decoder_position_embeddings")
"""What architectures call the number of their positions; LED has two."""


def limit(get: Callable[[str], object]) -> int | None:
    """Return the number of tokens that a model reads at most, if it has a limit.

    Args:
        get: the value of a key of its configuration, or none.
    """
    numbers = [number for name in _POSITIONS if isinstance(number := get(name), int) and number > 0]
    padding, most = get("pad_token_id"), min(numbers, default=None)
    if most is not None and get("model_type") in set(AFTER_PADDING) - set(ENDLESS) and isinstance(padding, int):
        most -= padding + 1
    return most


def refuse_beyond(most: int | None, max_length: int, who: str, key: str) -> None:
    """Refuse a length of texts that exceeds the positions of a model.

    Args:
        most: the number of tokens that it reads at most, if it has a limit.
        max_length: tokens of a text.
        who: what the message calls the model.
        key: the setting that says the length.

    Raises:
        ModelError: ``max_length`` tokens do not fit.
    """
    if most is not None and max_length > most:
        raise ModelError(f"{key}={max_length}: the {who} reads at most {most} tokens")


def refuse_no_room(max_length: int, special: int, parts: int) -> None:
    """Refuse a length of texts that leaves no token of them between the special tokens.

    Args:
        max_length: tokens of a text.
        special: how many of them are special tokens.
        parts: how many texts there are among the others, such as two of a pair.

    Raises:
        ModelError: there is less than a token for each.
    """
    if max_length < special + parts:
        raise ModelError(f"max_length={max_length}: {special} tokens are special ones; give at least {special + parts}")
