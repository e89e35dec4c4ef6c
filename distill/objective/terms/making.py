"""A term of an objective, made from the dotted name of its class."""

from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from typing import cast

from torch import nn


def make_term(implementation: str, offered: Mapping[str, object]) -> nn.Module:
    """Import the class of a term and make it of what it asks for.

    Args:
        implementation: the dotted name of the class.
        offered: all that a term may be made of, by name; the class, or its ``build`` where it has one, is given what it
            has parameters for.
    """
    module, _, name = implementation.rpartition(".")
    term = getattr(import_module(module), name)
    maker = getattr(term, "build", term)
    return cast(nn.Module, maker(**{each: offered[each] for each in signature(maker).parameters if each in offered}))
