"""Follow how WordPiece and byte-pair encoding make tokens of words: what they match, and what they join."""

from collections.abc import Container, Mapping, Sequence
from itertools import pairwise


def core(token: str, inside: str = "", end: str = "") -> str:
    """Return a token without the marks of pieces that do not begin a word, and of those that end it.

    >>> core("##s", "##"), core("s</w>", "", "</w>")
    ('s', 's')
    """
    return token.removeprefix(inside).removesuffix(end)


def join(left: str, right: str, inside: str = "") -> str:
    """Return the token that two neighbours become.

    >>> join("film", "##s", "##")
    'films'
    """
    return left + right.removeprefix(inside)


def joined(token: str, ranks: Mapping[tuple[str, str], int], inside: str = "", end: str = "") -> set[str]:
    """Return all tokens that arise while byte-pair encoding (Sennrich et al. 2016) joins the characters of a token.

    It joins the same inside longer words, whose other characters are joined with each other.

    Args:
        token: one of a vocabulary.
        ranks: the pairs that are joined, the lowest number first.
        inside: marks tokens that do not begin a word.
        end: marks tokens that end one.

    >>> sorted(joined("low", {("l", "o"): 1, ("o", "w"): 0, ("l", "ow"): 2}))
    ['l', 'low', 'o', 'ow', 'w']
    """
    begins, ends = not (inside and token.startswith(inside)), bool(end) and token.endswith(end)
    characters = core(token, "" if begins else inside, end if ends else "")
    symbols = [character if begins and not at else inside + character for at, character in enumerate(characters)]
    if ends and symbols:
        symbols[-1] += end
    arisen = set(symbols)
    while known := [pair for pair in pairwise(symbols) if pair in ranks]:
        left, right = min(known, key=ranks.__getitem__)
        at = next(at for at, pair in enumerate(pairwise(symbols)) if pair == (left, right))
        symbols[at : at + 2] = [join(left, right, inside)]
        arisen.add(symbols[at])
    return arisen


def words(tokens: Sequence[str], inside: str) -> list[str]:
    """Return the words that pieces of words make.

    >>> words(["a", "film", "##s"], "##")
    ['a', 'films']
    """
    found: list[str] = []
    for token in tokens:
        if found and token.startswith(inside):
            found[-1] = join(found[-1], token, inside)
        else:
            found.append(token)
    return found


def longest_matches(word: str, vocabulary: Container[str], inside: str) -> list[str]:
    """Return the pieces that WordPiece (Devlin et al. 2019) matches from a word's beginning on, until none matches.

    >>> longest_matches("filmsy", {"fi", "film", "##s"}, "##")
    ['film', '##s']
    """
    found: list[str] = []
    start = 0
    while start < len(word):
        pieces = ((end, (inside if start else "") + word[start:end]) for end in range(len(word), start, -1))
        match = next(((end, piece) for end, piece in pieces if piece in vocabulary), None)
        if match is None:
            break
        start = match[0]
        found.append(match[1])
    return found
