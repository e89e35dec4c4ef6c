"""A bundle of which a file was changed, lost or exchanged is refused by name, without PyTorch."""

import hashlib
import json
import re
import subprocess
import sys

import pytest

from distill.errors import ModelError
from distill.models import checksums

AGAIN = "copy the folder again as it was exported"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "onnx").mkdir()
    for name in ("config.json", "model.safetensors", "onnx/model.onnx"):
        (tmp_path / name).write_bytes(name.encode() * 100)
    checksums.write(tmp_path)
    return tmp_path


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


def test_the_checksums_are_those_that_any_tool_computes(folder):
    files = json.loads((folder / "checksums.json").read_text(encoding="utf-8"))["files"]
    assert list(files) == ["config.json", "model.safetensors", "onnx/model.onnx"]
    for name, facts in files.items():
        content = name.encode() * 100
        assert facts == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    checksums.verify(folder)
    checksums.write(folder)
    assert list(json.loads((folder / "checksums.json").read_text(encoding="utf-8"))["files"]) == list(files)


@pytest.mark.parametrize("change", [b"x", b""])
def test_a_file_with_a_changed_byte_is_named(folder, change):
    path = folder / "onnx" / "model.onnx"
    content = path.read_bytes()
    path.write_bytes(change + content[1:])
    with refused(f"{path} was changed since it was exported: checksums.json has another checksum; {AGAIN}"):
        checksums.verify(folder)
    path.write_bytes(content)
    checksums.verify(folder)


def test_the_card_may_be_written_on_or_left_out(folder):
    card, path = folder / "README.md", folder / "checksums.json"
    card.write_text("as it was exported", encoding="utf-8")
    checksums.write(folder)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert "README.md" not in content["files"]
    content["files"]["README.md"] = {"sha256": "of another card", "bytes": 1}
    path.write_text(json.dumps(content), encoding="utf-8")  # as earlier versions wrote it
    checksums.verify(folder)
    card.unlink()
    checksums.verify(folder)


def test_a_missing_file_is_named(folder):
    (folder / "config.json").unlink()
    with refused(f"{folder} has no config.json, which checksums.json names; {AGAIN}"):
        checksums.verify(folder)


def test_weights_that_were_not_exported_with_the_others_are_named(folder):
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "part.onnx").write_text("mine", encoding="utf-8")
    checksums.verify(folder)
    other = folder / "onnx" / "model_quantized.onnx"
    other.write_bytes(b"of another student")
    with refused(f"{other} was not exported with the others: checksums.json does not name it; {AGAIN}"):
        checksums.verify(folder)


def test_checksums_that_are_missing_or_none_are_refused(folder):
    path = folder / "checksums.json"
    path.write_text('{"files": ["config.json"]}', encoding="utf-8")
    with refused(f"{path} names no files with their checksums; {AGAIN}"):
        checksums.verify(folder)
    path.write_text(json.dumps({"files": {"../config.json": {}}}), encoding="utf-8")
    with refused(f"{path} names ../config.json, which is outside of the folder; {AGAIN}"):
        checksums.verify(folder)
    path.unlink()
    with refused(f"{folder} has no checksums.json, so that nothing tells whether it is whole; {AGAIN}"):
        checksums.verify(folder)


def test_checksums_are_verified_without_torch(folder):
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('torch', 'transformers', 'onnx', 'numpy')))\n"
        "from pathlib import Path\n"
        "from distill.models import checksums\n"
        f"checksums.verify(Path({str(folder)!r}))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
