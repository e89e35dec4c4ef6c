"""How the answers of several models to one example are shown."""

import numpy as np
import pytest

from distill.errors import DataError
from distill.inference.side_by_side import Said, _tagged, example, table
from distill.tasks import task


class Reads:
    """What is asked of a model here: its task."""

    def __init__(self, name):
        self.task = task(name)


@pytest.mark.parametrize(
    ("name", "texts", "row"),
    [
        ("classification", ["a text"], {"text": "a text"}),
        ("regression", ["one", "other"], {"text": "one", "pair": "other"}),
        ("question_answering", ["Ada slept.", "Who?"], {"context": "Ada slept.", "question": "Who?"}),
        ("token_classification", ["Ada met Bo"], {"tokens": ["Ada", "met", "Bo"]}),
        ("token_classification", ["New York", "met"], {"tokens": ["New York", "met"]}),
        ("dialogue", ["Hello."], {"history": ["Hello."]}),
        ("dialogue", ["Hello.", "Who is there?"], {"history": ["Hello.", "Who is there?"]}),
    ],
)
def test_arguments_are_the_inputs_of_the_task(name, texts, row):
    assert example(Reads(name), texts) == row


def test_too_few_and_unusable_texts_end_in_a_sentence():
    with pytest.raises(DataError, match="the task reads context and question: give 2 of them, not 1"):
        example(Reads("question_answering"), ["Ada slept."])
    with pytest.raises(DataError, match="the example has <e1> 0 times, not once"):
        example(Reads("relation_extraction"), ["Ada slept."])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"label": "positive", "probability": 0.987}, "positive  98.7%"),
        ({"score": 2.34567}, "2.346"),
        ({"answer": "", "probability": 0.5}, "no answer  50.0%"),
        ({"target": "A dog."}, "A dog."),
        ({"tags": ["Ada/B-PER 90%", "slept"]}, "Ada/B-PER 90% slept"),
        ({"labels": [], "probabilities": {"a": 0.1, "b": 0.4}}, "none  [b 40.0%, a 10.0%]"),
        ({"labels": ["b"], "probabilities": {"a": 0.1, "b": 0.6}}, "b  [b 60.0%, a 10.0%]"),
    ],
)
def test_each_model_has_a_line(answer, said):
    assert table([Said("teacher", answer, 1.234), Said("a", answer, 2.0)]) == (
        f"teacher  {said}  (1.23 ms)\na        {said}  (2.00 ms)"
    )


def test_tags_stand_at_their_words_with_their_probabilities():
    logits = np.log(np.array([[0.1, 0.9], [0.75, 0.25]], dtype=np.float32))
    assert _tagged(["Ada", "slept"], ["B-PER", "O"], logits) == ["Ada/B-PER 90%", "slept"]
