"""Measure how far an exported model's logits are from those of the student that was scored."""

from torch import Tensor

from distill.errors import ModelError


def drift(name: str, exported: Tensor, expected: Tensor, tolerance: float) -> float:
    """Return the largest absolute difference of a logit.

    Args:
        name: name of the format.
        exported: logits ``[rows, classes]`` of the exported model.
        expected: logits ``[rows, classes]`` of the student, for the same rows.
        tolerance: the largest difference that is accepted.

    Raises:
        ModelError: it is more, or no number, so the export is not the model that was scored.
    """
    worst = float((exported - expected).abs().max())
    if not worst <= tolerance:
        raise ModelError(
            f"the logits of the export {name} differ by up to {worst:.3g} from the student's, where {tolerance:g} "
            "is allowed"
        )
    return worst
