"""Answers on disk: ragged, keyed by example, read in any order, and refused where they are another's."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from distill.errors import StoreError
from distill.inference.output_parts import OutputWriter, remove_damaged, stored_places
from distill.inference.output_store import OutputStore

DRAW = torch.Generator().manual_seed(0)
KEYS = [int(key) * 10**15 for key in torch.randperm(40, generator=DRAW) - 20]
ROWS = {key: torch.randn(1 + number % 4, 3, generator=DRAW) for number, key in enumerate(KEYS)}
"""The truth: each example has one to four rows."""


def windows(key):
    """An example's features: windows that own two of its rows each, the last one what is left."""
    return [(key, first, min(2, len(ROWS[key]) - first)) for first in range(0, len(ROWS[key]), 2)]


FEATURES = [FEATURE for number in torch.randperm(40, generator=DRAW) for FEATURE in windows(KEYS[number])]


def places(features):
    return dict(zip(("key", "first", "count"), torch.tensor(features).T, strict=True))


def values(features):
    return torch.cat([ROWS[key][first : first + count] for key, first, count in features])


def batch(features):
    return places(features), {"values": values(features)}


def written(folder, *, features_per_part=5, ranks=2):
    for rank in range(ranks):
        writer = OutputWriter(folder, "teacher-a", rank, features_per_part)
        mine = FEATURES[rank::ranks]
        for start in range(0, len(mine), 5):
            writer.add(*batch(mine[start : start + 5]))
        writer.flush()
    return OutputStore(folder, "teacher-a")


def refused(message):
    return pytest.raises(StoreError, match=f"^{re.escape(message)}$")


def test_the_windows_of_a_feature_are_found_in_any_order_and_from_any_part(tmp_path):
    store = written(tmp_path)
    assert len(store) == sum(map(len, ROWS.values()))
    assert len(list(tmp_path.glob("part-*"))) > 4
    shuffled = [FEATURES[number] for number in torch.randperm(len(FEATURES), generator=DRAW)]
    assert torch.equal(store.rows(**places(shuffled))["values"], values(shuffled))
    twice = [FEATURES[7], FEATURES[3], FEATURES[7]]
    assert torch.equal(store(places(twice)).logits, values(twice))


def test_windows_may_be_asked_for_that_are_cut_otherwise_than_those_that_were_answered(tmp_path):
    key = next(key for key in KEYS if len(ROWS[key]) == 4)
    asked = [(key, 1, 3), (key, 0, 1), (key, 3, 1)]
    assert torch.equal(written(tmp_path).rows(**places(asked))["values"], values(asked))


def test_all_rows_of_an_example_come_together_in_their_order_whichever_rank_wrote_them(tmp_path):
    store = written(tmp_path)
    found = store.examples(torch.tensor(KEYS))
    assert [len(rows) for rows in found] == [len(ROWS[key]) for key in KEYS]
    assert all(torch.equal(rows, ROWS[key]) for rows, key in zip(found, KEYS, strict=True))


MISSING = [
    ("an unknown example", [(KEYS[0], 0, 1), (5, 0, 1)]),
    ("a key above all others", [(KEYS[0], 0, 1), (2**62, 0, 1)]),
    ("a row too many", [(KEYS[0], 0, 1), (KEYS[1], 0, len(ROWS[KEYS[1]]) + 1)]),
    ("a first row beyond the last", [(KEYS[0], 0, 1), (KEYS[1], len(ROWS[KEYS[1]]), 1)]),
]


@pytest.mark.parametrize(("case", "asked"), MISSING)
def test_rows_that_were_never_answered_are_refused_and_counted_by_example(tmp_path, case, asked):
    message = (
        f"{tmp_path} has no output for 1 of 2 examples: "
        "their text changed since the model saw it; run the stage that makes it again"
    )
    store = written(tmp_path)
    with refused(message):
        store.rows(**places(asked))


def test_an_example_that_was_never_answered_is_refused_where_all_its_rows_are_asked_for(tmp_path):
    store = written(tmp_path)
    with refused(
        f"{tmp_path} has no output for 1 of 2 examples: "
        "their text changed since the model saw it; run the stage that makes it again"
    ):
        store.examples(torch.tensor([KEYS[0], 5]))


