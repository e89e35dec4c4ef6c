"""A column is taken for its name where it fits the role, and no other that fits tells by its name that it is meant."""

import re

import pytest
from datasets import ClassLabel, Dataset, Features, Value

from distill.data.columns import Rules, take
from distill.errors import DataError

COUNT = 40
TEXTS = [f"a film of number {number}" for number in range(COUNT)]
SINGLE = {"text": "text", "label": "label"}
PAIR = {"text": "text", "pair": "text", "label": "score"}
TAGGED = {"tokens": "texts", "label": "tags"}
WAY = "say which one is the label with data.columns.label=NAME"


def repeated(*values):
    return [values[number % len(values)] for number in range(COUNT)]


def alternating(*values):
    """Each value twice in a row, so that it stands beside every one of two repeated values."""
    return [values[number // 2 % len(values)] for number in range(COUNT)]


def taken(roles, named=None, **columns):
    return take({"train": Dataset.from_dict(columns)}, roles, named or {}, "here", Rules(drop_bad=True))


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


def scored(**columns):
    return taken(PAIR, {"label": "score"}, text=TEXTS, pair=TEXTS[::-1], **columns)


FRACTIONS = repeated(1.5, 2.0, 4.25, 3.0)


@pytest.mark.parametrize("name", ["relatedness_score", "similarity", "gold_score", "Relatedness"])
@pytest.mark.parametrize("scores", [FRACTIONS, [*map(str, FRACTIONS)]], ids=["numbers", "cells"])
@pytest.mark.parametrize("classes", [(0, 1, 2), ("0", "1", "2"), ("neutral", "contradiction")])
def test_a_class_beside_a_score_is_not_taken_for_the_score(name, scores, classes):
    read = scored(label=repeated(*classes), **{name: scores})
    assert read.columns["label"] == name
    assert read.notes == [f"there is no column score in here; {name} is taken as the label"]
    assert read.splits["train"]["label"][:] == scores


def test_so_is_a_class_that_the_hub_names():
    features = Features({
        "text": Value("string"), "pair": Value("string"), "label": ClassLabel(names=["no", "yes"]),
        "similarity": Value("float64"),
    })  # fmt: skip
    columns = {"text": TEXTS, "pair": TEXTS[::-1], "label": repeated(0, 1), "similarity": FRACTIONS}
    rows = Dataset.from_dict(columns, features=features)
    assert take({"train": rows}, PAIR, {"label": "score"}, "here").columns["label"] == "similarity"


@pytest.mark.parametrize("label", [[0.5, 1.0], ["0.5", "1.0"], [0, 1, 2, 3, 4, 5]])
def test_two_columns_that_may_be_the_score_are_both_named(label):
    with refused(
        "here has no column score; it has text, pair, label, similarity, of which label, similarity may be meant: "
        + WAY
    ):
        scored(label=repeated(*label), similarity=FRACTIONS)


@pytest.mark.parametrize("further", [{}, {"weight": FRACTIONS}, {"similarity": repeated("near", "far")}])
@pytest.mark.parametrize("label", [(0, 1, 2, 3, 4, 5), (0.5, 1.0), ("0", "1", "N/A")])
def test_a_label_of_numbers_is_the_score_where_nothing_else_is_called_so(label, further):
    assert scored(label=repeated(*label), **further).columns["label"] == "label"


def test_a_label_of_words_leaves_the_score_to_what_else_is_one():
    assert scored(label=repeated("x", "y"), rating=FRACTIONS).columns["label"] == "rating"
    with refused(
        "the column label of here cannot be the label: it holds text that is no number (row 1 of train: 'x'); "
        "a number is expected"
    ):
        scored(label=repeated("x", "y"))


def test_a_label_of_a_sentence_leaves_the_tags_to_what_is_called_so():
    words, tags = [["Anna", "went"]] * COUNT, [["B-PER", "O"]] * COUNT
    read = taken(TAGGED, {"label": "ner_tags"}, tokens=words, label=repeated("x", "y"), tags=tags)
    assert read.columns["label"] == "tags"
    assert taken(TAGGED, {"label": "ner_tags"}, tokens=words, label=tags, tags=tags).columns["label"] == "label"


@pytest.mark.parametrize("vague", ["target", "Class", "y", "relation"])
@pytest.mark.parametrize(
    "telling", ["Stance", "sentiment", "polarity", "emotion", "airline_sentiment", "sentimentLabel"]
)
def test_a_vague_name_beside_a_telling_one_is_asked_about(vague, telling):
    with refused(
        f"here has no column label; it has text, {vague}, {telling}, of which {vague}, {telling} may be meant: {WAY}"
    ):
        taken(SINGLE, text=TEXTS, **{vague: repeated("food", "wifi"), telling: alternating("pos", "neg")})


def test_so_is_a_topic_of_several_words():
    with refused(f"here has no column label; it has text, target, stance, of which target, stance may be meant: {WAY}"):
        taken(SINGLE, text=TEXTS, target=repeated("a new tax", "climate"), stance=alternating("for", "against"))


@pytest.mark.parametrize(
    "further",
    [
        {"keyword": alternating("fire", "flood")},
        {"sentiment": repeated("neg", "pos")},
        {"sentiment": FRACTIONS},
        {"sentiment": [""] * COUNT},
        {"sentiment": ["web"] * COUNT},
        {"sentiment": [f"it is {number}" for number in range(COUNT)]},
        {"sentiment_source": alternating("human", "model")},
    ],
    ids=["another name", "the same in words", "a score", "nothing", "one value", "texts", "another word behind"],
)
def test_a_vague_name_is_taken_where_nothing_tells_another_label(further):
    assert taken(SINGLE, text=TEXTS, target=repeated(0, 1), **further).columns["label"] == "target"


@pytest.mark.parametrize("name", ["target", "y", "labels"])
@pytest.mark.parametrize("values", [[f"it is {number}" for number in range(COUNT)], [*range(COUNT)], ["web"] * COUNT])
def test_a_name_alone_makes_no_label_of_what_names_rows_or_says_one_thing(name, values):
    columns = {"text": TEXTS, name: values, "emotion": repeated("joy", "fear")}
    assert taken(SINGLE, **columns).columns["label"] == "emotion"


def test_where_nothing_else_may_be_the_label_either_it_is_asked():
    with refused(f"here has no column label; it has text, y: {WAY}"):
        taken(SINGLE, text=TEXTS, y=[*range(COUNT)])


def test_a_few_rows_may_have_a_label_each():
    columns = {"text": TEXTS[:4], "target": ["very good", "good", "bad", "awful"]}
    assert taken(SINGLE, **columns).columns["label"] == "target"


@pytest.mark.parametrize("bare", ["", " ", None])
def test_a_column_without_content_is_no_label_and_hides_none(bare):
    empty = [bare] * COUNT
    assert taken(SINGLE, text=TEXTS, notes=empty, mood=repeated("x", "y")).columns["label"] == "mood"
    with refused(f"here has no column label; it has text, notes, and nothing in notes: {WAY}"):
        taken(SINGLE, text=TEXTS, notes=empty)


def test_a_column_that_always_says_the_same_hides_no_label_of_words():
    web = ["web"] * COUNT
    assert taken(SINGLE, text=TEXTS, platform=web, mood=repeated("x", "y")).columns["label"] == "mood"
    with refused(f"here has no column label; it has text, platform, useful: {WAY}"):
        taken(SINGLE, text=TEXTS, platform=web, useful=repeated(0, 1))


def test_rows_that_are_sorted_by_their_label_do_not_always_say_the_same():
    count = 1200
    rows = {"text": [f"a film of {number}" for number in range(count)], "group": ["x"] * 1100 + ["y"] * 100}
    with refused(f"here has no column label; it has text, group, mood: {WAY}"):
        taken(SINGLE, **rows, mood=[*"uv"] * (count // 2))
