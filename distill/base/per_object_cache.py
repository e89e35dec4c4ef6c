"""Results that are computed once and live as long as what they were computed of, and no longer."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_KEPT = "_kept"


def computed_once(owner: object, key: Hashable, make: Callable[[], R]) -> R:
    """What ``make`` gives, made once for ``owner`` and ``key``.

    Unlike ``functools.cache``, which lives with the process, it goes when the owner goes: a sweep's finished jobs
    leave nothing behind.
    """
    results: dict[Hashable, Any] = owner.__dict__.setdefault(_KEPT, {})
    if key not in results:
        results[key] = make()
    found: R = results[key]
    return found


def cached_method(method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """Make a method compute each of its results once for its object; its arguments are positional and hashable."""

    @wraps(method)
    def wrapped(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:  # noqa: ANN401
        key = (method.__name__, *args, *sorted(kwargs.items()))
        return computed_once(self, key, lambda: method(self, *args, **kwargs))

    return wrapped
