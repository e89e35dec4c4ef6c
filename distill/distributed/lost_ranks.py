"""What a rank makes of it that another one is gone: it knows the errors that say so, and ends with a sentence."""

import logging
import os
from typing import NoReturn

import torch.distributed as dist

from distill.base import signals
from distill.base.early_signals import GOES_ON
from distill.base.signals import Interrupted

log = logging.getLogger(__name__)


def is_broken(error: Exception) -> bool:
    """Return whether an error says that another rank is no longer there."""
    text = str(error).lower()
    return isinstance(error, dist.DistError) or any(word in text for word in ("gloo", "nccl", "connection closed"))


def leave(sentence: str) -> NoReturn:
    """End the process from any thread, with a sentence on a rank, or on the signal that has come."""
    number = signals.pending()
    log.error("distill: %s", sentence if number is None else f"{Interrupted(number)}; {GOES_ON}")
    os._exit(2 if number is None else Interrupted(number).code)
