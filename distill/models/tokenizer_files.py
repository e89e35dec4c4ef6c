"""Load a checkpoint's tokenizer from its files, and name the file that is to blame where that fails."""

from collections.abc import Iterator
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from distill.errors import ModelError
from distill.models.configuration import configuration, library_message
from distill.models.json_objects import read_object
from distill.models.tokenizer_bombs import refuse_bomb

_ANY = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model", "*.spm")
"""What makes a tokenizer, alone or together."""
_PIECES = ("*.spm", "spiece.model", "spm*.model", "sentencepiece*.model", "tokenizer.model")
"""What SentencePiece wrote."""
_OBJECTS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""What says more of it, as JSON objects."""


def load(folder: Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a checkpoint, without running code of the checkpoint.

    Raises:
        ModelError: there is none, it needs code of its own, or a file of it cannot be read or is a trap.
    """
    if not any(path for pattern in _ANY for path in folder.glob(pattern)):
        raise ModelError(f"{folder} has no tokenizer: none of {', '.join(_ANY)}")
    contents = {name: read_object(folder / name) for name in _OBJECTS if (folder / name).exists()}
    own_code = contents.get("tokenizer_config.json", {}).get("auto_map")
    if own_code and not (folder / "tokenizer.json").exists():
        raise ModelError(
            f"{folder}: its tokenizer needs code of its own (auto_map in tokenizer_config.json), and the code of a "
            "checkpoint is never run: give a model with a tokenizer.json"
        )
    refuse_bomb(folder)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # what is wrong with a tokenizer is said in any way
        raise ModelError(f"{folder}: its tokenizer cannot be loaded: {_reason(folder, error)}") from error
    tokenizer.init_kwargs.pop("auto_map", None)  # else it would be written into what is exported
    return tokenizer


def _reason(folder: Path, error: Exception) -> str:
    """Return the file that is to blame, or what the library says, and the way out.

    Raises:
        ModelError: another file than those of the tokenizer is to blame.
    """
    if (damaged := next(_damaged(folder), None)) is not None:
        return damaged
    if (folder / "config.json").exists():
        configuration(folder)  # raises where that is to blame: of which class the tokenizer is may stand there
    if isinstance(error, ImportError):
        return f"it asks for a package that is not there ({str(error).splitlines()[0].split('. ')[0]})"
    files = sorted({path.name for pattern in _ANY for path in folder.glob(pattern)})
    return (
        f"of {', '.join(files)} alone none can be made ({library_message(error)}); give all of its files, or a "
        "tokenizer.json, which saving it with transformers writes"
    )


def _damaged(folder: Path) -> Iterator[str]:
    whole = folder / "tokenizer.json"
    if whole.exists():
        try:
            Tokenizer.from_file(str(whole))
        except Exception as error:  # the library raises nothing narrower
            yield f"{whole.name} is no tokenizer ({library_message(error)}); fetch or copy it again"
        return  # the others are not read then
    if (folder / "vocab.json").exists():
        read_object(folder / "vocab.json")
    for path in sorted({path for pattern in _PIECES for path in folder.glob(pattern)}):
        try:
            sentencepiece.SentencePieceProcessor(model_file=str(path))
        except (RuntimeError, OSError):
            yield f"{path.name} is no model of SentencePiece; fetch or copy it again"
