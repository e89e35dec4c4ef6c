"""Answers in forms that are not read are refused with the form that is, and cells as pandas writes them are read."""

import pytest

from distill.data.answers.other_forms import explained
from distill.data.answers.reading import Answer, read
from distill.data.answers.saying import UNPARSEABLE, UnusableError, Vocabulary, label, labels, score

VOCABULARY = Vocabulary(["n", "p"], {}, {"neg": "n"})
TOKEN = {"token": "n", "logprob": -0.1}
LOGPROBS_REFUSED = (
    "has logprobs by token, as OpenAI gives them: write an object of the labels and their logarithms, such as the "
    "top_logprobs of the token that is the label"
)


def fault_of(say, content, *, is_log=False):
    answer = Answer("answers.jsonl line 1", "1", {}, content, is_log)
    with pytest.raises(UnusableError) as caught:
        say(answer, VOCABULARY)
    return caught.value, explained(caught.value, answer, VOCABULARY)


@pytest.mark.parametrize(
    ("content", "is_log", "said"),
    [
        ({"content": [{**TOKEN, "bytes": [110], "top_logprobs": [TOKEN]}]}, True, LOGPROBS_REFUSED),
        ([TOKEN, {"token": "p", "logprob": -2.4}], True, LOGPROBS_REFUSED),
        (
            {"label": "n", "confidence": 0.9},
            False,
            "answers an object with the label 'n' under label: write the label alone as the answer, or an object with "
            "the probability of each label",
        ),
        ("n,n,p", False, 'answers \'n,n,p\', several labels in one text: write them as a list, ["n", "n", "p"]'),
        ("neg; p", False, 'answers \'neg; p\', several labels in one text: write them as a list, ["neg", "p"]'),
    ],
)
def test_a_form_that_is_not_read_is_named_with_the_one_that_is(content, is_log, said):
    explanation = fault_of(label, content, is_log=is_log)[1]
    assert (str(explanation), explanation.kind) == (said, UNPARSEABLE)


def test_several_labels_in_a_text_are_named_where_a_row_may_have_several():
    explanation = fault_of(labels, "n|p")[1]
    assert str(explanation) == 'answers \'n|p\', several labels in one text: write them as a list, ["n", "p"]'


@pytest.mark.parametrize(("say", "content"), [(label, "so-so"), (label, "n, so-so"), (label, {"n": 2.0}), (score, "n")])
def test_any_other_answer_that_is_none_is_said_to_be_so(say, content):
    found, explanation = fault_of(say, content)
    assert explanation is found


def test_cells_that_hold_what_python_writes_are_read(tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text(
        "id,answer\n1,\"{'n': 0.9, 'p': 0.1}\"\n2,\"['n', 'n', 'p']\"\n3,[so-so]\n4,\"{\"\"n\"\": 1.0}\"\n",
        encoding="utf-8",
    )
    assert [answer.content for answer in read(str(file), {"text": ["text"]})] == [
        {"n": 0.9, "p": 0.1}, ["n", "n", "p"], "[so-so]", {"n": 1.0},
    ]  # fmt: skip
