"""Cut a tokenizer down to some of its tokens, so that a text that needs no others keeps its tokens.

Three kinds can be cut. WordPiece takes the longest piece that matches (Devlin et al. 2019), Unigram the most probable
cut (Kudo 2018): both choose the same among fewer pieces as long as what they chose is left. Byte-pair encoding
(Sennrich et al. 2016) joins pieces in an order, so that each token needs the pieces that it is joined from; merges of
what is left are left.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from distill.errors import ModelError
from distill.models import subwords
from distill.models.special_tokens_as_text import has_rules_of_its_own, with_parts

KINDS = ("WordPiece", "BPE", "Unigram")
_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_RESERVED = re.compile(r"[\[<].*unused.*[\]>]")
"""What no text contains, such as BERT's ``[unused7]``."""


def refuse_uncuttable(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Refuse a tokenizer of a kind whose tokens cannot be told apart.

    Args:
        tokenizer: the one to be cut.
        name: how messages name it, such as the teacher's folder.

    Raises:
        ModelError: it is of Python alone, of an unknown kind, or names languages by rules of its own.
    """
    allowed = f"allowed are tokenizers of the kinds {', '.join(KINDS)} with a tokenizer.json"
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(f"{name}: its tokenizer ({type(tokenizer).__name__}) is one of Python alone; {allowed}")
    kind = type(tokenizer.backend_tokenizer.model).__name__
    if kind not in KINDS:
        raise ModelError(f"{name}: its tokenizer is of the kind {kind}; {allowed}")
    if has_rules_of_its_own(tokenizer):
        raise ModelError(f"{name}: its tokenizer ({type(tokenizer).__name__}) names languages by rules of its own")


@dataclass(frozen=True)
class Pieces:
    """The tokens of a tokenizer, and what each of them needs.

    Attributes:
        tokenizer: one that can be cut, see ``refuse_uncuttable``.
    """

    tokenizer: PreTrainedTokenizerFast

    @cached_property
    def content(self) -> dict[str, Any]:
        """The tokenizer as ``tokenizer.json`` holds it."""
        content: dict[str, Any] = json.loads(self.tokenizer.backend_tokenizer.to_str())
        return content

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Each token to its number, those that were added included."""
        return self.tokenizer.get_vocab()

    @cached_property
    def tokens(self) -> dict[int, str]:
        """Each number to its token."""
        return {number: token for token, number in self.numbers.items()}

    @cached_property
    def indispensable(self) -> set[int]:
        """The numbers of all special and added tokens, single characters and bytes."""
        model = self.content["model"]
        named = {*self.tokenizer.all_special_ids, *self.tokenizer.added_tokens_decoder}
        characters = {number for token, number in self.numbers.items() if self._is_character(token)}
        unknown = {self.numbers[model["unk_token"]]} if model.get("unk_token") in self.numbers else set()
        if model["type"] == "Unigram":  # the cost of an unknown character is counted from that of the rarest piece
            costs = [cost for _, cost in model["vocab"]]
            unknown = {costs.index(min(costs)), *(number for number in [model["unk_id"]] if number is not None)}
        return named | characters | unknown

    @cached_property
    def by_frequency(self) -> list[int]:
        """The numbers of the pieces of texts, as the tokenizer ranks them: those first that it takes for frequent.

        WordPiece and byte-pair encoding number them in this order; Unigram says how probable each is.
        """
        model = self.content["model"]
        if model["type"] == "Unigram":
            order = sorted(range(len(model["vocab"])), key=lambda number: -model["vocab"][number][1])
        else:
            order = sorted(model["vocab"].values())
        return [number for number in order if not _RESERVED.fullmatch(self.tokens[number])]

    def needed(self, number: int) -> set[int]:
        """Return the tokens that a token is made of, itself included."""
        if self.content["model"]["type"] != "BPE":
            return {number}
        arisen = subwords.joined(self.tokens[number], self._ranks, *self._affixes)
        parts = {self.numbers[part] for part in arisen if part in self.numbers}
        return {number, *parts}

    def cut(self, kept: Iterable[int]) -> PreTrainedTokenizerFast:
        """Return a tokenizer of the ``kept`` tokens alone, numbered anew from 0 in the order of their numbers.

        Raises:
            ModelError: the library reads the new tokens otherwise than they were written.
        """
        order = sorted(kept)
        renumbered = {old: new for new, old in enumerate(order)}
        content = {**self.content, "padding": None, "truncation": None}
        content["model"] = self._cut_model(renumbered)
        content["added_tokens"] = [{**token, "id": renumbered[token["id"]]} for token in content["added_tokens"]]
        content["post_processor"] = _renumbered(content["post_processor"], renumbered)
        backend = Tokenizer.from_str(json.dumps(content))
        backend.encode_special_tokens = self.tokenizer.backend_tokenizer.encode_special_tokens
        cut = with_parts(self.tokenizer, backend)
        if cut.get_vocab() != {self.tokens[old]: new for old, new in renumbered.items()}:
            raise ModelError(f"{self.tokenizer.name_or_path}: the tokens of its tokenizer cannot be numbered anew")
        return cut

    def on_the_way(self, tokens: Sequence[str]) -> set[int]:
        """Return the pieces that WordPiece matches in words before it finds no match and calls them unknown.

        Args:
            tokens: of a text, by a tokenizer with fewer pieces that calls them known.
        """
        model, found = self.content["model"], set()
        if model["type"] == "WordPiece":
            inside = model["continuing_subword_prefix"]
            for word in subwords.words(tokens, inside):
                found |= {self.numbers[piece] for piece in subwords.longest_matches(word, model["vocab"], inside)}
        return found

    def _cut_model(self, renumbered: Mapping[int, int]) -> dict[str, Any]:
        model = dict(self.content["model"])
        if model["type"] == "Unigram":
            model["vocab"] = [entry for number, entry in enumerate(model["vocab"]) if number in renumbered]
            model["unk_id"] = None if model["unk_id"] is None else renumbered[model["unk_id"]]
            return model
        old = model["vocab"]
        model["vocab"] = {token: renumbered[number] for token, number in old.items() if number in renumbered}
        if model["type"] == "BPE":
            model["merges"] = [
                list(pair)
                for pair in self._ranks
                if all(token in model["vocab"] for token in (*pair, subwords.join(*pair, self._affixes[0])))
            ]
        return model

    @property
    def _affixes(self) -> tuple[str, str]:
        """What marks a token that does not begin a word, and one that ends it."""
        model = self.content["model"]
        return model.get("continuing_subword_prefix") or "", model.get("end_of_word_suffix") or ""

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        """The pairs that byte-pair encoding joins, in their order."""
        merges = self.content["model"]["merges"]
        pairs = (merge.split(" ", 1) if isinstance(merge, str) else merge for merge in merges)
        return {(left, right): rank for rank, (left, right) in enumerate(pairs)}

    def _is_character(self, token: str) -> bool:
        return len(subwords.core(token, *self._affixes)) <= 1 or _BYTE.fullmatch(token) is not None


def _renumbered(processor: Any, renumbered: Mapping[int, int]) -> Any:  # noqa: ANN401
    """Return what a tokenizer puts around a text, with the new numbers of its tokens."""
    if not isinstance(processor, dict):
        return processor
    changed = dict(processor)
    for name in ("sep", "cls"):
        if isinstance(changed.get(name), list):
            changed[name] = [changed[name][0], renumbered[changed[name][1]]]
    if isinstance(changed.get("special_tokens"), dict):
        changed["special_tokens"] = {
            name: {**token, "ids": [renumbered[number] for number in token["ids"]]}
            for name, token in changed["special_tokens"].items()
        }
    if "processors" in changed:
        changed["processors"] = [_renumbered(part, renumbered) for part in changed["processors"]]
    return changed


def closed(pieces: Pieces, wanted: Collection[int], fill_to: int | None = None) -> set[int]:
    """Return wanted tokens with all that they and any text need, filled up with the most frequent ones to a number.

    Args:
        pieces: those of the tokenizer.
        wanted: numbers of tokens that shall be left.
        fill_to: how many tokens shall be left where fewer are needed; as many as fit are added.
    """
    kept: set[int] = set()
    for number in {*pieces.indispensable, *wanted}:
        kept |= pieces.needed(number)
    for number in pieces.by_frequency if fill_to is not None and fill_to > len(kept) else ():
        more = pieces.needed(number) - kept
        kept |= more if len(kept) + len(more) <= (fill_to or 0) else set()
    return kept