def test_outputs_of_another_teacher_are_refused(tmp_path):
    written(tmp_path)
    message = f"{tmp_path / 'part-0-0.safetensors'} holds outputs of another teacher, tokenizer or length limit"
    with refused(message):
        OutputStore(tmp_path, "teacher-b")
    with refused(message):
        stored_places(tmp_path, "teacher-b")


def test_a_folder_without_outputs_is_refused(tmp_path):
    with refused(f"{tmp_path} holds no outputs of a model; run the stage that makes them again"):
        OutputStore(tmp_path, "teacher-a")


def test_an_interrupted_pass_knows_which_windows_it_has_and_adds_the_rest(tmp_path):
    writer = OutputWriter(tmp_path, "teacher-a", 0, features_per_part=10)
    done, lost = FEATURES[:30], FEATURES[30:32]
    writer.add(*batch(done))
    writer.add(*batch(lost))  # not flushed: lost with the process
    assert stored_places(tmp_path, "teacher-a") == {(key, first) for key, first, _ in done}
    again = OutputWriter(tmp_path, "teacher-a", 0, features_per_part=10)
    again.add(*batch(FEATURES[30:]))
    again.flush()
    assert torch.equal(OutputStore(tmp_path, "teacher-a").rows(**places(FEATURES))["values"], values(FEATURES))


def test_what_is_added_never_takes_the_place_of_a_part_that_is_there(tmp_path):
    writer = OutputWriter(tmp_path, "teacher-a", 0, features_per_part=10)
    for start in (0, 10, 20):
        writer.add(*batch(FEATURES[start : start + 10]))
    (tmp_path / "part-0-0.safetensors").unlink()
    OutputWriter(tmp_path, "teacher-a", 0, features_per_part=10).add(*batch(FEATURES[:10]))
    assert stored_places(tmp_path, "teacher-a") == {(key, first) for key, first, _ in FEATURES[:30]}


def test_a_part_that_was_being_written_does_not_count_nor_a_folder_that_is_not_there(tmp_path):
    (tmp_path / "part-0-0.writing").write_bytes(b"half")
    assert stored_places(tmp_path, "teacher-a") == set()
    assert stored_places(tmp_path / "none", "teacher-a") == set()


DAMAGES = {
    "cut off": lambda raw: raw[:-9], "zeroed": lambda raw: bytes(len(raw)), "empty": lambda raw: b"",
    "another bit": lambda raw: raw[:-5] + bytes([raw[-5] ^ 1]) + raw[-4:],
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_part_of_an_interrupted_try_is_said_and_asked_again(damage, tmp_path, caplog):
    writer = OutputWriter(tmp_path, "teacher-a", 0, features_per_part=10)
    for start in (0, 10):
        writer.add(*batch(FEATURES[start : start + 10]))
    path = tmp_path / "part-0-1.safetensors"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    remove_damaged(tmp_path)
    assert caplog.messages == [f"the answers in {path} are damaged: they are asked again"]
    assert stored_places(tmp_path, "teacher-a") == {(key, first) for key, first, _ in FEATURES[:10]}


def test_whole_parts_and_those_of_earlier_versions_stay(tmp_path, caplog):
    OutputWriter(tmp_path, "teacher-a", 0, features_per_part=10).add(*batch(FEATURES[:10]))
    whole = load_file(tmp_path / "part-0-0.safetensors")
    save_file(whole, tmp_path / "part-0-1.safetensors", {"identity": "teacher-a", "states": ""})
    remove_damaged(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert not caplog.messages


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.int32])
def test_values_are_kept_as_they_came_and_answered_as_floats(tmp_path, dtype):
    writer = OutputWriter(tmp_path, "teacher-a")
    kept = (10 * values(FEATURES[:4])).to(dtype)
    writer.add(places(FEATURES[:4]), {"values": kept})
    writer.flush()
    store = OutputStore(tmp_path, "teacher-a")
    assert store.rows(**places(FEATURES[:4]))["values"].dtype == dtype
    answer = store(places(FEATURES[:4]))
    assert answer.logits.dtype == torch.float32
    assert torch.equal(answer.logits, kept.float())
    assert answer.sparse is None


