"""Commands as processes where a package is missing: one sentence says what brings it, wherever it is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from predicted import inputs, jsonl

ROOT = Path(__file__).parents[1]
WITHOUT = """
import runpy, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

missing, module = sys.argv.pop(1).split(","), sys.argv.pop(1)
sys.meta_path.insert(0, Missing())
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def without(missing, *arguments):
    """The exit code of a command in an environment that lacks some packages, and what it says."""
    command = [sys.executable, "-c", WITHOUT, missing, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("missing", "command"),
    [
        ("hydra", ["distill.design", "--help"]),
        ("hydra", ["distill.run"]),
        ("hydra", ["distill", "doctor", "experiment=sst2_tiny"]),
        ("omegaconf", ["distill.predict", "--help"]),
        ("omegaconf", ["distill.serve", "model=none"]),
    ],
)
def test_what_a_command_imports_first_is_named(missing, command):
    message = f"this command takes {missing}, which is not installed: pip install distill brings it"
    assert without(missing, *command) == (2, f"distill: {message}\n")


@pytest.mark.parametrize("missing", ["numpy", "tokenizers"])
def test_what_a_prediction_imports_later_is_named(bundles, tmp_path, missing):
    source = jsonl(tmp_path / "in.jsonl", inputs("classification"))
    given = (f"model={bundles('classification')}", "format=onnx", f"input={source}", f"output={tmp_path}/out.jsonl")
    message = f"this command takes {missing}, which is not installed: pip install distill brings it"
    assert without(missing, "distill.predict", *given) == (2, f"distill: {message}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("prometheus_client", "prometheus_client, which is"),
        ("fastapi,uvicorn", "fastapi and uvicorn, which are"),
    ],
)
def test_what_a_server_takes_is_named_with_its_extra(missing, named):
    code, said = without(missing, "distill.serve", "model=none", "port=0")
    brings = "them" if "," in missing else "it"
    message = f"a server takes {named} not installed: pip install 'distill[serve]' brings {brings}"
    assert (code, said) == (2, f"distill: {message}\n")
