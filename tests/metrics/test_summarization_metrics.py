"""Metrics of summaries against rouge-score as it is, and by hand where it reads nothing."""

import random
from importlib.metadata import version

import pytest
from rouge_score.rouge_scorer import RougeScorer

from distill.metrics import summarization

WORDS = ["Police", "arrested", "arrests", "two", "men", "in", "London,", "after", "a", "robbery.", "Zürich", "2024"]
KINDS = ["rouge1", "rouge2", "rougeL"]


def texts(count=60, references=1):
    chance = random.Random(0)  # noqa: S311
    drawn = [
        [" ".join(chance.choices(WORDS, k=chance.randint(1, 20))) for _ in range(references + 1)] for _ in range(count)
    ]
    return [each[0] for each in drawn], [each[1:] for each in drawn]


def test_summaries_score_what_rouge_score_says():
    predictions, right = texts()
    scorer = RougeScorer(KINDS, use_stemmer=True)
    scored = [scorer.score(text, guess) for guess, (text,) in zip(predictions, right, strict=True)]
    found = summarization.score(predictions, right, [], ["all"] * 60)
    assert list(found.metrics) == KINDS
    assert found.metrics == pytest.approx({kind: sum(one[kind].fmeasure for one in scored) / 60 for kind in KINDS})
    assert found.table == {"all": {**found.metrics, "support": 60}}


def test_each_kind_takes_the_reference_that_fits_it_best():
    # The first reference has all words in another order, the second two of four in a row.
    found = summarization.score(["one two three four"], [["four three two one", "nine one two nine"]], [], ["x"])
    assert found.metrics == {
        "rouge1": pytest.approx(1),
        "rouge2": pytest.approx(1 / 3),
        "rougeL": pytest.approx(1 / 2),
    }


def test_chinese_is_read_character_by_character():
    assert RougeScorer(KINDS, use_stemmer=True).score("警方逮捕两人", "警方逮捕了两人")["rouge1"].fmeasure == 0
    found = summarization.score(["警方逮捕了两人。"], [["警方逮捕两人"]], [], ["x"])
    # 6 of 7 and 6 of 6 characters; 4 of 6 and 4 of 5 pairs; all 6 in a row.
    assert found.metrics == {
        "rouge1": pytest.approx(12 / 13),
        "rouge2": pytest.approx(8 / 11),
        "rougeL": pytest.approx(12 / 13),
    }


def test_chinese_with_a_latin_name_in_it_is_still_read():
    found = summarization.score(["苹果公司发布 iPhone"], [["谷歌公司发布 iPhone"]], [], ["x"])
    assert found.metrics["rouge1"] == pytest.approx(5 / 7)


@pytest.mark.parametrize(
    ("guess", "right"),
    [("Полиция задержала двоих.", "полиция задержала троих"), ("पुलिस ने गिरफ्तार", "पुलिस ने छोड़ा")],
)
def test_other_scripts_are_read_word_by_word(guess, right):
    assert summarization.score([guess], [[right]], [], ["x"]).metrics["rouge1"] == pytest.approx(2 / 3)


def test_a_chinese_text_half_of_latin_names_is_read_as_the_others_are():
    guesses, right = ["iPhone 和 Mac", "苹果公司发布新手机"], [["iPhone 与 Mac"], ["苹果公司发布手机"]]
    found = summarization.score(guesses, right, [], ["mixed", "chinese"])
    assert found.table["mixed"]["rouge1"] == pytest.approx(2 / 3)
    assert found.how.endswith(", words as they are, single characters in scripts without spaces")


def test_a_text_in_another_script_among_english_ones_is_read_as_they_are():
    guesses, right = ["两人被捕", "police arrested"], [["两人被捕"], ["police arrests the men"]]
    found = summarization.score(guesses, right, [], ["chinese", "english"])
    assert found.table["chinese"]["rouge1"] == 0
    assert found.table["english"]["rouge1"] == pytest.approx(2 / 3)
    assert found.how == f"rouge-score {version('rouge-score')}, stemmed words"


@pytest.mark.parametrize(("guess", "right"), [("", "a word"), ("a word", ""), ("...", "!")])
def test_texts_without_words_score_zero(guess, right):
    assert summarization.score([guess], [[right]], [], ["x"]).metrics == dict.fromkeys(KINDS, 0)
