"""Tell regular expressions of strangers whose search may never end from those that it is safe to use."""

import re

_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]")
_ESCAPED = re.compile(r"\\(?:[pP]\{[^}]*\}|x\{[^}]*\}|.)", re.DOTALL)
_ENDLESS = re.compile(r"[*+]|\{\d+,\}|\{\d{3,}|\{\d*,\d{3,}")
"""What repeats without an end, or so often that there is none in sight."""

_LETTERS = re.compile(r"""\((?:\?:)?\\p\{L\}\\p\{M\}\*(?:\((?:\?:)?[ ']\\p\{L\}\\p\{M\}\*\)\*)?\)(?=[*+])""")
"""Letters with their marks, and what follows a space, as EXAONE's tokenizer has them: nowhere are there two ways, since
a letter is no mark and no space."""


def may_never_end(pattern: str) -> bool:
    r"""Return whether a group that repeats holds something that repeats itself, or a choice that does.

    A text that does not match is then tried in a number of ways that doubles with each character. This refuses some
    that would do no harm; no tokenizer that is in use has one.

    >>> may_never_end(r"(a+)+$"), may_never_end(r"(a|a)*b"), may_never_end(r"\s+(?!\S)| ?[^\s\p{L}]+[\r\n]*")
    (True, True, False)
    >>> may_never_end(r"(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+"), may_never_end(r"((?:\p{L}\p{M}*)+)+")
    (False, True)
    """
    plain = _ESCAPED.sub("x", _CLASS.sub("x", _ESCAPED.sub("x", _LETTERS.sub("x", pattern))))
    open_groups: list[int] = []
    for place, letter in enumerate(plain):
        if letter == "(":
            open_groups.append(place)
        elif letter == ")" and open_groups:
            inside = plain[open_groups.pop() + 1 : place]
            if _ENDLESS.match(plain, place + 1) and ("|" in inside or _ENDLESS.search(inside)):
                return True
    return False
