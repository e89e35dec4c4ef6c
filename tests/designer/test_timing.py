"""What is timed, how often, and what is given up early."""

import pytest
import torch
from transformers import BertConfig

from distill.designer import timing
from distill.designer.timing import Text, measure
from distill.inference.torch_runtime import TorchRuntime
from distill.models import from_scratch
from distill.models.tokenizer_training import train
from distill.tasks import task

TOKENIZER = train("encoder", ["a good film", "a bad film"], vocab_size=100, max_length=32)


def bert(layers, width=8):
    return BertConfig(
        vocab_size=len(TOKENIZER), num_hidden_layers=layers, hidden_size=width, num_attention_heads=1,
        intermediate_size=8, max_position_embeddings=32, pad_token_id=TOKENIZER.pad_token_id,
    )  # fmt: skip


MODELS = {"small": bert(1), "middle": bert(2), "large": bert(3), "teacher": bert(4)}


@pytest.fixture
def clock(monkeypatch):
    """Tell the time by heart: milliseconds by name; every model answers once. Returns what was timed, how often."""
    seen = []

    def install(**milliseconds):
        def interleaved(calls, samples):
            seen.append((list(calls), samples))
            for call in calls.values():
                call(0)
            return {name: {"p50": milliseconds[name], "p90": 2 * milliseconds[name]} for name in calls}

        monkeypatch.setattr(timing, "interleaved", interleaved)
        return seen

    return install


def test_all_models_take_turns_after_a_glance_at_each(clock):
    seen = clock(small=1.0, middle=2.0, large=3.0, teacher=4.0)
    timed = measure(task("classification"), TOKENIZER, MODELS, Text(8, 1, 0), always="teacher")
    assert seen == [*(([name], 5) for name in MODELS), (list(MODELS), 100)]
    assert timed.latency["large"] == {"p50": 3.0, "p90": 6.0}
    assert timed.samples == 100
    assert timed.attention > 0


@pytest.mark.parametrize(("each", "samples"), [(150, 75), (1000, 15)])
def test_slow_models_are_timed_fewer_times(clock, each, samples):
    clock(**dict.fromkeys(MODELS, each))
    timed = measure(task("classification"), TOKENIZER, MODELS, Text(8, 1, 0))
    assert timed.samples == samples


def test_what_is_twice_the_limit_gets_no_second_look_but_for_the_teacher(clock):
    seen = clock(small=4.0, middle=9.0, large=11.0, teacher=50.0)
    timed = measure(task("classification"), TOKENIZER, MODELS, Text(8, 1, 0), limit=5.0, always="teacher")
    assert seen[-1][0] == ["small", "middle", "teacher"]
    assert set(timed.latency) == {"small", "middle", "teacher"}


def test_what_is_sure_to_take_longer_than_the_hopeless_is_not_even_built(clock):
    seen = clock(small=4.0, middle=11.0, large=12.0, teacher=50.0)
    order = list(MODELS)
    measure(
        task("classification"), TOKENIZER, MODELS, Text(8, 1, 0), limit=5.0, always="teacher",
        slower=lambda one, other: order.index(one) > order.index(other),
    )  # fmt: skip
    assert [names for names, _ in seen] == [["small"], ["middle"], ["teacher"], ["small", "teacher"]]


def test_the_first_model_is_timed_even_where_it_is_hopeless(clock):
    clock(small=40.0, middle=90.0, large=110.0, teacher=500.0)
    timed = measure(task("classification"), TOKENIZER, MODELS, Text(8, 1, 0), limit=5.0, always="teacher")
    assert set(timed.latency) == {"small", "teacher"}


def test_models_read_so_many_plain_tokens_on_so_many_threads(monkeypatch):
    read = []

    def logits(runtime, batch):
        read.append((batch, torch.get_num_threads(), runtime.model.training))

    monkeypatch.setattr(TorchRuntime, "logits", logits)
    before = torch.get_num_threads()
    measure(task("classification"), TOKENIZER, {"small": bert(1)}, Text(9, 2, 0))
    assert torch.get_num_threads() == before
    batch, threads, training = read[-1]
    assert (threads, training) == (2, False)
    assert {name: tuple(tensor.shape) for name, tensor in batch.items()} == dict.fromkeys(
        ("input_ids", "attention_mask", "token_type_ids"), (1, 9)
    )
    assert not set(batch["input_ids"][0].tolist()) & set(TOKENIZER.all_special_ids)
    assert batch["attention_mask"].min() == 1


@pytest.mark.parametrize("name", ["translation", "dialogue"])
def test_what_writes_is_timed_writing_so_many_tokens_with_so_many_beams(name, monkeypatch):
    family = task(name).family
    tokenizer = train(family, ["a good film"], vocab_size=300, max_length=32)
    size = from_scratch.Size(layers=1, hidden_size=8, heads=1, intermediate_size=8)
    model = from_scratch.config(family, tokenizer, size, max_length=32, dropout=0.0)
    lengths, beams, generate = [], [], TorchRuntime.generate

    def kept(*given):
        lengths.append(len(generate(*given)[0]))
        beams.append(given[2]["num_beams"])

    monkeypatch.setattr(TorchRuntime, "generate", kept)
    monkeypatch.setattr(timing, "_MOST", 15)
    measure(task(name), tokenizer, {"small": model}, Text(9, 1, 6, beams=2))
    assert (set(lengths), set(beams)) == ({6}, {2})
