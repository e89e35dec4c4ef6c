"""Chats as people keep them: messages of tools, content in parts, and keys whose values are unlike."""

import json
import re

import pytest
from datasets import Dataset

from distill.data import files, sources
from distill.data.columns import Rules, take
from distill.data.formats import Options
from distill.errors import DataError

ASKED = {"role": "user", "content": "What time is it?"}
TOLD = {"role": "assistant", "content": "Ten."}
MESSAGES = "messages holds messages: what they say are the turns, without what the system says"
TOOLS = "messages of tools, and calls of these, in messages are no turns: they are left out"


def chats(tmp_path, *rows, drop_bad=False):
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows), encoding="utf-8")
    found = files.read(file, options=Options(chats=True))
    rules = Rules(drop_bad=drop_bad)
    return take(found, {"turns": "turns"}, {"turns": "messages"}, "here", rules, found.problems, found.absent)


@pytest.mark.parametrize(
    "between",
    [
        [{"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]}, {"role": "tool", "content": "42"}],
        [{"role": "assistant", "content": "", "function_call": {"name": "f"}}, {"role": "function", "content": "42"}],
        [{"role": "assistant", "content": "<tool_call>f</tool_call>"}, {"role": "tool", "content": "42"}],
        [{"from": "function_call", "value": "{}"}, {"from": "observation", "value": "42"}],
        [
            {"role": "assistant", "content": [{"type": "tool_use"}]},
            {"role": "user", "content": [{"type": "tool_result"}]},
        ],
    ],
)
def test_what_tools_are_asked_and_give_back_is_no_turn(tmp_path, between):
    taken = chats(tmp_path, [ASKED, *between, TOLD])
    assert taken.splits["train"]["turns"][:] == [["What time is it?", "Ten."]]
    assert taken.notes == [MESSAGES, TOOLS]


def test_what_is_said_before_a_tool_is_called_stays_a_turn(tmp_path):
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]}
    taken = chats(tmp_path, [ASKED, {**TOLD, "content": "I look."}, call, {"role": "tool", "content": "42"}, TOLD])
    assert taken.splits["train"]["turns"][:] == [["What time is it?", "I look.", "Ten."]]


def test_tools_are_found_in_cells_and_in_columns_of_messages():
    chat = [ASKED, {"role": "tool", "content": "42"}, TOLD]
    by_keys = {"role": [each["role"] for each in chat], "content": [each["content"] for each in chat]}
    for cell in (json.dumps(chat), by_keys, chat):
        taken = take({"train": Dataset.from_dict({"messages": [cell]})}, {"turns": "turns"}, {}, "here")
        assert taken.splits["train"]["turns"][:] == [["What time is it?", "Ten."]]
        assert taken.notes[1:] == [MESSAGES, TOOLS]


def test_calls_that_a_table_fills_with_nothing_are_none():
    rows = [[ASKED, {**TOLD, "tool_calls": None}], [ASKED, {**TOLD, "tool_calls": {"id": None, "name": ""}}]]
    taken = take({"train": Dataset.from_dict({"messages": rows})}, {"turns": "turns"}, {}, "here")
    assert taken.splits["train"]["turns"][:] == [["What time is it?", "Ten."]] * 2


def test_content_may_be_a_text_here_and_parts_there(tmp_path):
    parts = {"role": "user", "content": [{"type": "text", "text": "What time"}, {"type": "text", "text": "is it?"}]}
    taken = chats(tmp_path, [ASKED, TOLD], [parts, TOLD])
    assert taken.splits["train"]["turns"][:] == [["What time is it?", "Ten."], ["What time\nis it?", "Ten."]]


def test_other_keys_of_messages_may_hold_anything(tmp_path):
    rows = [[{**ASKED, "note": note}, TOLD] for note in ("a", 1, {"b": 2})]
    assert len(chats(tmp_path, *rows).splits["train"]) == 3


def test_a_dialogue_about_a_picture_is_left_out_or_refused(tmp_path):
    seen = {
        "role": "user",
        "content": [{"type": "text", "text": "Who?"}, {"type": "image_url", "image_url": {"url": "x"}}],
    }
    reason = (
        "row 2 of train in here has a message without text, or with parts that are none, in messages; "
        "data.on_bad=drop leaves it out"
    )
    with pytest.raises(DataError, match=f"^{re.escape(reason)}$"):
        chats(tmp_path, [ASKED, TOLD], [seen, TOLD])
    assert len(chats(tmp_path, [ASKED, TOLD], [seen, TOLD], drop_bad=True).splits["train"]) == 1


HELD_BACK = [{"weight": 0}, {"weight": 0.0}, {"train": False}, {"training": False}, {"loss": False}]


@pytest.mark.parametrize("said", HELD_BACK)
def test_a_reply_of_weight_0_is_history_alone(tmp_path, said):
    chat = [ASKED, {**TOLD, **said}, ASKED, {**TOLD, "content": "Eleven.", "weight": 1}]
    train = chats(tmp_path, chat, [ASKED, {**TOLD, "train": True}]).splits["train"]
    assert train["turns"][:] == [
        ["What time is it?", "Ten.", "What time is it?", "Eleven."],
        ["What time is it?", "Ten."],
    ]
    assert train["learnt"][:] == [[3], [1]]


@pytest.mark.parametrize("said", HELD_BACK)
def test_a_weight_of_0_counts_in_cells_in_columns_of_messages_and_in_parquet(tmp_path, said):
    chat = [{**ASKED, **dict.fromkeys(said)}, {**TOLD, **said}, {**TOLD, **dict.fromkeys(said)}]
    by_keys = {key: [each[key] for each in chat] for key in chat[0]}
    for cell in (json.dumps(chat), by_keys, chat):
        taken = take({"train": Dataset.from_dict({"messages": [cell]})}, {"turns": "turns"}, {}, "here")
        assert taken.splits["train"]["learnt"][:] == [[2]]


def test_what_users_say_is_no_reply_and_what_people_say_to_each_other_is():
    def learnt(*speakers):
        chat = [{"from": speaker, "value": "Ten."} for speaker in speakers]
        taken = take({"train": Dataset.from_dict({"conversations": [chat]})}, {"turns": "turns"}, {}, "here")
        return taken.splits["train"]["learnt"][0]

    assert learnt("human", "gpt", "human", "gpt") == [1, 3]
    assert learnt("user", "user", "Assistant", "assistant") == [2, 3]
    assert learnt("gpt", "human", "critic", "gpt") == [3]
    assert learnt("user", "agent", "user") == [1]
    assert learnt("Anna", "Ben", "Anna") == [1, 2]


def test_a_list_of_texts_says_nothing_of_what_is_learnt(tmp_path):
    rows = Dataset.from_dict({"turns": [["What time is it?", "Ten."]]})
    assert take({"train": rows}, {"turns": "turns"}, {}, "here").splits["train"].column_names == ["turns"]


def test_chats_without_replies_to_learn_are_histories_alone(tmp_path):
    file = tmp_path / "more.jsonl"
    file.write_text(json.dumps({"messages": [ASKED, TOLD, ASKED]}) + "\n", encoding="utf-8")
    rows, *_ = sources.unlabelled(str(file), {"history": "turns"}, {"history": "messages"}, Rules())
    assert rows[:] == {"history": [["What time is it?", "Ten.", "What time is it?"]]}
