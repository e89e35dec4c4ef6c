import json

import numpy as np
import pytest

from distill.data.cells import READERS, answers, label, labels, listed, score, tags, targets, turns
from distill.data.literals import literal

WORDS = ["a", "one  label", "it's"]
VECTOR = [1, 0, 1]


@pytest.mark.parametrize("write", [
    json.dumps, str, lambda words: str(tuple(words)), lambda words: str(np.array(words)),
    lambda words: repr(np.array(words, dtype=object)), lambda words: str([np.str_(word) for word in words]),
    lambda words: f"\n {words} ",
])  # fmt: skip
def test_a_list_in_a_cell_is_read_as_json_python_or_numpy_write_it(write):
    assert literal(write(WORDS)) == labels(write(WORDS)) == WORDS


@pytest.mark.parametrize("write", [
    json.dumps, str, lambda bits: str(np.array(bits)), lambda bits: str(np.array(bits, dtype=float)),
    lambda bits: str([float(bit) for bit in bits]), lambda bits: repr(np.array(bits)), lambda bits: "1 0 1",
    lambda bits: str([np.int64(bit) for bit in bits]),
])  # fmt: skip
def test_a_vector_in_a_cell_is_a_list_of_numbers(write):
    assert labels(write(VECTOR)) == VECTOR


def test_what_is_missing_among_labels_is_none():
    assert labels("['a', None, nan]") == ["a", None, None]
    assert labels(["a", None]) == ["a", None]
    assert labels(" ") is None


@pytest.mark.parametrize("cell", [
    "[x] or so", "(a)", "{0", "[", "", "['a'", "__import__('os')", "[__import__('os').getcwd()]", "[open('x')]",
    "[1 +" + " 1 +" * 9 + "]", "[" * 100_000 + "]" * 100_000, "[" + "-" * 50_000 + "1]", "{**a}", "[f'{a}']",
    "[" + "1" * 90_000 + "x]", "['" + "a" * 90_000 + "]", "[" + "1 " * 40_000 + "x]",
])  # fmt: skip
def test_a_text_that_is_no_list_is_none_and_nothing_of_it_is_run(cell):
    assert literal(cell) is None


def test_a_list_without_quotes_is_refused_for_labels():
    with pytest.raises(ValueError, match=r"^a list that is none of JSON, Python or NumPy$"):
        labels("[a, b]")


@pytest.mark.parametrize("cell", ["['neg']", '["neg"]', "('neg',)", "{'name': 'neg'}", '{"name": "neg"}', "['a' 'b']"])
def test_a_list_or_object_in_the_cell_of_one_label_is_no_name(cell):
    with pytest.raises(ValueError, match=r"^(lists|objects)$"):
        label(cell)


@pytest.mark.parametrize("text", ["01", "1.10", "2024-01-01", "true", "null", "nan", "[NEG]", "(e1,e2)", "{x}", "-"])
def test_a_label_that_is_a_text_stays_that_text(text):
    assert label(text) == text


def test_words_of_a_text_may_begin_with_brackets():
    assert listed("[not json] at all") == ["[not", "json]", "at", "all"]
    assert listed("[ 'EU' ]") == ["[", "'EU'", "]"]
    assert listed("['EU', 'rejects']") == ["EU", "rejects"]
    assert listed('["a b", "c"]') == ["a b", "c"]
    assert listed("one") == ["one"]
    assert listed([]) == listed("[]") == []


def test_a_text_is_one_turn_of_a_dialogue():
    assert turns("Who is there?") == ["Who is there?"]
    assert turns('["Hello.", "Who?"]') == turns(["Hello.", "Who?"]) == ["Hello.", "Who?"]
    assert turns('["Hello.", null]') == ["Hello.", None]


ASKED = {"role": "user", "content": "Who is there?"}


