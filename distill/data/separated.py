"""Cells in which several labels stand with white space or commas between them."""

from itertools import accumulate, pairwise


def tags_in(value: str) -> list[str]:
    """The tags in a cell: by white space, or by commas where there is none and each leaves something."""
    tags, pieces = value.split(), value.split(",")
    return pieces if len(tags) == 1 and len(pieces) > 1 and all(pieces) else tags


def parts(value: str) -> list[str]:
    """A cell cut at its commas, except those in brackets.

    >>> parts("one,two (a, b)"), parts("one (a,two")
    (['one', 'two (a, b)'], ['one (a', 'two'])
    """
    depths = list(accumulate((sign in "([{") - (sign in ")]}") for sign in value))
    if min(depths) < 0 or depths[-1]:
        return value.split(",")
    cuts = [place for place, sign in enumerate(value) if sign == "," and not depths[place]]
    return [value[start + 1 : end] for start, end in pairwise((-1, *cuts, len(value)))]
