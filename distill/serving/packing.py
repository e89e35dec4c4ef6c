"""Which of the texts that wait are read together."""

from collections.abc import Sequence


def next_batch(lengths: Sequence[int], budget: int, max_padding: float) -> list[int]:
    """Return the places of the texts that are read next: the one that has waited longest, and those most like it.

    A text alone is read whatever its length; of the others each is taken, the nearest in length first, with which the
    batch still holds both limits.

    Args:
        lengths: tokens of each text, in the order in which they came; at least one.
        budget: tokens of a batch, with padding.
        max_padding: share of a batch's tokens that may be padding.

    >>> next_batch([10, 300, 11, 9, 12], budget=44, max_padding=0.25)
    [0, 2, 3]
    >>> next_batch([10, 300, 11, 9, 12], budget=1, max_padding=0.25)
    [0]
    """
    first = lengths[0]
    longest = total = first
    chosen = [0]
    for place in sorted(range(1, len(lengths)), key=lambda place: abs(lengths[place] - first)):
        most = max(longest, lengths[place])
        padded, whole = most * (len(chosen) + 1), total + lengths[place]
        if padded <= budget and padded - whole <= max_padding * padded:
            chosen.append(place)
            longest, total = most, whole
    return sorted(chosen)
