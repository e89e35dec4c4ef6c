"""Measure the memory that a computation takes at its peak, beyond what was there before."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def peak_bytes(compute: Callable[[], object], device: torch.device) -> int:
    """Return the bytes of all tensors that a computation makes and that live at once, at most.

    On a GPU its allocator knows. Elsewhere each operation is followed: what it returns counts until nothing holds it,
    the backward pass included; what an operation needs while it runs is not seen.

    >>> peak_bytes(lambda: torch.zeros(100) + torch.zeros(100), torch.device("cpu"))
    1200
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        compute()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    living = _Living()
    with living:
        compute()
    return living.peak


class _Living(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the storages that operations make, as long as these live."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._living: set[int] = set()

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        """Run an operation, and count what it has made."""
        result = func(*args, **(kwargs or {}))
        given = {storage._cdata for storage in _storages((args, kwargs))}
        for storage in _storages(result):
            if storage._cdata not in given | self._living:
                self._count(storage)
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        self._living.add(storage._cdata)
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())

    def _gone(self, number: int, size: int) -> None:
        self._living.discard(number)
        self.now -= size


def _storages(tree: object) -> list[torch.UntypedStorage]:
    """Return the memory of all tensors in a structure."""
    return [leaf.untyped_storage() for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]
