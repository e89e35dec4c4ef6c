"""A dialogue in columns of prompt and reply, and an answer with its place in a column of its own."""

import json
import re

import pytest
from datasets import Dataset

from distill.data.columns import Rules, take
from distill.errors import DataError

TURNS = {"turns": "turns"}
ANSWERS = {"context": "text", "question": "text", "label": "answers"}
CONTEXT = {"context": ["He left Rome."] * 2, "question": ["Where was he?"] * 2}
ASKED, TOLD = {"role": "user", "content": "Who is there?"}, {"role": "assistant", "content": "Me."}


def table(**columns):
    return Dataset.from_dict(columns)


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize(
    "names",
    [
        ("instruction", "output"), ("Instruction", "Response"), ("prompt", "response"), ("prompt", "completion"),
        ("question", "answer"), ("input", "output"), ("inputs", "targets"), ("Context", "Response"),
    ],
)  # fmt: skip
def test_a_prompt_and_a_reply_in_columns_of_usual_names_are_a_dialogue(names):
    rows = table(id=[1], **{names[0]: ["Who is there?"], names[1]: ["Me."]})
    taken = take({"train": rows, "test": rows}, TURNS, {}, "here")
    assert taken.splits["train"][:] == taken.splits["test"][:] == {"turns": [["Who is there?", "Me."]]}
    assert taken.notes == [
        f"no column of here is the turns; {', '.join(names)} together are taken as it, the last as the reply"
    ]
    assert taken.columns == {"turns": "+".join(names)}


@pytest.mark.parametrize("names", [("instruction", "input", "output"), ("instruction", "context", "response")])
def test_an_instruction_and_its_input_are_lines_of_one_turn(names):
    first, second, last = names
    rows = table(**{first: ["Sort.", "Say hello."], second: ["[2, 1]", ""], last: ["[1, 2]", "Hello."]})
    taken = take({"train": rows}, TURNS, {}, "here")
    assert taken.splits["train"]["turns"][:] == [["Sort.\n[2, 1]", "[1, 2]"], ["Say hello.", "Hello."]]


@pytest.mark.parametrize("history", [["Hello.", "Hi."], [["Hello.", "Hi."]], json.dumps(["Hello.", "Hi."])])
def test_a_history_is_turns_before_the_prompt_where_it_is_named(history):
    rows = table(history=[history], prompt=["Who is there?"], response=["Me."])
    taken = take({"train": rows}, TURNS, {"turns": "history+prompt+response"}, "here", Rules(exact=["turns"]))
    assert taken.splits["train"]["turns"][:] == [["Hello.", "Hi.", "Who is there?", "Me."]]


@pytest.mark.parametrize(
    ("prompt", "completion"),
    [([ASKED], [TOLD]), ([ASKED], "Me."), ("Who is there?", [TOLD]), ([ASKED, TOLD, ASKED], "Me.")],
)
def test_a_prompt_and_a_completion_may_be_messages(prompt, completion):
    taken = take({"train": table(prompt=[prompt], completion=[completion])}, TURNS, {}, "here").splits["train"]
    assert taken["turns"][0][-2:] == ["Who is there?", "Me."]
    assert taken["learnt"][0][-1] == len(taken["turns"][0]) - 1


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"question": ["Where?"], "answer": ["Rome."], "context": ["He left Rome."]}, "it lacks the context"),
        ({"prompt": ["Who?"], "response": ["Me."], "completion": ["You."]}, "either may be the reply"),
        ({"prompt": [1.5], "response": ["Me."]}, "a number is no turn"),
    ],
)
def test_columns_that_may_be_no_dialogue_are_refused_with_the_way_to_join_them(columns, why):
    with refused(
        f"here has no column turns; it has {', '.join(columns)}: say which one is the turns with "
        "data.columns.turns=NAME; where one column holds the reply and another what it answers, both are "
        "data.columns.turns=ONE+OTHER"
    ):
        take({"train": table(**columns)}, TURNS, {}, "here")