@pytest.mark.parametrize("chat", [
    [{"role": "system", "content": "Be kind."}, ASKED, {"role": "assistant", "content": "Me."}],
    [{"role": ["odd"], "content": "Who is there?"}, {"role": "assistant", "content": "Me."}],
    [{"from": "System", "value": "x"}, {"from": "human", "value": "Who is there?"}, {"from": "gpt", "value": "Me."}],
    [{**ASKED, "from": None, "value": None}, {"role": "assistant", "content": [{"type": "text", "text": "Me."}]}],
    {"role": ["user", "assistant"], "content": ["Who is there?", "Me."]},
])  # fmt: skip
@pytest.mark.parametrize("write", [lambda chat: chat, json.dumps, str])
def test_the_turns_of_a_chat_are_what_its_messages_say(chat, write):
    if isinstance(chat, list) or write(chat) is chat:
        assert turns(write(chat)) == ["Who is there?", "Me."]


@pytest.mark.parametrize("content", [None, [{"type": "image_url", "image_url": {"url": "x"}}]])
def test_a_message_without_text_is_an_empty_turn(content):
    assert turns([ASKED, {"role": "assistant", "content": content}]) == ["Who is there?", None]


@pytest.mark.parametrize(("value", "said"), [
    ([["Anna", "Hello."]], "lists of lists"), ([{"speaker": "Anna", "text": "Hello."}], "lists of objects"),
    ([ASKED, 3], "lists of objects"), ([1, 2], "lists of numbers"), (7, "numbers"), ({"a": "b"}, "objects"),
    ([{"role": "user", "content": 3}], "messages whose content is no text"), ("[[1]]", "lists of lists of numbers"),
])  # fmt: skip
def test_turns_of_other_forms_are_refused(value, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        turns(value)


def test_numbers_that_no_table_holds_are_texts():
    assert labels("[99999999999999999999, 1]") == ["99999999999999999999", 1]
    assert label(1e300) == "1e+300"
    assert label(float("inf")) == "inf"


def test_tags_may_be_numbers_and_whole_ones_have_no_decimals():
    assert tags([1.0, 0.0]) == tags("[1. 0.]") == tags([1, 0]) == [1, 0]
    assert tags("[O, B-PER]".replace(",", "")) == ["[O", "B-PER]"]
    assert tags("['O' 'B-PER']") == ["O", "B-PER"]


@pytest.mark.parametrize("value", [True, [1.0], {"a": 1}, "high", "3,5"])
def test_what_is_no_score_is_refused(value):
    with pytest.raises(ValueError, match=r"true and false|lists of numbers|objects|text that is no number"):
        score(value)


def test_answers_are_read_from_a_cell_as_pandas_writes_it():
    wanted = {"text": ["Rome"], "answer_start": [8]}
    cell = str({"text": np.array(["Rome"], dtype=object), "answer_start": np.array([8], dtype=np.int32)})
    assert answers(cell) == answers(str(wanted)) == answers(json.dumps(wanted)) == wanted


def test_targets_in_the_cells_of_a_table_are_lists_where_all_are():
    assert targets(['["a b", "c"]', None, "['d']"])
    assert not targets(['["a b", "c"]', "d"])
    assert not targets(["[1, 2]"])
    assert not targets([None])


@pytest.mark.parametrize("kind", READERS)
def test_every_reader_gives_what_is_as_it_should_be_without_a_copy_and_nothing_for_nothing(kind):
    good = {
        "text": "a b", "marked": "a b", "target": ["a b"], "texts": ["a", "b"], "turns": ["a", "b"], "tags": ["O", "X"],
        "label": "a", "labels": ["a", "b"], "score": 1.5, "answers": {"text": ["a"], "answer_start": [0]},
    }[kind]  # fmt: skip
    read, _ = READERS[kind]
    assert read(good) is good
    assert read(None) is None


@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_answer_says_that_there_is_none(blank):
    assert answers({"text": [blank], "answer_start": [0]}) == {"text": [], "answer_start": []}
    assert answers([{"text": "Rome", "answer_start": 7}, {"text": blank, "answer_start": -1}]) == {
        "text": ["Rome"],
        "answer_start": [7],
    }
