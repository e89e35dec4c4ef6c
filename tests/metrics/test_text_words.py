"""Words of texts in any script."""

import pytest

from distill.metrics.words import is_latin, spaced, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop, e.g. now!", ["Don't", "stop,", "e.g.", "now!"]),
        ("他说OK。", ["他", "说", "OK。"]),
        ("カタカナとABC", ["カ", "タ", "カ", "ナ", "と", "ABC"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("ไป", ["ไ", "ป"]),
        ("  ", []),
    ],
)
def test_only_scripts_without_spaces_are_taken_apart(text, expected):
    assert spaced(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("«Élan» — 3.5%", ["élan", "3", "5"]),
        ("你好\uff0c世界\uff01", ["你", "好", "世", "界"]),
    ],
)
def test_words_keep_their_marks_and_lose_punctuation(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Việt Nam", True),
        ("naïve Ænima", True),
        ("Москва", False),
        ("2024!", True),
        ("東京 AI", False),
        ("The café in Москва", True),
    ],
)
def test_most_words_decide_on_the_alphabet(text, expected):
    assert is_latin(text) is expected
