import re
import socket
import sys
from dataclasses import replace

import pytest
from datasets import Dataset

from distill.data import hub
from distill.data.columns import Rules
from distill.data.sources import Wanted, load, unlabelled
from distill.errors import DataError

ROLES = {"text": "text", "label": "label"}


def sample():
    return {"train": Dataset.from_dict({"text": ["made up"], "label": [1]})}


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def wanted(source="auto", path=None, hub_id="nobody/nothing"):
    return Wanted("sst2", source, path, hub_id, None)


def test_a_path_is_taken_before_anything_else(tmp_path):
    (tmp_path / "train.tsv").write_text("text\tlabel\na b\t1\nc d\t0\n")
    source = load(wanted(path=str(tmp_path)), ROLES, {}, sample)
    assert (source.kind, source.name, source.stands_in_for) == ("local", tmp_path.name, None), "not the hub's data"
    assert source.splits["train"]["text"][:] == ["a b", "c d"]


@pytest.mark.parametrize("there", ["test_unseen", "test"])
def test_of_files_that_may_hold_a_split_the_one_that_was_read_is_said(tmp_path, there):
    for name in ("train", there):
        (tmp_path / f"{name}.tsv").write_text("text\tlabel\na b\t1\nc d\t0\n")
    asked = replace(wanted(path=str(tmp_path)), files={"test": ["test_unseen|test"], "train": ["train"]})
    assert load(asked, ROLES, {}, sample).notes == (f"test is read from {there}.tsv",)


def test_the_sample_stands_in_for_a_hub_that_cannot_be_had_and_says_so(offline):
    source = load(wanted(), ROLES, {}, sample)
    assert (source.kind, source.stands_in_for) == ("embedded", "sst2")
    assert source.notes == (
        "nobody/nothing is neither in the local cache nor can the hub be reached: the embedded sample, made by a "
        "grammar, stands in for sst2; its figures say nothing about sst2",
    )


def test_the_sample_says_so_where_nothing_was_named():
    source = load(wanted(hub_id=None), ROLES, {}, sample)
    assert source.notes == (
        "neither data.path nor data.hub is given: the embedded sample, made by a grammar, stands in for sst2; "
        "its figures say nothing about sst2",
    )


def test_a_sample_that_was_asked_for_stands_in_for_nothing():
    source = load(wanted("embedded"), ROLES, {}, sample)
    assert (source.kind, source.name, source.stands_in_for) == ("embedded", "embedded sample", None)


