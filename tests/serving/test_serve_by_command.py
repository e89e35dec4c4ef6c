"""``python -m distill.serve`` as a user starts it, where no library of training is installed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
from predicted import close, inputs
from served import ready
from test_predict_without_torch import TRAINING, WITHOUT

from distill import Predictor, serve
from distill.base import processor
from distill.config.serve import ServeConfig
from distill.errors import ModelError
from distill.inference.onnx_session import OnnxSession
from distill.models import checksums
from distill.serving.opening import opening
from distill.serving.server import listen

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"(\w+) by (\S+) \((\w+)\): (http://\S+)\n")


@contextmanager
def started(*arguments):
    """A server in a process of its own: a client for it, and its process."""
    program = WITHOUT.replace("distill.predict", "distill.serve")
    command = [sys.executable, "-c", program, TRAINING, *map(str, arguments), "port=0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline()
            assert LINE.fullmatch(line), line + process.stderr.read()
            with httpx.Client(base_url=LINE.fullmatch(line)[4], timeout=20) as client:
                client.line = line
                ready(client)
                yield client, process
        finally:
            process.kill()


@pytest.fixture
def command(monkeypatch, capsys):
    """The command in this process, which is not to get as far as to listen: its exit code and what it says."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["serve", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            serve.main()
        said = capsys.readouterr()
        return end.value.code, said.err

    return run


@pytest.mark.parametrize("name", ["classification", "token_classification", "question_answering"])
def test_answers_are_those_of_the_predictor_alone_and_together_without_torch(name, bundles):
    examples = inputs(name)
    wanted = json.loads(json.dumps(Predictor.load(bundles(name), format="onnx").predict(examples)))
    with started(f"model={bundles(name)}", "format=onnx") as (client, _):
        together = client.post("/predict", json={"examples": examples}).json()["answers"]
        with ThreadPoolExecutor(7) as clients:
            alone = list(clients.map(lambda example: client.post("/predict", json=example).json(), examples))
        assert client.get("/health").json()["format"] == "onnx"
        assert f"{name} by " in client.line
    assert len(wanted) == len(together) == 7
    assert all(map(close, wanted, together))
    assert all(map(close, wanted, alone))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_when_what_it_accepted_is_answered(number, bundles):
    with started(f"model={bundles('classification')}", "format=onnx", "max_texts=20000", "max_waiting=20000",
                 "max_tokens=1000000") as (client, process):  # fmt: skip
        with ThreadPoolExecutor(1) as clients:
            many = {"examples": inputs("classification") * 300}
            asked = clients.submit(client.post, "/predict", json=many)
            while "distill_waiting_examples 2100.0" not in httpx.get(client.base_url.join("/metrics")).text:
                assert not asked.done()
            process.send_signal(number)
            assert len(asked.result().json()["answers"]) == 2100
        code = process.wait(10)
        what = {signal.SIGTERM: "ended by SIGTERM", signal.SIGINT: "interrupted"}[number]
        assert process.stderr.read() == f"distill: {what}; what was accepted is answered\n"
        assert code == 128 + number


def test_settings_that_make_no_sense_are_told_all_at_once(command):
    assert command("model=x", "port=70000", "batch_tokens=0", "format=tflite") == (
        2,
        "distill: batch_tokens=0: allowed is a whole number from 1 to 1000000000\n"
        "port=70000: allowed is a whole number from 0 (any that is free) to 65535\n"
        "format=tflite: allowed is one of auto, torch, onnx, onnx_int8\n",
    )


def test_times_and_counts_beyond_all_use_are_told(command):
    arguments = ("max_wait_ms=1e308", "max_texts=1" + "0" * 30, "read_timeout=1e308", "request_timeout=nan")
    assert command("model=x", *arguments) == (
        2,
        "distill: max_wait_ms=1e+308: allowed is a number from 0 to 86400000 (a day)\n"
        "max_texts=1000000000000000000000000000000: allowed is a whole number from 1 to 1000000000\n"
        "read_timeout=1e+308: allowed is a number above 0, up to 86400 (a day)\n"
        "request_timeout=nan: allowed is a number above 0, up to 86400 (a day)\n",
    )


def test_more_threads_than_cores_are_told_how_many_there_are(command, bundles, monkeypatch):
    monkeypatch.setattr(processor, "cores", lambda: 4)
    message = "distill: threads=5: allowed is a whole number from 1 to 4, the cores that this process may use\n"
    assert command(f"model={bundles('classification')}", "format=onnx", "threads=5") == (2, message)


