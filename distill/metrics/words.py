"""Words of texts in any script."""

import re
import unicodedata

_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese syllables and marks
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Chinese characters
    "]"
)
_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]")


def spaced(text: str) -> list[str]:
    """The words between spaces, and each character by itself in scripts that put none between words.

    >>> spaced("It is 很好, yes.")
    ['It', 'is', '很', '好', ',', 'yes.']
    """
    return _UNSPACED.sub(r" \g<0> ", text).split()


def words(text: str) -> list[str]:
    """As ``spaced``, in lower case and without punctuation and symbols.

    >>> words("«Привет», мир! 很好。")
    ['привет', 'мир', '很', '好']
    """
    kept = (character if unicodedata.category(character)[0] in "LMN" else " " for character in text.lower())
    return spaced("".join(kept))


def is_latin(text: str) -> bool:
    """Whether half of the words or more, numbers aside, are in the Latin alphabet; a text without words is.

    >>> is_latin("The city of Beijing (北京)"), is_latin("北京的 AI 公司")
    (True, False)
    """
    found = [word for word in words(text) if _LETTER.match(word)]
    return 2 * sum(1 for word in found if _LATIN.match(word)) >= len(found)
