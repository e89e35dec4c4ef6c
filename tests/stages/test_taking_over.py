"""What is in a finished store already is linked into a new one, whole and only where it is what is wanted."""

import os

import pytest
import torch

from distill.errors import StoreError
from distill.stages.taking_over import take_over
from distill.store import Store
from distill.teacher_store import AnswerStore, AnswerWriter

KEYS = range(20)


@pytest.fixture
def made(tmp_path):
    """A finished stage of the store: who answered, which texts, and with which states."""

    def make(name, keys, *, identity="it", states=()):
        store = Store(tmp_path)
        writer = AnswerWriter(store.partial(name) / "outputs", identity, features_per_part=5, states=states)
        for key in keys:
            place = torch.tensor([key])
            rows = {"values": torch.full((1, 2), float(key))}
            tokens = {"tokens": torch.ones(1, dtype=torch.long)} if states else {}
            said = {"states": torch.stack([torch.full((1, 3), key + each) for each in states], 1)} if states else {}
            writer.add({"key": place, "first": 0 * place, "count": 0 * place + 1, **tokens}, {**rows, **said})
        writer.flush()
        return store.finish(name, {"stage": "teach"})

    return make


def wanted(keys=KEYS):
    return {(key, 0) for key in keys}


def begun(tmp_path):
    return tmp_path / ".teach-new.partial" / "outputs"


def values(folder, keys, states=()):
    place = torch.tensor(list(keys))
    return AnswerStore(folder, "it", states)({"key": place, "first": 0 * place, "count": 0 * place + 1})


def test_the_store_that_answers_most_is_linked_whatever_more_it_holds(made, tmp_path):
    made("teach-few", range(4))
    most = made("teach-most", range(2, 30), states=(0, 2, 5))
    take_over(begun(tmp_path), "it", (2,), wanted())
    parts = sorted(path.name for path in begun(tmp_path).iterdir())
    assert parts == sorted(path.name for path in (most / "outputs").iterdir())
    assert all(os.path.samefile(begun(tmp_path) / part, most / "outputs" / part) for part in parts)
    found = values(begun(tmp_path), (7, 3), (2,))
    assert found.logits[:, 0].tolist() == [7.0, 3.0]
    assert found.hidden[2][:, 0, 0].tolist() == [9.0, 5.0]


def test_only_what_would_be_made_is_taken(made, tmp_path):
    made("teach-another", KEYS, identity="another teacher", states=(2,))
    made("teach-stateless", KEYS)
    made("teach-apart", range(50, 60), states=(2,))
    made("evaluate-else", KEYS, states=(2,))
    take_over(begun(tmp_path), "it", (2,), wanted())
    assert not begun(tmp_path).exists()


def test_an_interrupted_store_goes_on_by_itself(made, tmp_path):
    made("teach-whole", KEYS)
    writer = AnswerWriter(begun(tmp_path), "it")
    writer.add({"key": torch.tensor([1]), "first": torch.tensor([0]), "count": torch.tensor([1])},
               {"values": torch.zeros(1, 2)})  # fmt: skip
    writer.flush()
    take_over(begun(tmp_path), "it", (), wanted())
    assert [path.name for path in begun(tmp_path).iterdir()] == ["part-0-0.safetensors"]


def test_a_damaged_store_is_not_taken_for_a_whole_one(made, tmp_path):
    part = made("teach-whole", KEYS) / "outputs" / "part-0-1.safetensors"
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)
    with pytest.raises(StoreError, match="is missing or damaged; remove the folder"):
        take_over(begun(tmp_path), "it", (), wanted())
    assert not begun(tmp_path).exists()


def test_a_disk_without_links_gets_copies(made, tmp_path, monkeypatch):
    made("teach-whole", KEYS)

    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    take_over(begun(tmp_path), "it", (), wanted())
    assert values(begun(tmp_path), KEYS).logits[:, 0].tolist() == list(KEYS)
    assert not list(begun(tmp_path).glob("*.writing"))