def test_a_hub_that_was_asked_for_and_cannot_be_had_is_refused_with_the_way_out(offline):
    message = (
        "nobody/nothing is neither in the local cache nor can the hub be reached; "
        "give a folder as data.path=FOLDER, or take data.source=embedded"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load(wanted("hub"), ROLES, {}, sample)


def test_the_hubs_splits_are_taken_but_for_those_with_hidden_labels(monkeypatch):
    labelled = Dataset.from_dict({"text": ["a b", "c d"], "label": [1, 0]})
    hidden = Dataset.from_dict({"text": ["e f"], "label": [-1]})
    monkeypatch.setattr(hub, "reachable", lambda: True)
    monkeypatch.setattr("datasets.load_dataset", lambda *_: {"train": labelled, "validation": labelled, "test": hidden})
    source = load(wanted(), ROLES, {}, sample)
    assert (source.kind, sorted(source.splits)) == ("hub", ["train", "validation"])
    assert source.notes == ("no row of test in nobody/nothing has a label: it is left out",)


def test_a_named_split_of_the_hub_is_read(monkeypatch):
    rows = Dataset.from_dict({"text": ["a b", "c d"], "label": [1, 0]})
    monkeypatch.setattr(hub, "reachable", lambda: True)
    monkeypatch.setattr("datasets.load_dataset", lambda *_: {"train": rows, "validation_matched": rows, "other": rows})
    source = load(replace(wanted(), files={"validation": ["validation_matched"]}), ROLES, {}, sample)
    assert sorted(source.splits) == ["train", "validation"]
    assert source.notes == ("of nobody/nothing other is not read",)
    with pytest.raises(
        DataError, match=r"^nobody/nothing has no split none for test; it has train, validation_matched"
    ):
        load(replace(wanted(), files={"test": ["none"]}), ROLES, {}, sample)


def written(folder, content):
    (folder / "train.jsonl").write_text(content)
    return wanted(path=str(folder))


def test_a_column_that_cannot_be_used_is_refused_where_a_role_needs_it_and_only_there(tmp_path):
    given = written(tmp_path, '{"text": "a b", "label": 0, "x": 1}\n{"text": "c d", "label": "no", "x": "y"}\n')
    message = (
        f"line 2 of {tmp_path}/train.jsonl has in label 'no' (text), but line 1 has 0 (a number): a column has one type"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load(given, ROLES, {}, sample)
    with pytest.raises(DataError, match=f"^line 2 of {re.escape(str(tmp_path))}/train.jsonl has in x 'y' "):
        load(given, {"text": "text", "label": "labels"}, {"label": "x+text"}, sample)
    given = written(tmp_path, '{"text": "a b", "label": 0, "x": 1}\n{"text": "c d", "label": 1, "x": "y"}\n')
    assert load(given, ROLES, {}, sample).splits["train"]["label"][:] == [0, 1]


def test_a_label_that_a_row_lacks_is_missed_also_where_there_may_be_several_or_none(tmp_path):
    given = written(tmp_path, '{"text": "a b", "label": []}\n{"text": "c d"}\n')
    said = r"^row 2 of train in .* has no label; data.on_bad=drop leaves it out; \[\] says that no label applies$"
    with pytest.raises(DataError, match=said):
        load(given, {"text": "text", "label": "labels"}, {}, sample)
    given = written(tmp_path, '{"text": "a b", "label": 1}\n{"text": "c d"}\n')
    with pytest.raises(DataError, match=r"^row 2 of train in .* has no label; data.on_bad=drop leaves it out$"):
        load(given, ROLES, {}, sample)


def test_a_listening_host_is_reachable_and_a_closed_port_is_not(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # set, not deleted, so that what the function sets is undone
    monkeypatch.setattr(hub, "getproxies", dict)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        assert hub.reachable()
        assert not sys.modules["huggingface_hub.constants"].HF_HUB_OFFLINE
    assert not hub.reachable()
    assert sys.modules["huggingface_hub.constants"].HF_HUB_OFFLINE, "its library would wait half a minute"


@pytest.mark.parametrize(
    ("endpoint", "proxies", "target"),
    [
        ("https://huggingface.co", {}, ("huggingface.co", 443)),
        ("http://mirror", {}, ("mirror", 80)),
        ("http://mirror:81/hf", {"https": "http://proxy:3128"}, ("mirror", 81)),
        ("https://huggingface.co", {"https": "http://proxy:3128"}, ("proxy", 3128)),
        ("https://huggingface.co", {"https": "proxy:3128"}, ("proxy", 3128)),
    ],
)
def test_what_is_tried_is_the_hub_or_the_proxy_before_it(monkeypatch, endpoint, proxies, target):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setattr(hub, "getproxies", lambda: proxies)
    monkeypatch.setattr(hub, "proxy_bypass", lambda _: False)
    assert hub._target() == target


def test_an_endpoint_that_is_no_address_is_told(monkeypatch):
    monkeypatch.setattr(hub, "getproxies", dict)
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror:port")
    with pytest.raises(
        DataError, match=r"^http://mirror:port, of HF_ENDPOINT or a proxy, is no address: Port could not"
    ):
        hub._target()


def test_a_user_who_wants_to_stay_offline_is_not_asked(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("a connection was tried"))
    assert not hub.reachable()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('{"text": "In Paris, again."}', ["In", "Paris", ",", "again", "."]),
        ('{"tokens": "In Paris , U.S. again", "text": "other"}', ["In", "Paris", ",", "U.S.", "again"]),
    ],
)
def test_words_without_labels_may_be_a_text_as_people_write_it(tmp_path, row, words):
    (tmp_path / "texts.jsonl").write_text(row + "\n", encoding="utf-8")
    rows, _, _ = unlabelled(str(tmp_path / "texts.jsonl"), {"tokens": "texts"}, {"tokens": "tokens"}, Rules())
    assert rows["tokens"][:] == [words]
