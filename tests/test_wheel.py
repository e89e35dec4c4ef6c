"""The wheel, in an environment of its own and outside the checkout, runs an experiment with the cards it brings."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def shell(*command, cwd):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_installs_by_itself_and_runs_outside_the_checkout(tmp_path, small):
    shell(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT), cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    python = str(tmp_path / "env" / "bin" / "python")
    shell(python, "-m", "pip", "install", "--quiet", str(wheel), cwd=tmp_path)
    where = shell(python, "-c", "import distill; print(distill.__file__)", cwd=tmp_path)
    assert where.startswith(str(tmp_path))
    out = shell(str(tmp_path / "env" / "bin" / "distill"), *small, "hydra.run.dir=run", cwd=tmp_path)
    assert out.rstrip().endswith("export: run/export/huggingface")
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000
