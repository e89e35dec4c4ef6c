"""Packages that are not there are named with what brings them."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from distill.base import installed
from distill.base.installed import BROUGHT, missing_package

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORTED_AS = {"hydra_core": "hydra", "pyyaml": "yaml", "scikit_learn": "sklearn", "protobuf": "google"}


def imported(requirements):
    names = (requirement.replace("-", "_").split(">")[0] for requirement in requirements)
    return {IMPORTED_AS.get(name, name) for name in names}


def test_the_table_is_what_the_package_declares():
    everything = imported(PROJECT["dependencies"])
    assert set(BROUGHT[""]) == everything
    for extra in set(BROUGHT) - {""}:
        assert set(BROUGHT[extra]) == imported(PROJECT["optional-dependencies"][extra]) - everything
    assert set(PROJECT["optional-dependencies"]) - set(BROUGHT) == {"dev", "fuzz", "release"}


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setattr(installed, "installed", lambda *names: False)
    for module, sentence in {
        "hydra.core.hydra_config": "this command takes hydra, which is not installed: pip install distill brings it",
        "uvicorn": "this command takes uvicorn, which is not installed: pip install 'distill[serve]' brings it",
    }.items():
        assert missing_package(ModuleNotFoundError(f"No module named {module!r}", name=module)) == sentence


def test_other_errors_and_modules_are_faults_of_a_program():
    for error in (
        ModuleNotFoundError("No module named 'mine'", name="mine"),
        ModuleNotFoundError("No module named 'distill.none'", name="distill.none"),
        ModuleNotFoundError("No module named 'numpy.none'", name="numpy.none"),  # numpy is there
        ImportError("cannot import name"),
        ValueError("numpy"),
    ):
        assert missing_package(error) is None


STRANGER = """
from distill.base.installed import missing_package
try:
    import captum.attr
except ImportError as error:
    print(missing_package(error))
"""


def test_a_file_that_stands_before_a_package_is_named(tmp_path):
    stranger = tmp_path / "captum.py"
    stranger.write_text("x = 1\n")
    ended = subprocess.run(
        [sys.executable, "-c", STRANGER], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert ended.stdout == (
        f"{stranger} is imported in place of the package captum: rename it, or run the command in another folder\n"
    )
