"""Requests of every task are read by its inputs."""

import json

import pytest
from predicted import inputs

from distill.serving.limits import Limits
from distill.serving.refusal import Refused
from distill.serving.schemas import Reader
from distill.tasks import TASKS, task

RANKED = {"classification", "pair_classification", "multilabel_classification", "relation_extraction"}


def body(content):
    return json.dumps(content).encode()


@pytest.mark.parametrize("name", TASKS)
def test_examples_of_every_task_are_read_as_they_are(name):
    reader, examples = Reader(task(name), Limits()), inputs(name)
    one = reader.read(body(examples[0]))
    assert (one.examples, one.many, one.top_k) == ([examples[0]], False, None)
    several = reader.read(body({"examples": examples}))
    assert (several.examples, several.many) == (examples, True)


@pytest.mark.parametrize("name", TASKS)
def test_labels_are_ranked_only_where_there_are_labels_of_an_example(name):
    reader, content = Reader(task(name), Limits()), body({**inputs(name)[0], "top_k": 2})
    if name in RANKED:
        assert reader.read(content).top_k == 2
    else:
        with pytest.raises(Refused, match="top_k: Extra inputs are not permitted"):
            reader.read(content)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("token_classification", {"tokens": 7}, "tokens: Input should be a valid list, not 7"),
        ("token_classification", {"tokens": " "}, "the example has no tokens"),
        ("token_classification", {"tokens": ["EU", 3]}, "tokens.1: Input should be a valid string, not 3"),
        ("token_classification", {"tokens": ["EU", ""]}, "the example has an empty entry in tokens"),
        ("token_classification", {"tokens": []}, "the example has no tokens"),
        ("relation_extraction", {"text": "<e1>a</e1> b"}, "the example has <e2> 0 times, not once: '<e1>a</e1> b'"),
        ("pair_classification", {"text": "a"}, "pair: Field required"),
        ("question_answering", {"question": "who ?", "context": " "}, "the example has no context"),
        ("token_classification", {"tokens": ["a" * 8] * 6},
         "the example has 48 characters; allowed is max_characters=40"),
    ],
)  # fmt: skip
def test_inputs_that_are_none_are_told(name, content, reason):
    with pytest.raises(Refused) as told:
        Reader(task(name), Limits(max_characters=40)).read(body(content))
    assert (told.value.status, told.value.reason) == (422, reason)


def test_messages_of_a_dialogue_are_turns():
    content = {"history": [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hi."}]}
    assert Reader(task("dialogue"), Limits()).read(body(content)).examples == [{"history": ["Hello.", "Hi."]}]


def test_words_may_be_a_text_as_people_write_it():
    (example,) = Reader(task("token_classification"), Limits()).read(body({"tokens": "In Paris, again."})).examples
    assert list(example["tokens"]) == ["In", "Paris", ",", "again", "."]
    schema = Reader(task("token_classification"), Limits()).one.model_json_schema()
    assert [each["type"] for each in schema["properties"]["tokens"]["anyOf"]] == ["array", "string"]
