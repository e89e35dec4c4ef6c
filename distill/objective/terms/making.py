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
    module, _, class_name = implementation.rpartition(".")
    term_class = getattr(import_module(module), class_name)
    constructor = getattr(term_class, "build", term_class)
    return cast(
        nn.Module, constructor(**{name: offered[name] for name in signature(constructor).parameters if name in offered})
    )
