"""The wheel, outside the checkout, runs an experiment with the cards it brings; all that it imports is declared."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]


def shell(*command, cwd):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def imported(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def plain(requirement):
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def licence(wheel):
    with ZipFile(wheel) as files:
        (name,) = (each for each in files.namelist() if each.endswith(".dist-info/licenses/LICENSE"))
        return files.read(name)


def test_whatever_is_imported_is_declared():
    modules = {name.split(".")[0] for file in (ROOT / "distill").rglob("*.py") for name in imported(file)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [
        each
        for name, extra in project["optional-dependencies"].items()
        if name not in ("dev", "fuzz", "release")
        for each in extra
    ]
    declared = {plain(each) for each in (*project["dependencies"], *extras)}
    owners = packages_distributions()
    strangers = modules - set(sys.stdlib_module_names) - {"distill", "_typeshed"}  # the last one type checkers bring
    assert len(strangers) > 10
    assert [name for name in sorted(strangers) if not declared & {plain(owner) for owner in owners[name]}] == []


def test_the_wheel_runs_outside_the_checkout(tmp_path, small):
    """In an environment that has only the packages of this one besides: to install those again takes minutes."""
    shell(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT), cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert licence(wheel) == (ROOT / "LICENSE").read_bytes()
    venv.create(tmp_path / "env", with_pip=False)
    python = str(tmp_path / "env" / "bin" / "python")
    shell(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", str(wheel), cwd=tmp_path)
    (own,) = (tmp_path / "env").glob("lib/python*/site-packages")
    (own / "others.pth").write_text(sysconfig.get_path("purelib"))
    where = shell(python, "-c", "import distill; print(distill.__file__)", cwd=tmp_path)
    assert where.startswith(str(tmp_path))
    out = shell(str(tmp_path / "env" / "bin" / "distill"), "run", *small, "hydra.run.dir=run", cwd=tmp_path)
    assert out.rstrip().endswith("export: run/export/student")
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000
