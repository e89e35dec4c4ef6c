"""The script of what only a GPU can show passes where there is one, and says elsewhere why it does nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parent / "check.py"


def said():
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so():
    assert said() == (0, "skipped: there is no NVIDIA GPU\n")


@pytest.mark.long
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
def test_it_passes_on_a_gpu():
    code, text = said()
    assert code == 0, text
