"""Refuse before the first stage a way to train that models or machine cannot have."""

import os
import shutil
from collections.abc import Mapping
from copy import deepcopy
from importlib.util import find_spec

from transformers import PretrainedConfig

from distill.errors import ConfigError
from distill.models.on_meta import build_on_meta
from distill.stages.job import RunSpec
from distill.training.model_modes import refuse_without_recomputing
from distill.training.trainer import on_gpu

_COMPILERS = ("c++", "g++", "clang++")


def ways_to_train(spec: RunSpec, configs: Mapping[str, PretrainedConfig]) -> None:
    """Try whether checkpoints can compute layers again, and whether this machine can compile.

    Raises:
        ModelError: an architecture cannot.
        ConfigError: there is no compiler.
    """
    trainer = spec.config.trainer
    for config in configs.values() if trainer.activation_checkpointing else ():
        refuse_without_recomputing(build_on_meta(deepcopy(config), spec.setup.task.head))
    if not trainer.compile:
        return
    if on_gpu(trainer.accelerator):
        if find_spec("triton") is None:
            raise ConfigError("trainer.compile=true: needs the package triton on a GPU; install it, or give false")
    elif not any(map(shutil.which, (os.environ.get("CXX", "c++"), *_COMPILERS))):
        raise ConfigError(
            f"trainer.compile=true: needs a compiler ({', '.join(_COMPILERS)}) on a CPU; allowed is false"
        )
