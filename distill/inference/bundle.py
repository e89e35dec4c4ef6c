"""Read an exported folder without torch: its configuration, its certificate, and the ONNX files beside it."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.base import processor
from distill.base.installed import installed
from distill.base.terminal_text import shown
from distill.errors import ModelError
from distill.inference import certified, graph_folders
from distill.inference.certified import Certificate, Certified
from distill.inference.formats import AUTO, FILES, TORCH
from distill.inference.onnx_session import STUDENT, OnnxSession
from distill.models import checksums
from distill.models.json_objects import read_object
from distill.models.safe_files import refuse_unreadable

_CERTIFICATE, _CONFIG, _WEIGHTS = certified.FILE, "config.json", "model.safetensors"
_READ = (
    _CONFIG,
    _CERTIFICATE,
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    *FILES.values(),
)
"""The files that are opened without torch."""
_EXACT = "onnx"
"""The format whose answers are those of the weights."""
_ROUNDED = "onnx_int8"
"""The format whose sums a processor without VNNI may cut off."""
_NEEDS_TORCH = (
    "PyTorch and transformers read its safetensors, and are not installed; pip install distill brings them, while "
    "distill[serve] by itself reads ONNX files alone"
)


@dataclass(frozen=True)
class Bundle:
    """An exported folder that holds more than the files of Hugging Face.

    Attributes:
        folder: where it is.
        config: the content of ``config.json``.
        certificate: what ``certificate.json`` says of the formats; none where there is none.
    """

    folder: Path
    config: Mapping[str, Any]
    certificate: Certificate | None = None

    @classmethod
    def read(cls, folder: Path) -> "Bundle":
        """Read what a folder says of itself.

        Raises:
            ModelError: a file of it cannot be read, or is elsewhere.
        """
        there = [path for name in _READ if (path := folder / name).exists() or path.is_symlink()]
        refuse_unreadable(folder, there)
        return cls(folder, read_object(folder / _CONFIG), certified.read(folder))

    @property
    def outputs(self) -> list[str]:
        """Return the names of the head's outputs, in its order.

        Raises:
            ModelError: they are not named by their numbers.
        """
        names = self.config.get("id2label") or {}
        if not isinstance(names, dict) or not all(re.fullmatch(r"\d{1,9}", number) for number in names):
            raise ModelError(
                f"{self.folder / _CONFIG} says id2label={shown(names)}, which names no outputs by their numbers; give "
                "the folder as it was exported"
            )
        return [str(names[number]) for number in sorted(names, key=int)]

    def choose(self, wanted: str) -> str:
        """Return the format to take: the one that is asked for, or for ``auto`` the quickest that is certified.

        ``auto`` takes no format of which the certificate does not hold on this processor, and where nothing else is
        certified ``torch``, or ``onnx`` of a folder that has nothing for PyTorch.

        Raises:
            ModelError: the format is not there, or was not certified; or nothing else is and torch is not installed.
        """
        if wanted == TORCH:
            return TORCH
        if wanted != AUTO:
            self._refuse_absent(wanted)
            return wanted
        good = [name for name in FILES if self._refusal(name) is None and self._entry(name).certified]
        here = [name for name in good if self.doubt(name) is None]
        if here:
            return min(here, key=lambda name: self._entry(name).milliseconds)
        if self._refusal(_EXACT) is None and not graph_folders.has_torch_weights(self.folder):
            return _EXACT
        if not torch_is_installed():
            raise ModelError(f"{self._why_none(good)}; {_NEEDS_TORCH}")
        return TORCH

    def doubt(self, name: str) -> str | None:
        """Return why the certificate of a format does not hold on this processor; none where it does."""
        flags = self.certificate.flags if self.certificate else frozenset()
        if name != _ROUNDED or not self._entry(name).may_saturate or not flags & set(processor.VNNI):
            return None
        if processor.flags() & set(processor.VNNI):
            return None
        return (
            f"{_CERTIFICATE} of {self.folder} holds for a processor with VNNI, which this one lacks: sums of {name} "
            "may be cut off here, so that its answers may differ"
        )

    def open(self, name: str, *, threads: int | None = None) -> OnnxSession:
        """Open the graph of a format, to be read with a number of threads, or as many as ONNX Runtime takes.

        Raises:
            ModelError: it cannot be opened, or was made of another student than that of the folder.
        """
        session = OnnxSession.open(self.folder / FILES[name], threads=threads)
        made_of, weights = session.metadata.get(STUDENT), self.folder / _WEIGHTS
        if made_of and weights.is_file():
            with weights.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != made_of:
                    raise ModelError(
                        f"{session.path} was made of another student than {weights}: give the folder as it was exported"
                    )
        return session

    def without_torch(self) -> list[str]:
        """Return the formats that can be asked for without PyTorch, and of which nothing is doubted here."""
        return [name for name in FILES if self._refusal(name) is None and self.doubt(name) is None]

    def _entry(self, name: str) -> Certified:
        """What the certificate says of a format."""
        return (self.certificate.formats if self.certificate else {}).get(name, Certified())

    def _refuse_absent(self, name: str) -> None:
        if (reason := self._refusal(name)) is not None:
            there = [other for other in FILES if self._refusal(other) is None]
            way = f"it has {', '.join(there)}" if there else graph_folders.way_out(self.folder)
            raise ModelError(f"format={name}: {reason}; {way}")

    def _refusal(self, name: str) -> str | None:
        """Why a format cannot be had, or none."""
        entry = self._entry(name)
        if entry.certified is False:
            return f"the export of {self.folder} left it out ({entry.reason or 'it was not good enough'})"
        return None if (self.folder / FILES[name]).is_file() else f"{self.folder} has no {FILES[name]}"

    def _why_none(self, good: list[str]) -> str:
        """Why ``auto`` finds no format that needs no torch."""
        if good:
            return str(self.doubt(good[0]))
        if self.certificate is None:
            return f"{self.folder} has no {_CERTIFICATE}: no format of it is certified, though format=onnx may be there"
        return "; ".join(f"format={name}: {reason}" for name, reason in self._refusals())

    def _refusals(self) -> Iterator[tuple[str, str]]:
        for name in FILES:
            yield name, self._refusal(name) or f"{_CERTIFICATE} of {self.folder} does not say that it is certified"


def of(folder: Path, wanted: str) -> Bundle | None:
    """Return the exported folder with ONNX files that a folder is; none where PyTorch is to read it.

    Args:
        folder: of a model, if it is one.
        wanted: the format that is asked for.

    Raises:
        ModelError: an ONNX file is asked for, and the folder is none of a model.
    """
    here = (folder / _CONFIG).is_file()
    if wanted in FILES and not here:
        raise ModelError(f"{folder} has no {_CONFIG}, so it is no model folder")
    holds = any((folder / file).is_file() for file in (_CERTIFICATE, *FILES.values()))
    return Bundle.read(folder) if here and wanted != TORCH and (holds or wanted in FILES) else None


def torch_is_installed() -> bool:
    """Return whether PyTorch and transformers can be imported."""
    return installed("torch", "transformers")


def refuse_changed(folder: Path, wanted: str) -> None:
    """Refuse a folder that is not as it was exported, where it holds checksums.

    Args:
        folder: of a model.
        wanted: the format that is asked for; where it is named, the weights of others may have been left out.

    Raises:
        ModelError: a file of it was changed, lost or added.
    """
    if not (folder / checksums.FILE).is_file():
        return
    if wanted != AUTO:
        checksums.verify(folder, FILES.get(wanted, _WEIGHTS))
    elif gone := [name for name in checksums.of_weights(folder) if not (folder / name).is_file()]:
        raise ModelError(
            f"{folder} has no {gone[0]}, which {checksums.FILE} names; {checksums.AGAIN}, or, where it was left out on "
            "purpose, name the format that is there as format=NAME"
        )
    else:
        checksums.verify(folder)


def refuse_without_torch(place: str, wanted: str) -> None:
    """Refuse to read a folder by PyTorch, or what is none, where it has graphs alone or PyTorch is not installed.

    Args:
        place: the folder, or what is none.
        wanted: the format that was asked for.

    Raises:
        ModelError: there is nothing for PyTorch in the folder, or PyTorch or transformers is not installed.
    """
    folder = Path(place).expanduser()
    if (folder / _CONFIG).is_file() and (reason := graph_folders.why_not_torch(folder)) is not None:
        raise ModelError(f"format={wanted}: {reason}")
    if torch_is_installed():
        return
    if not folder.is_dir():
        raise ModelError(f"{place}: there is no such folder")
    if not (folder / _CONFIG).is_file():
        raise ModelError(f"{place} has no {_CONFIG}, so it is no model folder")
    if others := Bundle.read(folder).without_torch():
        needs = "need neither" if len(others) > 1 else "needs neither"
        raise ModelError(
            f"format={wanted}: PyTorch and transformers read the safetensors of {place}, and are not installed; take "
            f"{' or '.join(f'format={name}' for name in others)}, which {needs}, or pip install distill"
        )
    raise ModelError(f"{place} is read as it is: {_NEEDS_TORCH}")
