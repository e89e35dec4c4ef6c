"""Count what asks a device for numbers, for which the host would wait until all before it is done."""

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from torch import Tensor, bool, uint8
from torch.utils._python_dispatch import TorchDispatchMode

import distill

ASKING = ("item", "cpu", "tolist", "numpy", "__bool__", "__float__", "__int__", "__index__", "nonzero")
WAITING = ("_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "_unique2", "unique_dim", "equal")
"""Operators whose result, or its size, the host has to know."""


class Waits(TorchDispatchMode):
    """Counts what asks for numbers, by where the project or a library does so."""

    def __init__(self):
        super().__init__()
        self.found = Counter()

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        name = operator.name().partition("::")[2].partition(".")[0]
        by_mask = name.startswith("index") and any(
            isinstance(index, Tensor) and index.dtype in (bool, uint8)
            for index in (args[1] if isinstance(args[1], list | tuple) else ())
        )
        if name in WAITING or by_mask:
            self.note(name)
        return operator(*args, **(kwargs or {}))

    def note(self, name):
        frames = traceback.extract_stack()[:-2]
        own = [each for each in frames if str(Path(distill.__file__).parent) in each.filename]
        last = own[-1] if own else frames[-1]
        self.found[f"{name}: {Path(last.filename).name}:{last.lineno} {last.line} ... {frames[-1].filename}"] += 1


def noted(usual, name, waits, counts):
    """A method of tensors that is noted where it counts."""

    def asked(tensor, *args, **kwargs):
        if counts():
            waits.note(name)
        return usual(tensor, *args, **kwargs)

    return asked


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count while the block runs."""
    waits = Waits()
    with pytest.MonkeyPatch.context() as patch, waits:
        for name in ASKING:
            patch.setattr(Tensor, name, noted(getattr(Tensor, name), name, waits, lambda: True))
        yield waits.found