def test_a_column_of_whole_dialogues_goes_before_a_prompt_and_a_reply():
    rows = table(prompt=["Who is there?"], response=["Me."], messages=[[ASKED, TOLD, ASKED, TOLD]])
    assert take({"train": rows}, TURNS, {}, "here").columns == {"turns": "messages"}


def test_a_part_of_a_dialogue_that_is_no_text_is_refused_with_its_row():
    rows = table(prompt=[{"a": 1}], response=["Me."])
    with refused(
        "row 1 of train in here: prompt, response cannot be one: {'a': 1} is neither a text nor a list of turns"
    ):
        take({"train": rows}, TURNS, {"turns": "prompt+response"}, "here")


@pytest.mark.parametrize(
    "text", ["\n\nHuman: Who is there?\n\nAssistant: Me.", "### Human: Who is there?### Assistant: Me."]
)
def test_a_chat_in_one_text_is_its_messages(text):
    taken = take({"train": table(id=[1], chosen=[text])}, TURNS, {}, "here").splits["train"]
    assert taken[:] == {"turns": [["Who is there?", "Me."]], "learnt": [[1]]}


def test_turns_within_objects_are_named_where_the_objects_are_no_turns():
    rows = table(turns=[{"id": ["0", "1"], "utterance": ["Who is there?", "Me."]}])
    said = (
        "the column turns of here cannot be the turns: it holds objects (row 1 of train: {'id': ['0', '1'], "
        "'utterance': ['Who is there?', 'Me.']}); a list of texts, or of messages with role and content or from and "
        "value, is expected"
    )
    with refused(f"{said}: data.columns.turns=turns.utterance is one"):
        take({"train": rows}, TURNS, {}, "here")
    named = take({"train": rows}, TURNS, {"turns": "turns.utterance"}, "here")
    assert named.splits["train"]["turns"][:] == [["Who is there?", "Me."]]


@pytest.mark.parametrize(
    "names", [("answer_text", "answer_start"), ("answer", "answer_start"), ("answers", "answer_start")]
)
@pytest.mark.parametrize("cells", [(["Rome"] * 2, [8, 8]), (["Rome"] * 2, ["8", "8"]), ([["Rome"]] * 2, [[8]] * 2)])
def test_an_answer_and_its_place_in_columns_of_usual_names_are_answers(names, cells):
    rows = table(**CONTEXT, **dict(zip(names, cells, strict=True)))
    taken = take({"train": rows}, ANSWERS, {"label": "answers"}, "here")
    assert taken.splits["train"]["label"][:] == [{"text": ["Rome"], "answer_start": [8]}] * 2
    assert taken.notes == [f"no column of here is the label; {', '.join(names)} together are taken as it"]


def test_an_empty_answer_is_none_and_one_that_is_missing_cannot_be_used():
    rows = table(**CONTEXT, said=["", None], place=[None, 8])
    named = {"label": "said+place"}
    with refused("row 2 of train in here has no said+place; data.on_bad=drop leaves it out"):
        take({"train": rows}, ANSWERS, named, "here")
    taken = take({"train": rows}, ANSWERS, named, "here", Rules(drop_bad=True))
    assert taken.splits["train"]["label"][:] == [{"text": [], "answer_start": []}]


def test_a_place_that_is_none_is_refused_with_its_row():
    rows = table(**CONTEXT, answer_text=["Rome"] * 2, answer_start=["8", "eight"])
    said = "row 2 of train in here: answer_text, answer_start cannot be one"
    with refused(f"{said}: 'eight' is no place of an answer, a whole number"):
        take({"train": rows}, ANSWERS, {}, "here")


def test_answers_in_one_text_are_refused_with_the_way_to_join_them():
    with refused(
        "here has no column label; it has context, question, said, place: say which one is the label with "
        "data.columns.label=NAME; where one column holds the answer and another the place of its first character, both "
        "are data.columns.label=ONE+OTHER"
    ):
        take({"train": table(**CONTEXT, said=["Rome"] * 2, place=[8, 8])}, ANSWERS, {}, "here")
