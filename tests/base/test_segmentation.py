"""Words of texts in any script."""

import random

import pytest
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from distill.base.segmentation import WORD_PATTERN, script, spaced, word_places, words


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
    ("texts", "expected"),
    [
        (["Việt Nam"], "latin"),
        (["naïve Ænima"], "latin"),
        (["2024!", ""], "latin"),
        ([], "latin"),
        (["The café in Москва"], "latin"),
        (["Москва"], "spaced"),
        (["한국어 문장"], "spaced"),
        (["हिन्दी में", "हिन्दी OK"], "spaced"),
        (["مرحبا بالعالم"], "spaced"),
        (["這是一個句子。"], "chinese"),
        (["在 Linux 上安装 PostgreSQL"], "chinese"),
        (["奶の茶真的很好喝"], "unspaced"),
        (["奶の茶真的很好喝", "我们明天去北京看看"], "chinese"),
        (["東京都知事の会見"], "unspaced"),
        (["コンピュータ"], "unspaced"),
        (["ฉันไปโรงเรียน"], "unspaced"),
        (["ຂ້ອຍໄປໂຮງຮຽນ"], "unspaced"),
        (["ខ្ញុំទៅសាលារៀន"], "unspaced"),
        (["ကျွန်တော်ကျောင်းသွားတယ်"], "unspaced"),
    ],
)
def test_most_words_of_all_texts_decide_on_the_script(texts, expected):
    assert script(iter(texts)) == expected


def test_one_text_in_another_script_does_not_decide():
    assert script(["iPhone 和 Mac", "iPhone", "他们在北京开了一家店"]) == "chinese"
    assert script(["The shop in 東京 opened today", "It closed"]) == "latin"


def test_tokenizers_finds_the_same_words_by_the_expression():
    split = Split(Regex(WORD_PATTERN), "isolated")
    signs = "ab1_ -.,'\u2019()很好ไทยहि\u0301\u200d😀½²٣\t\u00a0ー。"
    draw = random.Random(0)  # noqa: S311 - draws texts, keeps no secret
    for length in range(2000):
        text = "".join(draw.choice(signs) for _ in range(length % 14))
        assert [place for word, place in split.pre_tokenize_str(text) if not word.isspace()] == word_places(text), text