def test_classes_and_rest_of_the_largest_logits_travel_with_their_rows(tmp_path):
    writer = OutputWriter(tmp_path, "teacher-a", features_per_part=4)
    truth = {}
    for number, feature in enumerate(FEATURES):
        truth[feature] = {
            "values": values([feature]).bfloat16(),
            "indices": torch.full((feature[2], 3), number, dtype=torch.int32),
            "rest": torch.arange(feature[2]) + 100.0 * number,
        }
        writer.add(places([feature]), truth[feature])
    writer.flush()
    asked = FEATURES[::-3]
    answer = OutputStore(tmp_path, "teacher-a", temperature=2.0)(places(asked))
    assert torch.equal(answer.sparse.indices, torch.cat([truth[each]["indices"] for each in asked]))
    assert torch.equal(answer.sparse.log_rest, torch.cat([truth[each]["rest"] for each in asked]))
    assert torch.equal(answer.sparse.values, torch.cat([truth[each]["values"] for each in asked]).float())
    assert answer.logits is answer.sparse.values
    assert answer.sparse.temperature == 2.0
    with pytest.raises(StoreError, match=r"holds some logits of each row, for a temperature that is not known$"):
        OutputStore(tmp_path, "teacher-a")(places(asked))


def test_an_example_may_be_asked_for_twice(tmp_path):
    writer = OutputWriter(tmp_path, "teacher-a")
    one = [(1, 0, 2)]
    rows = torch.tensor([[1.0], [2.0]])
    writer.add(places(one), {"values": rows})
    writer.add(places([(3, 0, 1)]), {"values": torch.tensor([[9.0]])})
    writer.flush()
    assert [found.tolist() for found in OutputStore(tmp_path, "teacher-a").examples(torch.tensor([3, 1, 1]))] == [
        [[9.0]], [[1.0], [2.0]], [[1.0], [2.0]],
    ]  # fmt: skip


TOKENS = {feature: 1 + number % 5 for number, feature in enumerate(FEATURES)}
STATES = {feature: torch.randn(TOKENS[feature], 2, 6, generator=DRAW) for feature in FEATURES}
"""Two hidden states of width 6 for each token of a window: those of the embeddings and of layer 3."""


def with_states(folder):
    for rank in range(2):
        writer = OutputWriter(folder, "teacher-a", rank, features_per_part=7, states=(0, 3))
        mine = FEATURES[rank::2]
        for start in range(0, len(mine), 5):
            chunk = mine[start : start + 5]
            tokens = torch.tensor([TOKENS[feature] for feature in chunk])
            states = torch.cat([STATES[feature] for feature in chunk]).half()
            writer.add(places(chunk) | {"tokens": tokens}, {"values": values(chunk), "states": states})
        writer.flush()
    return OutputStore(folder, "teacher-a", states=(0, 3))


def test_states_come_back_padded_to_the_batch_for_windows_in_any_order(tmp_path):
    store = with_states(tmp_path)
    shuffled = [FEATURES[number] for number in torch.randperm(len(FEATURES), generator=DRAW)]
    for start in range(0, len(shuffled), 6):
        asked = shuffled[start : start + 6]
        answer = store(places(asked))
        longest = max(TOKENS[feature] for feature in asked)
        assert torch.equal(answer.logits, values(asked))
        assert [len(each) for each in answer.hidden] == [len(asked), 0, 0, len(asked)]
        assert answer.mask.tolist() == [[place < TOKENS[each] for place in range(longest)] for each in asked]
        for number, state in ((0, answer.hidden[0]), (1, answer.hidden[3])):
            assert state.dtype == torch.float32
            wanted = [STATES[feature][:, number].half().float() for feature in asked]
            assert torch.equal(state, torch.nn.utils.rnn.pad_sequence(wanted, batch_first=True))


