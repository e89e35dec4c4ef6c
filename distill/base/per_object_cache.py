"""Cache results that are computed once and live as long as the object they were computed from, and no longer."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Owner = TypeVar("Owner")
_KEPT = "_kept"


def computed_once(owner: object, key: Hashable, make: Callable[[], R]) -> R:
    """Return what ``make`` gives, called once for ``owner`` and ``key`` and kept in the owner afterwards.

    Unlike ``functools.cache``, which lives with the process, it goes when the owner goes: a sweep's finished jobs
    leave nothing behind.
    """
    results: dict[Hashable, R] = owner.__dict__.setdefault(_KEPT, {})
    if key not in results:
        results[key] = make()
    return results[key]


def cached_method(method: Callable[Concatenate[Owner, P], R]) -> Callable[Concatenate[Owner, P], R]:
    """Decorate a method so that it computes each result once for its object; its arguments must be hashable."""

    @wraps(method)
    def wrapped(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> R:
        key = (method.__name__, *args, *sorted(kwargs.items()))
        return computed_once(self, key, lambda: method(self, *args, **kwargs))

    return wrapped
