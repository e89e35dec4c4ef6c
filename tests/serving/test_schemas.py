"""Requests of every task are read by its inputs."""

import json

import pytest
from predicted import inputs

from distill.data.inputs import Inputs
from distill.data.streaming import read
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
        with pytest.raises(Refused, match=r"^top_k: no such field; allowed is "):
            reader.read(content)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("token_classification", {"tokens": 7}, "tokens: Input should be a valid list, not 7"),
        ("token_classification", {"tokens": " "}, "the example has no tokens"),
        ("token_classification", {"tokens": ["EU", 3]}, "tokens.1: Input should be a valid string, not 3"),
        ("token_classification", {"tokens": ["EU", ""]}, "the example has an empty entry in tokens"),
        ("token_classification", {"tokens": []}, "the example has no tokens"),
        ("token_classification", {"text": " "}, "the example has no text"),
        ("token_classification", {"text": ["EU"]}, "text: Input should be a valid string, not ['EU']"),
        ("token_classification", {},
         "the example has no tokens; give tokens (words), or else text (as it was written)"),
        ("token_classification", {"examples": [{"tokens": ["EU"], "text": "EU"}]},
         "examples.0 has tokens and text; give tokens (words), or else text (as it was written)"),
        ("token_classification", {"words": ["EU"]}, "words: no such field; allowed is tokens, text"),
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


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"text": "In Paris, again."}, ["In", "Paris", ",", "again", "."]),
        ({"tokens": "In Paris, again."}, ["In", "Paris,", "again."]),
        ({"tokens": ["In Paris,", "again."]}, ["In Paris,", "again."]),
        ({"tokens": '["In Paris,", "again."]'}, ["In Paris,", "again."]),
    ],
)
def test_words_and_texts_to_tag_are_read_as_prediction_reads_them_from_a_file(tmp_path, given, words):
    (example,) = Reader(task("token_classification"), Limits()).read(body(given)).examples
    file = tmp_path / "asked.jsonl"
    file.write_text(json.dumps(given), encoding="utf-8")
    ((_, row),) = read(file, inputs=["texts"])
    predicted = Inputs(task("token_classification").inputs).example(row, "line 1")
    assert list(example["tokens"]) == list(predicted["tokens"]) == words
    assert type(example["tokens"]) is type(predicted["tokens"])


def test_the_schema_of_words_takes_a_text_in_their_place():
    schema = Reader(task("token_classification"), Limits()).one.model_json_schema()
    assert [each["type"] for each in schema["properties"]["tokens"]["anyOf"]] == ["array", "string"]
    assert schema["properties"]["text"]["type"] == "string"
    assert "required" not in schema


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("classification", b'{"text": "a", "text": "b"}', "text stands there twice"),
        ("classification", b'{"examples": [{"text": "a"}, {"text": "b", "text": "b"}]}',
         "examples.1.text stands there twice"),
        ("classification", b'{"text": "a", "top_k": 1, "top_k": 2}', "top_k stands there twice"),
        ("dialogue", b'{"history": [{"role": "user", "role": "assistant", "content": "Hi."}]}',
         "history.0.role stands there twice"),
        ("classification", b'{"text": "a", "\\u001b": 1, "\\u001b": 2}', "'\\x1b' stands there twice"),
    ],
)  # fmt: skip
def test_a_key_that_stands_twice_is_told(name, content, reason):
    with pytest.raises(Refused) as told:
        Reader(task(name), Limits()).read(content)
    assert (told.value.status, told.value.reason) == (422, reason)


@pytest.mark.parametrize(
    ("given", "shown"), [("1.5", "1.5"), ("true", "True"), ("[1]", "[1]"), ('"some"', "some"), ("-1", "-1")]
)
def test_numbers_of_labels_that_are_none_are_told_what_is_allowed(given, shown):
    with pytest.raises(Refused) as told:
        Reader(task("classification"), Limits()).read(b'{"text": "a", "top_k": ' + given.encode() + b"}")
    assert told.value.reason == f"top_k={shown}: allowed is a whole number from 1 up, or all"


def test_a_number_of_labels_without_an_end_is_told_in_short():
    with pytest.raises(Refused, match=r"^top_k=x+: allowed is a whole number from 1 up, or all$") as told:
        Reader(task("classification"), Limits()).read(body({"text": "a", "top_k": "x" * 100_000}))
    assert len(told.value.reason) < 200
