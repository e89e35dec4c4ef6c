"""Metrics of translations against sacrebleu's own corpus scores."""

import random
import warnings

import numpy as np
import pytest
from sacrebleu import BLEU, CHRF

from distill.metrics import translation

WORDS = ["Das", "Haus", "ist", "sehr", "alt", "und", "schön", ",aber", "klein", ".", "Straße", "3.5", "na-ja"]


def texts(count=80, references=1):
    chance = random.Random(0)  # noqa: S311
    right = [
        [" ".join(chance.choices(WORDS, k=chance.randint(1, 15))) for _ in range(references)] for _ in range(count)
    ]
    return [" ".join(word for word in each[-1].split() if chance.random() < 0.8) for each in right], right


def drawn(alphabet):
    """Texts of some characters or words, and what is left of them without every sixth."""
    chance = random.Random(1)  # noqa: S311
    texts = [[*chance.choices(alphabet, k=chance.randint(8, 30)), "\u3002"] for _ in range(40)]
    kept = [[part for place, part in enumerate(text) if place % 6 != 5] for text in texts]
    return ["".join(text) for text in kept], [["".join(text)] for text in texts]


def twin(predictions, references, tokenizer=None):
    columns = [list(column) for column in zip(*references, strict=True)]
    metrics = {"bleu": BLEU(tokenize=tokenizer), "chrf": CHRF()}
    return {name: metric.corpus_score(predictions, columns).score / 100 for name, metric in metrics.items()}


@pytest.mark.parametrize("references", [1, 3])
def test_texts_score_what_sacrebleu_says(references):
    predictions, right = texts(references=references)
    groups = ["even", "odd"] * 40
    found = translation.score(predictions, right, [], groups)
    assert list(found.metrics) == ["bleu", "chrf"]
    assert found.metrics == pytest.approx(twin(predictions, right), abs=1e-12)
    assert found.table["odd"] == pytest.approx({**twin(predictions[1::2], right[1::2]), "support": 40}, abs=1e-12)


def test_examples_may_have_unequal_numbers_of_references():
    predictions, right = ["a b c d e", "f g h i j"], [["a b c d e"], ["x", "f g h i j"]]
    assert translation.score(predictions, right, [], ["x", "x"]).metrics == pytest.approx({"bleu": 1, "chrf": 1})
    assert twin(predictions, [[right[0][0], None], right[1]]) == pytest.approx({"bleu": 1, "chrf": 1})


def test_sentence_bleu_is_smoothed_as_sacrebleu_smooths_a_corpus():
    predictions, right = ["the cat sat here"], [["the cat sat there"]]
    found = translation.score(predictions, right, [], ["x"])
    # Precisions 3/4, 2/3, 1/2 and, for no 4-gram out of one, half of 1/1.
    assert found.metrics["bleu"] == pytest.approx((3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** (1 / 4))
    assert found.metrics == pytest.approx(twin(predictions, right))


@pytest.mark.parametrize("prediction", ["", "nothing alike"])
def test_a_text_that_shares_nothing_scores_zero(prediction):
    found = translation.score([prediction], [["zzz zzz zzz zzz"]], [], ["x"])
    assert found.metrics == {"bleu": 0, "chrf": 0}


def test_many_sentences_are_scored_without_a_word(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        translation.score(["It ends ."] * 150, [["It ends ."]] * 150, [], ["x"] * 150)
    assert not caplog.records


@pytest.mark.parametrize(
    ("alphabet", "tokenizer"),
    [
        ("的一是在不了有和人这中大为上个国我以要他", "zh"),
        ("のはがを学校行日本語人今", "char"),
        ("กขคงจชซดตนบปผพ", "char"),
        ("កខគឃងចឆ", "char"),
        ("ຂຄງຈຊດຕ", "char"),
        ("ကခဂငစဆဇ", "char"),
        (["дом ", "очень ", "старый ", "и ", "красивый "], "13a"),
        (["집은 ", "아주 ", "오래되고 ", "아름답다 "], "13a"),
    ],
)
def test_each_script_is_read_by_the_tokenizer_that_suits_it(alphabet, tokenizer):
    predictions, right = drawn(alphabet)
    found = translation.score(predictions, right, [], ["even", "odd"] * 20)
    assert 0.2 < found.metrics["bleu"] < 1
    assert found.metrics == pytest.approx(twin(predictions, right, tokenizer), abs=1e-12)
    assert found.table["odd"] == pytest.approx(
        {**twin(predictions[1::2], right[1::2], tokenizer), "support": 20}, abs=1e-12
    )
    assert f"|tok:{tokenizer}|" in found.how
    rows = np.random.default_rng(0).integers(40, size=40)
    resampled = twin([predictions[row] for row in rows], [right[row] for row in rows], tokenizer)
    assert translation.headline(found.statistics["bleu"][rows]) == pytest.approx(resampled["bleu"], abs=1e-12)


def test_the_references_of_all_examples_decide_on_the_tokenizer():
    predictions, right = drawn("的一是在不了有和人这中大为上个国我以要他")
    predictions, right = [*predictions, "OK, fine!"], [*right, ["OK, fine!"]]
    found = translation.score(predictions, right, [], [*["most"] * 40, "one"])
    assert found.metrics == pytest.approx(twin(predictions, right, "zh"), abs=1e-12)
    assert found.table["one"] == pytest.approx({**twin(["OK, fine!"], [["OK, fine!"]], "zh"), "support": 1})
    latin = translation.score(["的 一"] * 3, [["The house is old."]] * 3, [], ["x"] * 3)
    assert "|tok:13a|" in latin.how


def test_the_signature_says_how_both_were_computed():
    bleu, chrf = translation.score(["a b"], [["a b"]], [], ["x"]).how.split(", ")
    assert bleu.startswith("BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.")
    assert chrf.startswith("chrF2|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.")
    assert translation.signature([["a", "b"], ["c", "d"]], "13a").count("nrefs:2") == 2
    assert translation.signature([["a"], ["c", "d"]], "13a").count("nrefs:var") == 2


def test_the_headline_of_resampled_statistics_is_the_score_of_the_resampled_corpus():
    predictions, right = texts()
    statistics = translation.score(predictions, right, [], ["x"] * 80).statistics["bleu"]
    rows = np.random.default_rng(0).integers(80, size=80)
    resampled = twin([predictions[row] for row in rows], [right[row] for row in rows])
    assert translation.headline(statistics[rows]) == pytest.approx(resampled["bleu"], abs=1e-12)
