"""Settings as trackers take them that know no nesting."""

from collections.abc import Iterator, Mapping
from typing import Any


def flat(settings: Mapping[str, Any]) -> dict[str, str | int | float | bool]:
    """Return nested settings by their dotted keys, as they are given on the command line.

    >>> flat({"distill": {"temperature": 2.0, "layers": [1, 2]}, "metric": None})
    {'distill.temperature': 2.0, 'distill.layers': '[1, 2]', 'metric': 'null'}
    """
    return dict(_flat(settings, ""))


def _flat(settings: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str | int | float | bool]]:
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            plain = value if isinstance(value, str | int | float | bool) else "null" if value is None else str(value)
            yield f"{prefix}{key}", plain
