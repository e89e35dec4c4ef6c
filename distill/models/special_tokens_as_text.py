"""Read text that spells one of the tokenizer's special tokens as text: ``</s>`` in a text ends nothing.

transformers' ``split_special_tokens`` does so for most tokenizers, and is kept in their files, so that whoever opens an
exported folder reads alike. Where the pieces themselves hold the control tokens (Unigram of T5 or XLM-R), the mark is
cut after its first character before pieces are looked for.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast


def read_as_text(tokenizer: PreTrainedTokenizerBase, markers: Sequence[str] = ()) -> PreTrainedTokenizerBase:
    """Return a tokenizer for which only the ``markers`` of the task are more than text.

    It is the one that was given, changed in place, or one without a class of its own where that class would forget
    what was changed as soon as it is saved and loaded. A tokenizer of Python alone that has tokens of its own besides
    the control tokens finds both or none, so that it stays as it is.
    """
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        added = getattr(tokenizer, "added_tokens_decoder", {}).values()
        tokenizer.add_tokens([marker for marker in markers if marker not in tokenizer.get_vocab()], special_tokens=True)
        if not markers and all(token.special for token in added):
            _split(tokenizer)
        return tokenizer
    if known := _special(tokenizer) & set(markers):
        tokenizer = with_parts(tokenizer, _without(tokenizer.backend_tokenizer, known), known)
    tokenizer.add_tokens([AddedToken(marker, special=False, normalized=False) for marker in markers])
    _split(tokenizer)
    tokenizer.backend_tokenizer.encode_special_tokens = True
    return _guarded(tokenizer) if _spelled(tokenizer) else tokenizer


def _split(tokenizer: PreTrainedTokenizerBase) -> None:
    """Let a tokenizer read special tokens as text, now and after saving and loading."""
    tokenizer.split_special_tokens = True
    tokenizer.init_kwargs["split_special_tokens"] = True


def _special(tokenizer: PreTrainedTokenizerBase) -> set[str]:
    """Return the special tokens that a text can spell without being one character."""
    added = (str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
    return {token for token in (*tokenizer.all_special_tokens, *added) if len(token) > 1}


def _spelled(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Return whether a text that spells a special token, other than the unknown one, still becomes it."""
    known_tokens = {token for name, token in tokenizer.special_tokens_map.items() if name != "unk_token"}
    marks = sorted(_special(tokenizer) - ({tokenizer.unk_token} - known_tokens))
    read = tokenizer(marks, add_special_tokens=False)["input_ids"] if marks else []
    mark_ids = [tokenizer.convert_tokens_to_ids(mark) for mark in marks]
    return any(number in ids for number, ids in zip(mark_ids, read, strict=True))


def _guarded(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """Let a tokenizer cut every special token after its first character, before pieces are looked for."""
    backend = tokenizer.backend_tokenizer
    cut = pre_tokenizers.Split(Regex(_pattern(_special(tokenizer))), "isolated")
    before = [backend.pre_tokenizer] if backend.pre_tokenizer is not None else []
    backend.pre_tokenizer = pre_tokenizers.Sequence([*before, cut])
    return tokenizer if has_rules_of_its_own(tokenizer) else with_parts(tokenizer, backend)


def _pattern(marks: Iterable[str]) -> str:
    """Return a pattern for the first characters of special tokens in a text.

    >>> _pattern(["</s>", "<s>", "<pad>"])
    '<(?=/s>|pad>|s>)'
    """
    rests: dict[str, list[str]] = {}
    for mark in sorted(marks):
        rests.setdefault(mark[0], []).append(_escaped(mark[1:]))
    return "|".join(f"{_escaped(first)}(?={'|'.join(rest)})" for first, rest in rests.items())


def _escaped(text: str) -> str:
    return "".join(char if char.isalnum() or char in "/_<>" else f"\\{char}" for char in text)


def has_rules_of_its_own(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Return whether a tokenizer's class does more than its parts do: some know languages of sources and targets."""
    return hasattr(tokenizer, "_switch_to_target_mode")


def with_parts(
    tokenizer: PreTrainedTokenizerFast, backend: Tokenizer, but: Collection[str] = ()
) -> PreTrainedTokenizerFast:
    """Return a tokenizer of the same parts and named tokens, of the class that loads what it saves."""
    named: dict[str, Any] = {
        name: token for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)
    }
    extra = [token for token in map(str, tokenizer.extra_special_tokens) if token not in {*but, *named.values()}]
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        extra_special_tokens=extra,
        model_max_length=tokenizer.model_max_length,
        padding_side=tokenizer.padding_side,
        truncation_side=tokenizer.truncation_side,
        split_special_tokens=True,
        model_input_names=tokenizer.model_input_names,
        chat_template=tokenizer.chat_template,
        clean_up_tokenization_spaces=tokenizer.clean_up_tokenization_spaces,
        **named,
    )


def _without(backend: Tokenizer, names: Collection[str]) -> Tokenizer:
    """Return a tokenizer of the same parts in which tokens of these names are no special tokens."""
    content = json.loads(backend.to_str())
    for token in content["added_tokens"]:
        token["special"] = token["special"] and token["content"] not in names
    return Tokenizer.from_str(json.dumps(content))
