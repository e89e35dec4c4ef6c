"""What a release needs: licences, a bill of materials, advisories that were really asked, and a wheel that repeats."""

import importlib.util
import json
import re
import tomllib
from importlib.metadata import Distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("release_check", ROOT / ".ci" / "release.py")
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)


def test_every_dependency_has_a_line_with_its_licence_and_origin():
    packages = check.dependencies()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {check.canonical(re.match(r"[\w.-]+", each)[0]) for each in project["dependencies"]}
    assert named <= packages.keys()
    lines = check.table(packages).splitlines()[4:]
    assert len(lines) == len(packages)
    assert "| pyyaml |" in "".join(lines)
    (numpy,) = (line for line in lines if line.startswith("| numpy |"))
    assert "BSD-3-Clause" in numpy
    assert "https://" in numpy


def test_a_package_that_brings_its_licence_as_a_file_alone_has_that_of_the_file(tmp_path):
    info = tmp_path / "mine-1.0.dist-info"
    (info / "licenses").mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: mine\nVersion: 1.0\nLicense-File: LICENSE\n")
    (info / "licenses" / "LICENSE").write_text("\n        Apache License\n   Version 2.0, January 2004\n")
    (info / "RECORD").write_text("mine-1.0.dist-info/licenses/LICENSE,,\nmine-1.0.dist-info/METADATA,,\n")
    assert check.licence(Distribution.at(info)) == "Apache License"
    (info / "RECORD").write_text("mine-1.0.dist-info/METADATA,,\n")
    assert check.licence(Distribution.at(info)) == "not said"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "known weaknesses could not be checked: no server of advisories answered (no route)"),
        (
            json.dumps(
                {"dependencies": [{"name": "a", "skip_reason": "?"}, {"name": "b", "version": "1", "vulns": []}]}
            ),
            "known weaknesses could not be checked of 1 of 2 packages, such as a: the server knows nothing of them",
        ),
        (
            json.dumps({"dependencies": [{"name": "b", "version": "1", "vulns": [{"id": "CVE-1"}]}]}),
            "known weaknesses: b 1 (CVE-1)",
        ),
        (json.dumps({"dependencies": [{"name": "b", "version": "1", "vulns": []}]}), None),
    ],
)
def test_what_no_server_answers_for_is_no_success(answer, said):
    assert check.problem_of_answer(answer, "first\nno route\n") == said


@pytest.mark.long
def test_two_builds_of_the_wheel_are_the_same_bytes(tmp_path):
    epoch = check.of_commit()
    one, two = (check.built(tmp_path / name, epoch) for name in ("one", "two"))
    assert check.checksum(one) == check.checksum(two)
