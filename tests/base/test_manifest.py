import json
import re
from pathlib import Path

import pytest

from distill.base import manifest
from distill.errors import StoreError

TOLD = {
    "stage": "evaluate", "fingerprint": "0123456789ab", "recipe": 6, "settings": {"layers": {2: "ünïcode"}},
    "seconds": 0.1, "result": {"accuracy": 0.52, "loss": 1e-17}, "files": {},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    manifest.write(tmp_path, TOLD)
    return tmp_path


def refused(folder, said):
    message = f"{folder / 'manifest.json'} {said}; remove the folder {folder} and run again"
    with pytest.raises(StoreError, match=f"^{re.escape(message)}$"):
        manifest.read(folder)


def changed(folder, **values):
    content = json.loads((folder / "manifest.json").read_text()) | values
    (folder / "manifest.json").write_text(json.dumps({k: v for k, v in content.items() if v is not ...}))


def test_a_manifest_is_read_as_it_was_written_in_any_order_and_spacing(folder):
    read = manifest.read(folder)
    assert read["result"] == TOLD["result"]
    assert read["settings"] == {"layers": {"2": "ünïcode"}}
    (folder / "manifest.json").write_text(json.dumps(dict(reversed(read.items()))))
    assert manifest.read(folder) == read


def test_no_flipped_bit_of_a_manifest_passes_for_another_word(folder):
    """Every bit: it is refused, or says the same."""
    path = folder / "manifest.json"
    whole, told = path.read_bytes(), manifest.read(folder)
    for place in range(len(whole)):
        for bit in range(8):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            try:
                assert manifest.read(folder) == told
            except StoreError:
                continue


def test_another_figure_is_refused_and_so_is_a_manifest_that_lost_its_checksum(folder):
    changed(folder, result={"accuracy": 0.72, "loss": 1e-17})
    refused(folder, "is damaged: its checksum is not that of what it says")
    manifest.write(folder, TOLD)
    changed(folder, checksum=...)
    refused(folder, "is damaged: its checksum is not that of what it says")


def test_a_manifest_of_before_there_were_checksums_is_read(folder):
    changed(folder, checksum=..., schema=1)
    assert manifest.read(folder)["result"] == TOLD["result"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("[1]", "is no manifest of a stage: it holds no object"),
        ("{}", "is no manifest of a stage: its 'schema' is missing or of another kind"),
        ('{"schema": true}', "is no manifest of a stage: its 'schema' is missing or of another kind"),
        ('{"schema": 1, "stage": "a"}', "is no manifest of a stage: its 'fingerprint' is missing or of another kind"),
        (
            json.dumps({**TOLD, "schema": 1, "result": [0.5]}),
            "is no manifest of a stage: its 'result' is missing or of another kind",
        ),
        (
            json.dumps({**TOLD, "schema": 1, "files": {"a": 3}}),
            "is no manifest of a stage: its 'files' have no sizes and checksums",
        ),
    ],
)
def test_a_manifest_of_another_form_is_refused(tmp_path, text, said):
    (tmp_path / "manifest.json").write_text(text)
    refused(tmp_path, said)


def test_a_manifest_of_a_newer_version_is_refused_with_the_ways_out(folder):
    changed(folder, schema=3)
    said = (
        "has the schema 3, and this version of distill knows 2 at most: it is of a newer version, or damaged; "
        "take the newer version, or another folder with store=FOLDER, or"
    )
    with pytest.raises(StoreError, match=re.escape(said)):
        manifest.read(folder)


def test_a_manifest_that_may_not_be_read_is_no_reason_to_remove_it(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(StoreError) as refusal:
        manifest.read(folder)
    path = folder / "manifest.json"
    assert str(refusal.value) == f"{path} cannot be read (Permission denied); take another store with store=FOLDER"
