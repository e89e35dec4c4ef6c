"""What several askings of one text say together, of which some abstain or give probabilities."""

import numpy as np
import pytest

from distill.data.answers.reading import Answer
from distill.data.answers.saying import UnusableError, Vocabulary, label, labels, tags

VOCABULARY = Vocabulary(["a", "b"], {}, {"unclear": "abstain"})


def answer(content):
    return Answer("answers.jsonl line 1", None, {"text": "x"}, content)


@pytest.mark.parametrize(
    ("say", "content", "rows", "single"),
    [
        (label, [{"a": 0.8, "b": 0.2}, {"a": 1.0}, None], [[0.9, 0.1]], False),
        (label, ["a", None], [[1, 0]], True),
        (labels, [["a"], ["a", "b"], None], [[1, 0.5]], False),
        (labels, [["a"], "abstain"], [[1, 0]], True),
        (labels, [{"a": 1.0, "b": 0.2}, {"a": 0.5}], [[0.75, 0.1]], False),
        (labels, ["a", "unclear"], [[1, 0]], True),
        (labels, [], [[0, 0]], True),
        (tags, [["a", "b"], None, ["a", "a"]], [[1, 0], [0.5, 0.5]], False),
    ],
)
def test_askings_count_alike_and_those_that_abstain_not_at_all(say, content, rows, single):
    said = say(answer(content), VOCABULARY)
    assert said.rows == pytest.approx(np.array(rows))
    assert said.single is single


@pytest.mark.parametrize(
    ("say", "content"),
    [(labels, ["abstain"]), (labels, [None, None]), (labels, ["unclear"]), (label, [None, "abstain"]), (tags, [None])],
)
def test_nobody_says_anything_where_all_askings_abstain(say, content):
    assert say(answer(content), VOCABULARY) is None


def test_a_word_without_a_tag_is_named():
    with pytest.raises(UnusableError, match=r"^has no tag for word 2$"):
        tags(answer(["a", None]), VOCABULARY)
