"""Train a model compiled, or with layers that are computed again for the gradient, and leave it as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel

from distill.errors import ModelError


@contextmanager
def training_modes(model: PreTrainedModel, *, recompute: bool, compiled: bool) -> Iterator[None]:
    """Let a model learn within the block as asked for.

    Args:
        model: the one that learns.
        recompute: whether of each layer only its input is kept (Chen et al. 2016, arXiv:1604.06174); it draws the same
            dropout the second time.
        compiled: whether ``torch.compile`` makes one piece of it, for batches of any shape.

    Raises:
        ModelError: its architecture cannot compute its layers again.
    """
    if recompute:
        refuse_without_recomputing(model)
        model.gradient_checkpointing_enable({"use_reentrant": False})  # type: ignore[no-untyped-call]
    if compiled:
        model.compile(dynamic=True)  # in place, so that weights keep their names
    try:
        yield
    finally:
        if recompute:
            model.gradient_checkpointing_disable()  # type: ignore[no-untyped-call]
        if compiled:
            model._compiled_call_impl = None


def refuse_without_recomputing(model: PreTrainedModel) -> None:
    """Refuse an architecture whose layers cannot be computed again.

    Raises:
        ModelError: they cannot.
    """
    if not model.supports_gradient_checkpointing:
        raise ModelError(
            f"trainer.activation_checkpointing=true: {model.config.model_type} models cannot compute their layers "
            "again; allowed is false"
        )
