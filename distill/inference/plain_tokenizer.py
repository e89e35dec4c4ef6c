"""A tokenizer of a finished model's folder, by the library ``tokenizers`` alone.

It does what tasks ask of a tokenizer of transformers when they encode examples, with the same results: transformers
hands texts to the same library, whose file ``tokenizer.json`` it writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from tokenizers import Encoding, Tokenizer

from distill.errors import ModelError
from distill.models.json_objects import read_object
from distill.models.tokenizer_bombs import refuse_bomb

_FILE, _SETTINGS, _NAMED = "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"
_ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
"""The special tokens that have a name, in the order of transformers."""
_FURTHER = ("extra_special_tokens", "additional_special_tokens")
"""Where other special tokens are listed, by this and by earlier versions of transformers."""
_FIELDS = {
    "input_ids": "ids",
    "attention_mask": "attention_mask",
    "token_type_ids": "type_ids",
    "offset_mapping": "offsets",
}
"""What an encoding is asked for, and what the library calls it."""


@dataclass(frozen=True)
class EncodedTexts:
    """The tokens of some texts, or of the windows of some texts.

    Attributes:
        encodings: of the library, one for each text or window.
        examples: which text each of them is of.
        names: what there is of ``input_ids``, ``attention_mask``, ``token_type_ids`` and ``offset_mapping``.
    """

    encodings: list[Encoding]
    examples: list[int]
    names: tuple[str, ...]

    def __contains__(self, name: object) -> bool:
        """Return whether there are values of this name."""
        return name in self.names

    def __getitem__(self, key: str | int) -> Any:  # noqa: ANN401  # a list of numbers, of offsets, or an encoding
        """Return a list for each text or window by its name, or the encoding of a number."""
        if isinstance(key, int):
            return self.encodings[key]
        if key == "overflow_to_sample_mapping":
            return self.examples
        return [getattr(encoding, _FIELDS[key]) for encoding in self.encodings]

    def sequence_ids(self, number: int) -> list[int | None]:
        """Return, for each token of a text or window, whether it is of the first or of the second text of a pair."""
        return self.encodings[number].sequence_ids


class PlainTokenizer:
    """A tokenizer with what tasks ask of one of transformers.

    Attributes:
        model_input_names: the inputs that the model reads.
        split_special_tokens: whether a text that spells a special token is read as text.
        unk_token: stands for what is unknown; none where the tokenizer has no such token.
        mask_token: hides a token; none where the tokenizer has no such token.
        pad_token: fills up a batch.
        pad_token_id: its number.
        all_special_tokens: the texts of all special tokens.
    """

    def __init__(self, backend: Tokenizer, settings: Mapping[str, Any], inputs: Sequence[str], name: str) -> None:
        """Take a tokenizer of the library, and what transformers would be told of it.

        Args:
            backend: of the library.
            settings: the content of ``tokenizer_config.json``.
            inputs: that the model reads.
            name: what messages call it: its folder.

        Raises:
            ModelError: it has no token with which a batch is filled up.
        """
        tokens = {role: _text(settings[role]) for role in _ROLES if settings.get(role) is not None}
        further = [_text(token) for name in _FURTHER for token in _listed(settings.get(name))]
        padding = backend.token_to_id(tokens["pad_token"]) if "pad_token" in tokens else None
        if padding is None:
            raise ModelError(f"{name}: its tokenizer has no padding token; name one as pad_token in {_SETTINGS}")
        self.unk_token, self.mask_token = tokens.get("unk_token"), tokens.get("mask_token")
        self.pad_token, self.pad_token_id = tokens["pad_token"], int(padding)
        self.all_special_tokens = list(dict.fromkeys([*tokens.values(), *further]))
        self.model_input_names = tuple(inputs)
        self.split_special_tokens = bool(settings.get("split_special_tokens", False))
        self._side = settings.get("truncation_side", "right")
        self._backend, self._lock = backend, Lock()
        backend.no_padding()

    @classmethod
    def read(cls, folder: Path, inputs: Sequence[str], markers: Sequence[str] = ()) -> "PlainTokenizer":
        """Read the tokenizer of a folder.

        Args:
            folder: of a finished model.
            inputs: that the model reads.
            markers: the tokens of the task that it must know.

        Raises:
            ModelError: there is none, or none that the library can make of a file alone.
        """
        path, way = folder / _FILE, "format=torch reads it with transformers"
        if not path.is_file():
            raise ModelError(
                f"{folder} has no {_FILE}: its tokenizer cannot be read by the library tokenizers alone; {way}"
            )
        refuse_bomb(folder)
        try:
            backend = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise ModelError(f"{path} cannot be read by the library tokenizers alone ({error}); {way}") from error
        if unknown := [marker for marker in markers if backend.token_to_id(marker) is None]:
            raise ModelError(f"{path} has no token {unknown[0]}, which marks an entity; {way}")
        settings = {
            key: value
            for name in (_NAMED, _SETTINGS)
            if (folder / name).is_file()
            for key, value in read_object(folder / name).items()
        }
        return cls(backend, settings, inputs, str(folder))

    def __call__(
        self,
        text: Sequence[str] | Sequence[Sequence[str]],
        text_pair: Sequence[str] | None = None,
        *,
        add_special_tokens: bool = True,
        truncation: bool | str = False,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        return_overflowing_tokens: bool = False,
        return_offsets_mapping: bool = False,
        split_special_tokens: bool | None = None,
    ) -> EncodedTexts:
        """Return the tokens of some texts; the arguments are those of transformers.

        Args:
            text: texts; or texts as lists of their words, where ``is_split_into_words`` says so.
            text_pair: the second text of each pair.
            add_special_tokens: whether the tokens are added that the model expects around a text.
            truncation: whether texts are cut, or which of a pair: ``longest_first``, ``only_first``, ``only_second``.
            max_length: tokens at which they are cut.
            stride: tokens that two windows of a text share.
            is_split_into_words: whether texts are lists of words.
            return_overflowing_tokens: whether what is cut off becomes further windows.
            return_offsets_mapping: whether the characters of each token are told.
            split_special_tokens: whether special tokens in a text are text; none goes by the tokenizer.

        Raises:
            TypeError: it is one text, not several.
        """
        if isinstance(text, str):
            raise TypeError("give texts as a list, also a single one")
        texts = list(text) if text_pair is None else list(zip(text, text_pair, strict=True))
        places_asked = is_split_into_words or return_overflowing_tokens or return_offsets_mapping
        with self._lock:  # the library keeps these settings, and other threads may want others
            self._cut(truncation, max_length, stride)
            split = self.split_special_tokens if split_special_tokens is None else split_special_tokens
            self._backend.encode_special_tokens = split
            encode = self._backend.encode_batch if places_asked else self._backend.encode_batch_fast
            read = encode(texts, is_pretokenized=is_split_into_words, add_special_tokens=add_special_tokens)
        names = tuple(name for name in _FIELDS if name in self.model_input_names)
        names += ("offset_mapping",) if return_offsets_mapping else ()
        if not return_overflowing_tokens:
            return EncodedTexts(read, list(range(len(read))), names)
        windows = [(number, each) for number, one in enumerate(read) for each in (one, *one.overflowing)]
        return EncodedTexts([each for _, each in windows], [number for number, _ in windows], names)

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Return how many tokens are added around a text, or around and between a pair."""
        return int(self._backend.num_special_tokens_to_add(pair))

    def convert_tokens_to_ids(self, tokens: Sequence[str]) -> list[int | None]:
        """Return the numbers of tokens."""
        return [self._backend.token_to_id(token) for token in tokens]

    def _cut(self, truncation: bool | str, max_length: int | None, stride: int) -> None:
        """Set at which length the library cuts texts."""
        if not truncation or max_length is None:
            if self._backend.truncation is not None:
                self._backend.no_truncation()
            return
        strategy = "longest_first" if truncation is True else truncation
        wanted = {"max_length": max_length, "stride": stride, "strategy": strategy, "direction": self._side}
        if self._backend.truncation != wanted:
            self._backend.enable_truncation(**wanted)


def _text(token: object) -> str:
    """The text of a special token, which some files have as an object."""
    return str(token["content"] if isinstance(token, Mapping) else token)


def _listed(tokens: object) -> list[object]:
    """Special tokens that a file has as a list, or by names of their own."""
    if isinstance(tokens, Mapping):
        return list(tokens.values())
    return list(tokens) if isinstance(tokens, list) else []
