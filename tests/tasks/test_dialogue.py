import pytest
import torch
from datasets import Dataset

from distill.inference.generation import write
from distill.models import from_scratch, loading
from distill.models.forward import outputs
from distill.tasks import EncodingSpec, Options, task

TASK = task("dialogue")
FORM = EncodingSpec(max_length=40, max_target_length=12)
ROWS = {
    "history": [["who built the tower ?"], ["when ?", "in 1889", "a committee in Berlin rejected the proposal " * 4]],
    "reply": ["engineers", "nobody knows that"],
    "key": [1, 2],
}


@pytest.fixture(scope="module")
def model(bytelevel):
    torch.manual_seed(1)
    size = from_scratch.Size(layers=2, hidden_size=16, heads=2, intermediate_size=32)
    made = from_scratch.config("decoder", bytelevel, size, max_length=40, dropout=0.0)
    return loading.from_config(made, TASK.head).eval()


def plain(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_every_turn_but_the_first_is_a_reply_to_all_before_it():
    rows = Dataset.from_dict({"turns": [["a", "b", "c"], ["d", "e"]]})
    made = TASK.expand(TASK.read({"train": rows}, Options({})).splits["train"])
    assert made["reply"][:] == ["b", "c", "e"]
    assert made["history"][:] == [["a"], ["a", "b"], ["d"]]


def test_of_a_chat_the_turns_that_are_learnt_are_examples_and_it_is_said_how_many():
    rows = Dataset.from_dict(
        {"turns": [["a", "b", "c", "d"], ["e", "f"], ["g", "h", "i"]], "learnt": [[1, 3], [], None], "part": [1, 2, 3]}
    )
    read = TASK.read({"train": rows}, Options({}))
    made = TASK.expand(read.splits["train"])
    assert made[:] == {"history": [["a"], ["a", "b", "c"], ["g"], ["g", "h"]], "reply": ["b", "d", "h", "i"]}
    assert read.notes == (
        "4 of 6 turns of train that answer others are replies to learn: what users say, and what has weight 0, is "
        "history alone; 1 of 3 dialogues have no reply, and are left out",
    )


def test_nothing_is_said_where_every_turn_that_answers_is_learnt():
    rows = Dataset.from_dict({"turns": [["a", "b"], ["c", "d", "e"]], "learnt": [[1], [1, 2]]})
    assert TASK.read({"train": rows}, Options({})).notes == ()


def test_a_split_without_any_reply_to_learn_is_refused(refused):
    rows = Dataset.from_dict({"turns": [["a", "b"], ["c", "d"]], "learnt": [[], []]})
    with refused("no turn of train is a reply to learn: what users say, what has weight 0, and the first turn are not"):
        TASK.read({"train": rows}, Options({}))


@pytest.mark.parametrize("turns", [["a"], []])
def test_a_reply_without_history_is_refused(refused, turns):
    rows = Dataset.from_dict({"turns": [["a", "b"], turns]})
    with refused(
        "row 2 of test has a reply without history: a dialogue has two turns or more; data.on_bad=drop leaves it out"
    ):
        TASK.read({"test": rows}, Options({}))


def test_each_token_of_the_reply_is_a_row_at_the_position_before_it(bytelevel):
    features, end = TASK.encode(ROWS, bytelevel, FORM), bytelevel.eos_token_id
    for ids, places, targets, reply in zip(
        features["input_ids"], features["positions"], features["targets"], ROWS["reply"], strict=True
    ):
        assert targets == [*plain(bytelevel, reply), end]
        assert len(ids) <= FORM.max_length
        assert [[*ids, end][place + 1] for place in places] == targets
        assert ids[places[0]] == end  # the last turn of the history is over


def test_the_prompt_is_exactly_what_comes_before_the_reply(bytelevel):
    features, prompt = TASK.encode(ROWS, bytelevel, FORM), TASK.prompt(ROWS, bytelevel, FORM)
    for ids, before, places in zip(features["input_ids"], prompt["input_ids"], features["positions"], strict=True):
        assert before == ids[: places[0] + 1]
    assert prompt["count"] == [0, 0]


def test_a_history_that_is_too_long_loses_its_oldest_tokens(bytelevel):
    whole = [token for turn in ROWS["history"][1] for token in (*plain(bytelevel, turn), bytelevel.eos_token_id)]
    (_, kept) = TASK.prompt(ROWS, bytelevel, FORM)["input_ids"]
    assert kept == whole[-28:]


def test_a_reply_that_is_cut_does_not_teach_to_stop_there(bytelevel):
    whole = plain(bytelevel, ROWS["reply"][1])
    for room in (2, len(whole)):
        (_, targets) = TASK.encode(ROWS, bytelevel, EncodingSpec(max_length=60, max_target_length=room))["targets"]
        assert targets == whole[:room]
    (_, targets) = TASK.encode(ROWS, bytelevel, EncodingSpec(max_length=60, max_target_length=len(whole) + 1))[
        "targets"
    ]
    assert targets == [*whole, bytelevel.eos_token_id]


def test_the_rows_are_what_the_decoder_says_alone_after_each_prefix(model, bytelevel, batch):
    features = TASK.encode(ROWS, bytelevel, FORM)
    asked = batch(features, bytelevel.pad_token_id)
    with torch.no_grad():
        found, labels = TASK.align(outputs(model, asked).logits, asked, FORM)
        wanted = [
            model(input_ids=torch.tensor([ids[: place + 1]])).logits[0, -1]
            for ids, places in zip(features["input_ids"], features["positions"], strict=True)
            for place in places
        ]
    assert torch.allclose(found, torch.stack(wanted), atol=1e-5)
    assert labels.tolist() == [token for targets in features["targets"] for token in targets]


def test_a_batch_filled_up_in_front_writes_what_each_history_gets_alone(model, bytelevel, batch):
    settings = {"num_beams": 1, "max_new_tokens": 12}
    prompt = TASK.prompt(ROWS, bytelevel, FORM)
    together = write(model, batch(prompt, bytelevel.pad_token_id, "left"), settings)
    assert len({len(ids) for ids in prompt["input_ids"]}) == 2
    for number, ids in enumerate(together):
        alone = {name: [values[number]] for name, values in prompt.items()}
        (wanted,) = write(model, batch(alone, bytelevel.pad_token_id, "left"), settings)
        assert ids.tolist() == wanted.tolist()
        assert 0 < len(ids) <= 12


def test_what_is_written_is_text_without_special_tokens(bytelevel):
    ids = torch.tensor([*plain(bytelevel, " nobody knows "), bytelevel.eos_token_id]).unsqueeze(-1).numpy()
    assert TASK.decode([ids, ids[-1:]], {}, bytelevel, FORM) == [{"reply": "nobody knows"}, {"reply": ""}]


def test_histories_are_grouped_by_their_turns():
    rows = {"history": [["a"], ["a"] * 2, ["a"] * 3, ["a"] * 8]}
    groups = ["1 to 2 turns before", "1 to 2 turns before", "3 to 4 turns before", "8 turns before and more"]
    assert TASK.groups(rows) == groups
