"""Lists and objects that stand in a text as JSON, Python or NumPy write them."""

import ast
import json
import re

NO_LIST = "a list that is none of JSON, Python or NumPy"
"""What a text is that looks like a list and cannot be read, for messages."""
_LONGEST = 100_000
"""Characters that are read as Python, which takes much memory for each."""
_BEGINS = re.compile(r"[\[({]|[\w.]+\((?=\s*[\[({)])")
_ITEM = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|True|False|None|nan)"""
_NUMPY = re.compile(rf"\[\s*{_ITEM}(?:\s+{_ITEM})*\s*\]")
_WORDS = {
    "nan": None,
    "NaN": None,
    "NA": None,
    "null": None,
    "true": True,
    "false": False,
    "True_": True,
    "False_": False,
}
_WRAPPERS = re.compile(r"array|tensor|list|dict_keys|set|frozenset|tuple|str_|bool_?|u?int\d*|float\d*")
_EMPTY = re.compile(r"list|set|frozenset|tuple")


def literal(text: str) -> list[object] | dict[object, object] | None:
    """Parse a text that is a list or object in JSON, Python or NumPy notation; return none for any other text.

    Tuples, sets and arrays become lists, and what is not a number becomes none.

    >>> literal('["a", 1]'), literal("('a',)"), literal("['a' 'b']"), literal("[1. 0.]"), literal("[x] or so")
    (['a', 1], ['a'], ['a', 'b'], [1.0, 0.0], None)
    >>> literal("tensor([1, 0])"), literal("set()"), looks_so("Index(['a'], dtype='object')"), looks_so("a (b)")
    ([1, 0], [], True, False)
    """
    text = text.strip()
    if not _BEGINS.match(text) or text[-1] not in "])}":
        return None
    try:
        read = json.loads(text, parse_constant=lambda word: None)
    except (ValueError, RecursionError):
        read = None
    if read is None and len(text) <= _LONGEST:
        read = _python(text)
    return read if isinstance(read, list | dict) else None


def written_list(value: str) -> list[object] | None:
    """Return the list that a cell of words or turns holds, which may as well begin with a bracket that is a word."""
    begins = value.lstrip()[:2]
    if begins[:1] not in ("[", "("):
        return None
    if begins[1:] in ("'", '"', "{", "["):
        parsed = literal(value)
        return parsed if isinstance(parsed, list) else None
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, list) else None


def looks_so(text: str) -> bool:
    """Return whether a text begins and ends like a list or array, though it may be none that can be read."""
    text = text.strip()
    return bool(_BEGINS.match(text)) and text[0] not in "({" and text[-1] in "])"


def _python(text: str) -> object:
    if _NUMPY.fullmatch(text):  # first, since Python would join its words
        text = f"[{', '.join(re.findall(_ITEM, text))}]"
    try:
        return _value(ast.parse(text, mode="eval").body)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _value(node: ast.expr) -> object:
    """What an expression means that does nothing but hold values.

    Raises:
        ValueError: it does more.
    """
    match node:
        case ast.List() | ast.Tuple() | ast.Set():
            return [_value(each) for each in node.elts]
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return {_key(key): _value(each) for key, each in pairs}
        case ast.Constant(value=str() | bool() | int() | float() | None):
            return node.value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.Name(id=word) | ast.Attribute(attr=word) if word in _WORDS:
            return _WORDS[word]
        case ast.Call(func=ast.Name(id=word) | ast.Attribute(attr=word), args=[first, *_]) if _WRAPPERS.fullmatch(word):
            return _value(first)
        case ast.Call(func=ast.Name(id=word), args=[], keywords=[]) if _EMPTY.fullmatch(word):
            return []
    raise ValueError("no literal")


def _key(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError("no name")
