"""Read what the certificate of an exported folder says of its formats, and refuse one that no run writes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from distill.errors import ModelError
from distill.models.json_objects import read_object

FILE = "certificate.json"
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Certified:
    """The part of a certificate on one format.

    Attributes:
        certified: whether it is as good as the student; none where that is not said.
        reason: why it is not.
        milliseconds: the geometric mean of its times over the shapes that were timed; infinite where none was.
        may_saturate: whether a processor without VNNI may cut off sums.
    """

    certified: bool | None = None
    reason: str | None = None
    milliseconds: float = math.inf
    may_saturate: bool = True


@dataclass(frozen=True)
class Certificate:
    """The part of a certificate by which a format is chosen.

    Attributes:
        flags: of the processor that it holds for.
        formats: each that was tried; empty where there is no certificate.
    """

    flags: frozenset[str] = frozenset()
    formats: Mapping[str, Certified] = field(default_factory=dict)


def read(folder: Path) -> Certificate | None:
    """Return the certificate of a folder, or none where it has none.

    Raises:
        ModelError: the file cannot be read, or says what no run writes.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    reader = _Reader(path)
    content = read_object(path)
    flags = reader.value(reader.value(content, "processor", dict, {}), "flags", list, [])
    formats = reader.value(content, "formats", dict, {})
    return Certificate(
        frozenset(map(str, flags)),
        {name: reader.entry(reader.value(formats, name, dict, {})) for name in formats},
    )


@dataclass(frozen=True)
class _Reader:
    """Takes values out of a file that anybody may have written."""

    path: Path

    def value(self, content: Mapping[str, Any], key: str, kind: type[_Value], absent: _Value) -> _Value:
        """Return a value of a kind.

        Raises:
            ModelError: it is of another.
        """
        value = content.get(key, absent)
        if not isinstance(value, kind):
            raise self.strange(key, value)
        return value

    def entry(self, content: Mapping[str, Any]) -> Certified:
        """Return what is said of a format."""
        said = {key: value for key, value in content.items() if value is not None}
        certified = self.value(said, "certified", bool, absent=False) if "certified" in said else None
        saturation = self.value(said, "saturation", dict, {})
        return Certified(
            certified,
            self.value(said, "reason", str, "") or None,
            self._milliseconds(self.value(said, "latency_ms", dict, {})),
            self.value(saturation, "possible", bool, absent=True),
        )

    def _milliseconds(self, shapes: Mapping[str, Any]) -> float:
        """Return the geometric mean of the medians of some shapes."""
        times: list[float] = []
        for shape in shapes:
            milliseconds = self.value(shapes, shape, dict, {}).get("p50")
            if not isinstance(milliseconds, int | float) or not 0 < milliseconds < math.inf:
                raise self.strange("latency_ms", dict(shapes))
            times.append(milliseconds)
        return math.exp(math.fsum(map(math.log, times)) / len(times)) if times else math.inf

    def strange(self, key: str, value: object) -> ModelError:
        """Return the error of a value that no run writes."""
        return ModelError(f"{self.path} says {key}={value!r}, which no run writes; give the folder as it was exported")
