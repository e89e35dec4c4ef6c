"""Tell which of the processes that a launcher has started together this one is, before anything is imported."""

import os

_BY_HAND = ("bash", "interactive")
"""Names of SLURM's jobs in which somebody works by hand, who starts a command once."""


def launcher_rank() -> int:
    """Return the number of this process among those of ``torchrun`` or ``srun``; 0 where neither has started it."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        number = os.environ.get("RANK", "0")
    elif "SLURM_NTASKS" in os.environ and os.environ.get("SLURM_JOB_NAME") not in _BY_HAND:
        number = os.environ.get("SLURM_PROCID", "0")
    else:
        return 0
    return int(number) if number.isdecimal() else 0
