"""Check that a tokenizer and a model belong together."""

from pathlib import Path

from transformers import PretrainedConfig, PreTrainedTokenizerBase

from distill.errors import ModelError


def refuse_strange_tokens(
    folder: Path, tokenizer: PreTrainedTokenizerBase, config: PretrainedConfig, rows: int, *, head: str, finished: bool
) -> None:
    """Refuse a tokenizer whose tokens the model does not know, or that does not end texts as it expects.

    Args:
        folder: the folder of the checkpoint.
        tokenizer: the tokenizer, fitted to the task.
        config: the configuration of the model.
        rows: the number of tokens that the model has an embedding for.
        head: the name of transformers' class.
        finished: whether the model is used as it is: others learn tokens that were added to the tokenizer.

    Raises:
        ModelError: the model lacks embeddings that nothing will train, or texts do not end as it expects.
    """
    added = {} if finished else tokenizer.get_added_vocab()
    unread = (tokenizer.pad_token_id, tokenizer.mask_token_id)  # BART's file for summaries lacks the mask
    vocabulary = tokenizer.get_vocab()
    beyond = [
        name
        for at, name in sorted((at, name) for name, at in vocabulary.items())
        if at >= rows and name not in added and at not in unread
    ]
    if beyond:
        raise ModelError(
            f"{folder}: its tokenizer has {max(vocabulary.values()) + 1} tokens, but the model embeddings for {rows}: "
            f"it knows nothing of {beyond[0]!r}; give the tokenizer's files that belong to the weights"
        )
    if head == "AutoModelForCausalLM" and tokenizer.eos_token_id is None:
        raise ModelError(f"{folder}: its tokenizer has no end token to end a turn with; name one as eos_token")
    if head == "AutoModelForSequenceClassification" and config.is_encoder_decoder:
        _refuse_other_ends(folder, tokenizer, config.eos_token_id)


def _refuse_other_ends(folder: Path, tokenizer: PreTrainedTokenizerBase, end: int | None) -> None:
    """Refuse texts without the end token, as many in each, at which the head of an encoder-decoder reads its state.

    Raises:
        ModelError: they end otherwise, or the configuration names no end.
    """
    some = tokenizer(["a", "a a a a a a a a"], truncation=True, max_length=6)["input_ids"]
    counts = {list(ids).count(end) for ids in some}
    if len(counts) > 1 or 0 in counts:
        raise ModelError(
            f"{folder}: config.json says that a text ends in the token {end} (eos_token_id), its tokenizer ends it in "
            f"{some[0][-1]} ({tokenizer.convert_ids_to_tokens(some[0][-1])!r}); give both the same one"
        )
