"""Split texts of any script into words, and tell the script."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal, TypeAlias

Script: TypeAlias = Literal["latin", "spaced", "chinese", "unspaced"]
"""Latin letters; others with spaces between words; Chinese characters; others without spaces."""

_CHINESE = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese syllables
    f"{_CHINESE}]"
)
_OF_WORD = rf"(?:(?!{_UNSPACED.pattern})\w)"
_PIECE = re.compile(rf"(?:{_UNSPACED.pattern}|{_OF_WORD}+(?:['\u2019-]{_OF_WORD}+)*|[^\w\s]+)\s*")
_CHUNK = re.compile(rf"{_UNSPACED.pattern}|(?:(?!{_UNSPACED.pattern})\S)+")
_ENDS, _INSIDE = (rf"(?:(?!{_UNSPACED.pattern}){kept})" for kept in (r"[\p{L}\p{M}\p{N}]", r"\S"))
WORD_PATTERN = rf"{_UNSPACED.pattern}|{_ENDS}(?:{_INSIDE}*{_ENDS})?|({_INSIDE})\1*"
"""What ``word_places`` finds as an expression in the syntax of Oniguruma, for users of ``tokenizers`` alone."""
_IDEOGRAM = re.compile(f"[{_CHINESE}]")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]")


class _Kept(dict[int, int]):
    """What stands for a character, by its number: itself in words, a space otherwise; looked up once for each."""

    def __missing__(self, number: int) -> int:
        """Look a character up that was not met before."""
        self[number] = number if unicodedata.category(chr(number))[0] in "LMN" else _SPACE
        return self[number]


_KEPT = _Kept()
_SPACE = ord(" ")


def spaced(text: str) -> list[str]:
    """Return the words between spaces, and each character by itself in scripts that put none between words.

    >>> spaced("It is 很好, yes.")
    ['It', 'is', '很', '好', ',', 'yes.']
    """
    return _UNSPACED.sub(r" \g<0> ", text).split()


def pieces(text: str) -> list[str]:
    """Return the words and the marks between them, each with the spaces after it: joined, they are the text.

    >>> pieces("It isn't 很好, yes.")
    ['It ', "isn't ", '很', '好', ', ', 'yes', '.']
    """
    return _PIECE.findall(text.strip())


def word_places(text: str) -> list[tuple[int, int]]:
    """Return where words and signs are, as start and end: signs at the ends of a word stand alone, others are of it.

    >>> text = "(It isn't 很好, 1.5%...)"
    >>> [text[start:end] for start, end in word_places(text)]
    ['(', 'It', "isn't", '很', '好', ',', '1.5', '%', '...', ')']
    """
    places = []
    for chunk in _CHUNK.finditer(text):
        start, end = chunk.span()
        first, last = start, end
        while first < last and _KEPT[ord(text[first])] == _SPACE:
            first += 1
        while first < last and _KEPT[ord(text[last - 1])] == _SPACE:
            last -= 1
        places += _runs(text, start, first) + ([(first, last)] if first < last else []) + _runs(text, last, end)
    return places


class Words(list[str]):
    """The words and signs of a text as it was written, which know where in it they are.

    Attributes:
        text: the text.
        places: start and end of each.
    """

    def __init__(self, text: str) -> None:
        """Split a text as ``word_places`` does."""
        self.text, self.places = text, word_places(text)
        super().__init__(text[start:end] for start, end in self.places)


def _runs(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where the signs of a part of a text are, equal ones beside each other together."""
    runs: list[tuple[int, int]] = []
    for place in range(start, end):
        if runs and text[place] == text[place - 1]:
            runs[-1] = runs[-1][0], place + 1
        else:
            runs.append((place, place + 1))
    return runs


def words(text: str) -> list[str]:
    """Return the words as ``spaced`` does, in lower case and without punctuation and symbols.

    >>> words("«Привет», мир! 很好。")
    ['привет', 'мир', '很', '好']
    """
    return spaced(text.lower().translate(_KEPT))


def script(texts: Iterable[str]) -> Script:
    """Return how most words of some texts are written, numbers aside; texts without words count as Latin.

    A tenth of other characters among the Chinese ones is enough to tell Japanese, by its syllables.

    >>> script(["The city of Beijing (北京)"]), script(["北京的 AI 公司"]), script(["北京の会社"])
    ('latin', 'chinese', 'unspaced')
    """
    lettered = [word for text in texts for word in words(text) if _LETTER.match(word)]
    characters = [word for word in lettered if _UNSPACED.match(word)]
    if 2 * len(characters) > len(lettered):
        chinese = sum(1 for character in characters if _IDEOGRAM.match(character))
        return "chinese" if 10 * chinese > 9 * len(characters) else "unspaced"
    return "latin" if 2 * sum(1 for word in lettered if _LATIN.match(word)) >= len(lettered) else "spaced"
