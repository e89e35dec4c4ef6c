import hashlib
import re

import pytest

from distill.data.embedded import SAMPLES, translations

SPLITS = ("train", "validation", "test")
SIDES = ("source", "target")
GENDERS = {
    "m": "Mann Junge Arbeiter Hund Mantel Hut Schal Ball Schirm Korb Apfel",
    "f": "Frau Tänzerin Ente Jacke Mütze Tasche Blume Zeitung",
    "n": "Mädchen Kind Kaninchen Hemd Kleid Buch Bild Eis",
}
GENDER = {noun: gender for gender, nouns in GENDERS.items() for noun in nouns.split()}


@pytest.fixture(scope="module")
def sample():
    return SAMPLES["translations"]()


@pytest.fixture(scope="module")
def rows(sample):
    return [(split, row["source"], row["target"]) for split in SPLITS for row in sample[split]]


def words(text):
    return re.findall(r"\w+", text)


def test_the_sample_is_the_same_each_time(rows):
    again = translations.sample()
    assert rows == [(split, row["source"], row["target"]) for split in SPLITS for row in again[split]]
    assert (
        hashlib.sha256(repr(rows).encode()).hexdigest()
        == "b563f655110328bfa7b90defb8bfa3a92060e4189e3841a349e25ed7d9d83de3"
    )


def test_it_has_the_promised_sizes_and_columns(sample):
    assert {split: len(sample[split]) for split in SPLITS} == {"train": 2000, "validation": 100, "test": 200}
    assert all(set(split.column_names) == set(SIDES) for split in sample.values())


def test_no_sentence_of_either_language_stands_twice(rows):
    assert len({german for _, german, _ in rows}) == len({english for _, _, english in rows}) == 2300


def test_sentences_have_six_to_sixteen_words_and_a_full_stop(rows):
    for text in (text for _, *pair in rows for text in pair):
        assert 6 <= len(text.split()) <= 16
        assert re.fullmatch(r"[A-ZÄÖÜ][^.]*\w\.", text)
        assert "  " not in text


@pytest.mark.parametrize("side", SIDES)
def test_each_language_has_100_to_150_words_all_of_them_in_train(sample, side):
    known = {split: {word.lower() for text in sample[split][side] for word in words(text)} for split in SPLITS}
    assert 100 <= len(known["train"]) <= 150
    assert known["validation"] | known["test"] <= known["train"]


def test_german_articles_and_adjectives_fit_their_nouns(rows):
    fitting = {
        "m": {("ein", "er"), ("einen", "en"), ("einem", "en")},
        "f": {("eine", "e"), ("einer", "en")},
        "n": {("ein", "es"), ("einem", "en")},
    }
    found = set()
    for article, adjective, noun in re.findall(
        r"\b([Ee]in\w*) (?:([a-zäöüß]+) )?([A-ZÄÖÜ]\w+)", " ".join(g for _, g, _ in rows)
    ):
        if noun in GENDER:
            ending = re.search(r"(?:e[nrs]?)$", adjective)[0] if adjective else None
            fits = {(a, e) for a, e in fitting[GENDER[noun]] if a == article.lower() and ending in (None, e)}
            assert fits, (article, adjective, noun)
            found |= {(GENDER[noun], *fit) for fit in fits if ending}
    assert len(found) == 7, "every gender in every case it has"


def test_the_german_verb_stands_last_in_a_clause_and_agrees_with_its_subject(rows):
    clauses = [re.search(r"während (\w+) .* (\w+)\.$", german) for _, german, _ in rows if "während" in german]
    assert len(clauses) > 100
    for clause in clauses:
        plural = clause[1] in ("zwei", "drei")
        assert clause[2].endswith("en") if plural else clause[2].endswith("t")


def test_english_says_as_many_are_doing_it_as_german(rows):
    for _, german, english in rows:
        many = [
            len(re.findall(r"\b(?:zwei|drei)\b", german.lower())),
            len(re.findall(r"\b(?:two|three)\b", english.lower())),
        ]
        assert many[0] == many[1]
        assert len(re.findall(r"\bare\b", english)) == many[0] * (2 if " who " in english else 1)
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", english.lower())
