"""A training ends at the same weights however many ranks it has, sharded or not, cut or not, interrupted or not."""

from functools import partial

import pytest
import two_ranks
from any_devices import Way, apart, of_gpt2, of_lstm, of_static, train
from small_training import InValidation, Table

from distill.base import signals
from distill.models.adapt import Adaptation
from distill.models.adapters import Lora
from distill.training.trainer import resumed_step

pytestmark = pytest.mark.long

CLOSE = 1e-13
CUT = 5
"""Micro-batches after which a training is killed: in its second epoch, one step after a checkpoint."""
WAYS = {
    "ddp": Way(2, "ddp"),
    "ddp, accumulated": Way(2, "ddp", accumulate=2),
    "fsdp": Way(2, "fsdp"),
    "fsdp, accumulated": Way(2, "fsdp", accumulate=2),
    "fsdp, early stopping": Way(2, "fsdp", patience=1),
    "fsdp, adapters": Way(2, "fsdp", adaptation=Adaptation(method="lora", lora=Lora(rank=2, alpha=4))),
    "fsdp, virtual tokens": Way(2, "fsdp", adaptation=Adaptation(method="prefix", virtual_tokens=3)),
    "fsdp, gradual unfreezing": Way(2, "fsdp", adaptation=Adaptation(gradual_unfreezing=True, layer_decay=0.5)),
}
STUDENTS = {"gpt2": of_gpt2, "lstm": of_lstm, "static": of_static}
RESUMED = Way(2, "fsdp", optimizer="adamw")


def of_two(folder, rank):
    """What each way of two ranks ends with, those that go on from one process, and those that were killed."""
    ended = {name: train(folder / name, way, rank) for name, way in WAYS.items()}
    for name, made in STUDENTS.items():
        ended[name] = train(folder / name, Way(2, "fsdp"), rank, made=made)
    ended["from one"] = train(folder / "from one", RESUMED, rank)
    ended["cut and resumed"] = train(folder / "resumed", RESUMED, rank, kill=CUT)
    ended["cut and resumed"] = train(folder / "resumed", RESUMED, rank)
    for name in ("to one", "to three"):
        train(folder / name, RESUMED, rank, kill=CUT)
    return ended


def of_three(folder, rank):
    """What three ranks end with, for which a head of two classes has too few rows."""
    three = Way(3, "fsdp", optimizer="adamw")
    return {"from two": train(folder / "to three", three, rank), "uncut": train(folder / "three", three, rank)}


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """The end of each training by its name, of every rank that took part, and of one process."""
    folder = tmp_path_factory.mktemp("devices")
    alone = Way(optimizer="adamw")
    one = {name: train(folder / f"{name}, alone", _alone(way)) for name, way in WAYS.items()}
    one |= {name: train(folder / f"{name}, alone", Way(), made=made) for name, made in STUDENTS.items()}
    one["adamw"] = train(folder / "adamw, alone", alone)
    train(folder / "from one", alone, kill=CUT)
    ranks = two_ranks.said(partial(of_two, folder), two_ranks.free_port())
    more = two_ranks.said(partial(of_three, folder), two_ranks.free_port(), ranks=3)
    one["to one"] = train(folder / "to one", alone)
    return one, ranks, more


def _alone(way):
    return Way(patience=way.patience, adaptation=way.adaptation)


def same(found, expected, close=CLOSE):
    """Whether two trainings ended alike: weights, steps, examples seen, and every loss and score on the way."""
    assert apart(found[0], expected[0]) < close
    assert found[1:3] == expected[1:3]


@pytest.mark.parametrize("name", [*WAYS, *STUDENTS])
def test_two_ranks_end_where_one_process_does(name, ends):
    one, ranks, _ = ends
    for rank in ranks:
        same(rank[name], one[name])
    if "accumulated" not in name:  # each micro-batch logs its own value
        curves, expected = ranks[0][name][3], one[name][3]
        losses = [each for each in expected if each[1].startswith(("train/", "validation/")) and "share" not in each[1]]
        assert len(losses) > 6
        assert curves.keys() == expected.keys()
        assert max(abs(curves[each] - expected[each]) for each in losses) < CLOSE


def test_a_training_goes_on_with_another_number_of_ranks(ends):
    one, ranks, three = ends
    whole = free_of_chance(one["adamw"])
    found = [each[name] for each in ranks for name in ("from one", "cut and resumed")]
    found += [one["to one"], *(each[name] for each in three for name in ("from two", "uncut"))]
    for each in found:
        same(free_of_chance(each), whole, 1e-9)


def free_of_chance(end):
    """A training without the biases of keys: their gradient is rounding alone, of which AdamW makes whole steps."""
    return {name: each for name, each in end[0].items() if "key.bias" not in name}, *end[1:3]


def test_sharded_ranks_resume_bit_for_bit(tmp_path, free_port):
    first, second = two_ranks.said(partial(of_chance, tmp_path), free_port)
    assert first == second
    assert first[0] == first[1]


def of_chance(folder, rank):
    """The digests of the weights of a training with dropout, uncut and cut; of every rank."""
    way = Way(2, "fsdp", optimizer="adamw", dropout=0.1)
    uncut = train(folder / "uncut", way, rank)
    train(folder / "cut", way, rank, kill=CUT)
    resumed = train(folder / "cut", way, rank)
    return [b"".join(weight.tobytes() for weight in end[0].values()) for end in (uncut, resumed)]


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_a_signal_to_one_rank_within_a_validation_ends_both_there(strategy, tmp_path, free_port):
    """Of 17 texts the first rank has one more, which is no batch of its own: the second one would not ask along."""
    first, second = two_ranks.said(partial(of_interrupted, tmp_path, strategy), free_port)
    assert first[:2] == second[:2]
    assert first[0] == first[1]
    assert first[2] == 4, "the last step before the validation"


def of_interrupted(folder, strategy, rank):
    """The digests of a training that is not cut, and of one that is in a validation; the step it went on at."""
    way, table = Way(2, strategy, optimizer="adamw", dropout=0.1), Table(17)
    uncut = train(folder / "uncut", way, rank, table=table)
    more = [InValidation(2, batch=0)] if rank else []
    with pytest.raises(signals.Interrupted), signals.heeded():
        train(folder / "cut", way, rank, table=table, more=more)
    step = resumed_step(folder / "cut" / "resume")
    resumed = train(folder / "cut", way, rank, table=table)
    return [*(b"".join(weight.tobytes() for weight in end[0].values()) for end in (uncut, resumed)), step]


def test_mixed_precision_learns_alike_sharded_or_not(tmp_path, free_port):
    for ddp, fsdp in two_ranks.said(partial(of_mixed, tmp_path), free_port):
        assert {weight.dtype.name for weight in fsdp[0].values()} == {"float32"}
        assert apart(fsdp[0], ddp[0]) < 0.01
        losses = [each for each in ddp[3] if each[1].startswith("train/") and "share" not in each[1]]
        assert max((abs(fsdp[3][each] - ddp[3][each]) for each in losses), default=0.0) < 0.05


def of_mixed(folder, rank):
    """What two ranks end with in bf16 beside weights of 32 bits, with copies and shared out."""
    return [train(folder / name, Way(2, name, precision="bf16-mixed"), rank, epochs=1) for name in ("ddp", "fsdp")]
