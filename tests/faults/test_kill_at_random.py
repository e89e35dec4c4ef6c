"""The script that kills runs, in short: one kill of the run alone, and one of two ranks with the store in memory."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")  # noqa: S108 - another file system than that of temporary files, where there is one


@pytest.mark.long
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_killed_run_ends_bit_equal(ranks, tmp_path):
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as store:
        given = [str(tmp_path), "seed=3", f"kills={3 - ranks}", f"ranks={ranks}", *([f"store={store}"] * (ranks == 2))]
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests" / "faults" / "kill_at_random.py"), *given], text=True, check=False,
            capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=900,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"seed 3: {3 - ranks} kills: bit-equal, the report the same; at most " in done.stdout
