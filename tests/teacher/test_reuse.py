"""What is in a finished store already is linked into a new one, whole and only where it is what is wanted."""

import os
import re

import pytest
import torch

from distill.inference.output_parts import OutputWriter
from distill.inference.output_store import OutputStore
from distill.pipeline.store import Store
from distill.teacher.reuse import reuse_outputs

KEYS = range(20)


@pytest.fixture
def made(tmp_path):
    """A finished stage of the store: who answered, which texts, and with which states."""

    def make(name, keys, *, identity="it", states=()):
        store = Store(tmp_path)
        writer = OutputWriter(store.partial(name) / "outputs", identity, features_per_part=5, states=states)
        for key in keys:
            place = torch.tensor([key])
            rows = {"values": torch.full((1, 2), float(key))}
            tokens = {"tokens": torch.ones(1, dtype=torch.long)} if states else {}
            said = {"states": torch.stack([torch.full((1, 3), key + each) for each in states], 1)} if states else {}
            writer.add({"key": place, "first": 0 * place, "count": 0 * place + 1, **tokens}, {**rows, **said})
        writer.flush()
        return store.finish(name, {"stage": "teach", "fingerprint": name[6:], "seconds": 1.0, "result": {}})

    return make


def wanted(keys=KEYS):
    return lambda: {(key, 0) for key in keys}


def is_whole(tmp_path):
    return lambda name: Store(tmp_path).find(name) is not None


def begun(tmp_path):
    return tmp_path / ".teach-new.partial" / "outputs"


def values(folder, keys, states=()):
    place = torch.tensor(list(keys))
    return OutputStore(folder, "it", states)({"key": place, "first": 0 * place, "count": 0 * place + 1})


def test_of_the_store_that_answers_most_the_parts_that_hold_what_is_wanted_are_linked(made, tmp_path):
    made("teach-few", range(4))
    most = made("teach-most", range(2, 30), states=(0, 2, 5))
    reuse_outputs(begun(tmp_path), "it", (2,), wanted(), is_whole(tmp_path))
    parts = sorted(path.name for path in begun(tmp_path).iterdir())
    assert parts == [f"part-0-{number}.safetensors" for number in range(4)], "of six: 22 and more are not asked for"
    assert all(os.path.samefile(begun(tmp_path) / part, most / "outputs" / part) for part in parts)
    found = values(begun(tmp_path), (7, 3), (2,))
    assert found.logits[:, 0].tolist() == [7.0, 3.0]
    assert found.hidden[2][:, 0, 0].tolist() == [9.0, 5.0]


def test_only_what_would_be_made_is_taken(made, tmp_path):
    made("teach-another", KEYS, identity="another teacher", states=(2,))
    made("teach-stateless", KEYS)
    made("teach-apart", range(50, 60), states=(2,))
    made("evaluate-else", KEYS, states=(2,))
    reuse_outputs(begun(tmp_path), "it", (2,), wanted(), is_whole(tmp_path))
    assert not begun(tmp_path).exists()


def test_an_interrupted_store_goes_on_by_itself(made, tmp_path):
    made("teach-whole", KEYS)
    writer = OutputWriter(begun(tmp_path), "it")
    writer.add({"key": torch.tensor([1]), "first": torch.tensor([0]), "count": torch.tensor([1])},
               {"values": torch.zeros(1, 2)})  # fmt: skip
    writer.flush()
    reuse_outputs(begun(tmp_path), "it", (), wanted(), is_whole(tmp_path))
    assert [path.name for path in begun(tmp_path).iterdir()] == ["part-0-0.safetensors"]


def test_what_is_damaged_is_asked_again_and_said(made, tmp_path, caplog):
    part = made("teach-whole", KEYS) / "outputs" / "part-0-1.safetensors"
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)
    reuse_outputs(begun(tmp_path), "it", (), wanted(), is_whole(tmp_path))
    assert not begun(tmp_path).exists()
    said = "teach: what is answered in .*teach-whole is asked again: .* is missing or damaged$"
    assert re.search(said, caplog.text, re.MULTILINE)


@pytest.mark.parametrize("content", [b"", b"no part at all"])
def test_a_broken_neighbour_keeps_nobody_from_what_is_whole(content, made, tmp_path):
    broken = made("teach-broken", KEYS) / "outputs" / "part-0-0.safetensors"
    broken.write_bytes(content)
    made("teach-whole", range(5))
    reuse_outputs(begun(tmp_path), "it", (), wanted(), is_whole(tmp_path))
    assert values(begun(tmp_path), range(5)).logits[:, 0].tolist() == list(range(5))


def test_on_a_disk_without_links_all_is_asked_again(made, tmp_path, monkeypatch, caplog):
    made("teach-whole", KEYS)

    def refuse(part, name):
        if name.name == "part-0-2.safetensors":
            raise OSError("no links here")
        name.write_bytes(part.read_bytes())

    monkeypatch.setattr(os, "link", refuse)
    reuse_outputs(begun(tmp_path), "it", (), wanted(), is_whole(tmp_path))
    assert not begun(tmp_path).exists()
    assert "is asked again: no links here" in caplog.text


def test_where_no_store_could_have_it_nobody_asks_what_is_wanted(made, tmp_path):
    made("teach-another", KEYS, identity="another teacher")
    reuse_outputs(begun(tmp_path), "it", (), lambda: pytest.fail("asked"), is_whole(tmp_path))