def test_some_of_the_states_are_read_in_any_order_and_those_that_are_not_there_refused(tmp_path):
    whole = with_states(tmp_path)(places(FEATURES[:9])).hidden
    last = OutputStore(tmp_path, "teacher-a", (3,))(places(FEATURES[:9])).hidden[3]
    assert torch.equal(last, whole[3])
    first = OutputStore(tmp_path, "teacher-a", (0,))(places(FEATURES[:9])).hidden
    assert len(first) == 1
    assert torch.equal(first[0], whole[0])
    path = tmp_path / "part-0-0.safetensors"
    for ask in (OutputStore, stored_places):
        with refused(f"{path} holds the hidden states [0, 3], and not [1, 2]"):
            ask(tmp_path, "teacher-a", (0, 1, 2))


def test_states_of_a_window_that_was_never_read_are_refused_though_its_rows_are_there(tmp_path):
    store = with_states(tmp_path)
    key = next(key for key in KEYS if len(ROWS[key]) == 4)
    message = (
        f"{tmp_path} has no output for 1 of 2 examples: "
        "their text changed since the model saw it; run the stage that makes it again"
    )
    assert len(store.rows(**places([(key, 1, 2)]))["values"]) == 2
    for wrong in ((key, 1, 2), (2**62, 0, 1)):
        with refused(message):
            store.hidden(torch.tensor([FEATURES[0][0], wrong[0]]), torch.tensor([FEATURES[0][1], wrong[1]]))


def test_an_interrupted_pass_adds_states_as_well(tmp_path):
    writer = OutputWriter(tmp_path, "teacher-a", states=(0, 3))
    for part in (FEATURES[:20], FEATURES[20:]):
        tokens = torch.tensor([TOKENS[feature] for feature in part])
        states = torch.cat([STATES[feature] for feature in part]).half()
        writer.add(places(part) | {"tokens": tokens}, {"values": values(part), "states": states})
        writer.flush()
    found, mask = OutputStore(tmp_path, "teacher-a", (0, 3)).hidden(
        *(places(FEATURES)[name] for name in ("key", "first"))
    )
    assert torch.equal(found[mask], torch.cat([STATES[feature] for feature in FEATURES]).half())


def test_a_part_ends_when_it_has_enough_bytes(tmp_path):
    writer = OutputWriter(tmp_path, "teacher-a", bytes_per_part=4 * (24 + 400))
    for key in range(10):
        writer.add(places([(key, 0, 1)]), {"values": torch.full((1, 100), float(key))})
    assert len(list(tmp_path.glob("part-*"))) == 2
    writer.flush()
    assert len(OutputStore(tmp_path, "teacher-a")) == 10


READ_ALL = """
import sys, torch
from pathlib import Path
from distill.inference.output_store import OutputStore

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon"))) * 1024

before = held()
store = OutputStore(Path(sys.argv[1]), "teacher-a", (0,))
total = 0.0
for start in range(0, 20000, 100):
    keys = torch.arange(start, start + 100) * 7919 % 20000
    answer = store({"key": keys, "first": keys * 0, "count": torch.ones_like(keys)})
    total += float(answer.logits.sum() + answer.hidden[0].sum())
print(total, held() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="asks Linux for the memory that a process holds")
def test_a_store_is_mapped_and_reading_all_of_it_holds_a_small_part_in_memory(tmp_path):
    writer = OutputWriter(tmp_path, "teacher-a", bytes_per_part=20 << 20, states=(0,))
    for start in range(0, 20000, 1000):
        keys, ones = torch.arange(start, start + 1000), torch.ones(1000, dtype=torch.long)
        filled = {"values": torch.ones(1000, 600), "states": torch.ones(1000, 1, 1200).half()}
        writer.add({"key": keys, "first": 0 * ones, "count": ones, "tokens": ones}, filled)
    writer.flush()
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size > 90 << 20
    out = subprocess.run(
        [sys.executable, "-c", READ_ALL, tmp_path], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    ).stdout  # fmt: skip
    total, held = map(float, out.split())
    assert total == 20000 * 1800
    assert held < 0.2 * size