def test_a_model_that_cannot_be_loaded_is_never_announced(monkeypatch, capsys, bundles):
    monkeypatch.setattr(sys, "argv", ["serve", f"model={bundles('classification')}", "format=onnx", "port=0"])
    monkeypatch.setattr(OnnxSession, "open", lambda path, *, threads=None: broken())
    with pytest.raises(SystemExit) as end:
        serve.main()
    said = capsys.readouterr()
    assert (end.value.code, said.out, said.err) == (2, "", "distill: it is no graph\n")


def broken():
    raise ModelError("it is no graph")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give model=..."),
        (("model", "port=1"), "model: give it as NAME=VALUE"),
    ],
)
def test_a_command_line_that_is_none_is_told_with_the_usage(command, arguments, message):
    code, said = command(*arguments)
    assert (code, said.splitlines()[0]) == (2, f"distill: {message}")
    assert "python -m distill.serve model=FOLDER" in said


def test_settings_that_are_unknown_or_of_another_type_are_named_in_one_message(command):
    code, said = command("model=x", "prot=1", "port=http", "max_texts=null", "read_timeout=soon", "model.x=1")
    unknown, *others = said.splitlines()
    assert unknown.startswith("distill: prot: unknown setting; did you mean port? there are max_wait_ms, ")
    assert (code, others) == (
        2,
        [
            "port=http: allowed is a whole number from 0 (any that is free) to 65535",
            "max_texts=null: allowed is a whole number from 1 to 1000000000",
            "read_timeout=soon: allowed is a number above 0, up to 86400 (a day)",
            "model.x=1: give it as model=VALUE",
        ],
    )


def test_a_port_in_use_and_a_folder_that_is_none_end_it(command, bundles, tmp_path):
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        code, said = command(f"model={bundles('classification')}", "format=onnx", f"port={port}")
    reason = f"port={port}: in use on 127.0.0.1; allowed is one that is free, or 0 for any that is"
    assert (code, said) == (2, f"distill: {reason}\n")
    assert command(f"model={tmp_path}/none") == (2, f"distill: model={tmp_path}/none: there is no such folder\n")


def test_a_changed_byte_ends_it_before_it_listens(command, bundles, tmp_path):
    folder = shutil.copytree(bundles("classification"), tmp_path / "bundle")
    checksums.write(folder)
    graph = folder / "onnx" / "model.onnx"
    content = bytearray(graph.read_bytes())
    content[-1] ^= 1
    graph.write_bytes(content)
    code, said = command(f"model={folder}", "format=onnx", "port=0")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith(f"distill: {graph} was changed since it was exported: checksums.json has another checksum")


def test_eight_bits_that_may_overflow_here_give_way_or_are_refused(bundles, tmp_path, monkeypatch):
    folder = shutil.copytree(bundles("classification"), tmp_path / "bundle")
    shutil.copy(folder / "onnx" / "model.onnx", folder / "onnx" / "model_quantized.onnx")
    quick = {"certified": True, "latency_ms": {"1x16": {"p50": 1.0}}, "saturation": {"possible": True}}
    slow = {"certified": True, "latency_ms": {"1x16": {"p50": 2.0}}}
    said = {"processor": {"flags": ["avx2", "avx512_vnni"]}, "formats": {"onnx": slow, "onnx_int8": quick}}
    (folder / "certificate.json").write_text(json.dumps(said))
    monkeypatch.setattr(processor, "flags", lambda: frozenset({"avx2", "avx_vnni"}))
    assert opening(folder, "auto").description.format == "onnx_int8"
    assert opening(folder, "auto").notes == ()
    monkeypatch.setattr(processor, "flags", lambda: frozenset({"avx2"}))
    instead = opening(folder, "auto")
    assert instead.description.format == "onnx"
    (note,) = instead.notes
    assert note.startswith(f"certificate.json of {folder} holds for a processor with VNNI, which this one lacks")
    assert note.endswith("; onnx is served instead")
    with pytest.raises(
        ModelError, match=r"^format=onnx_int8: certificate.json of .*; allowed is format=onnx, or auto$"
    ):
        opening(folder, "onnx_int8")


def test_the_help_names_every_setting_and_is_quick(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["serve", "--help"])
    start = time.monotonic()
    serve.main()
    said = capsys.readouterr().out
    assert [each.name for each in fields(ServeConfig) if not re.search(rf"^  {each.name} ", said, re.MULTILINE)] == []
    assert time.monotonic() - start < 1


def test_a_core_is_left_to_the_requests_unless_threads_are_given(bundles, monkeypatch):
    opened = []
    monkeypatch.setattr(OnnxSession, "open", lambda path, *, threads=None: opened.append(threads))
    for cores, given in ((4, None), (1, None), (4, 4)):
        monkeypatch.setattr(processor, "cores", lambda cores=cores: cores)
        with pytest.raises(AttributeError):  # there is no session to go on with
            opening(bundles("classification"), "onnx", threads=given).load()
    assert opened == [3, 1, 4]
