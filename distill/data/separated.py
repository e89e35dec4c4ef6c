"""Cells in which several labels are separated by white space or commas."""

from itertools import accumulate, pairwise


def tags_in(value: str) -> list[str]:
    """Split a cell into tags at white space; at commas where it has none and no piece would be empty."""
    tags, pieces = value.split(), value.split(",")
    return pieces if len(tags) == 1 and len(pieces) > 1 and all(pieces) else tags


def parts(value: str) -> list[str]:
    """Split a cell at its commas, except those within brackets.

    >>> parts("one,two (a, b)"), parts("one (a,two")
    (['one', 'two (a, b)'], ['one (a', 'two'])
    """
    depths = list(accumulate((sign in "([{") - (sign in ")]}") for sign in value))
    if min(depths) < 0 or depths[-1]:
        return value.split(",")
    cuts = [place for place, sign in enumerate(value) if sign == "," and not depths[place]]
    return [value[start + 1 : end] for start, end in pairwise((-1, *cuts, len(value)))]
