"""Train the baselines that a run compares its student with, and let them answer its examples."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from distill.base import long_work
from distill.baselines import FittedBaseline, LabelledTexts, Rate, Texts, baseline
from distill.inference import scoring
from distill.inference.held_outputs import HeldOutputs
from distill.inference.scoring import ModelOutputs
from distill.stages.class_weights import class_weights
from distill.stages.job import RunSpec, StageSettings

log = logging.getLogger(__name__)

Fitted: TypeAlias = Mapping[str, FittedBaseline]
"""Name of each baseline of a run to what was trained."""


def settings(spec: RunSpec) -> StageSettings:
    """Return what decides on the baselines of a run; nothing where it has none."""
    recipes = {row.name: baseline(row.name).recipe for row in spec.decisions.of_role("baseline")}
    if not recipes:
        return {}
    weights = spec.config.data.class_weights
    weighted = {"class_weights": weights} if weights != "none" else {}
    return {"baselines": {"recipes": recipes, **spec.data.identity("train"), **weighted}}


def fit(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> dict[str, FittedBaseline]:
    """Train each baseline of a run on the labelled rows of train.

    Args:
        spec: the run.
        tokenizer: any model's, with which the answers of all are decoded.
    """
    fitted = {}
    for row in spec.decisions.of_role("baseline"):
        start, train = time.monotonic(), spec.data.splits["train"]
        labelled = LabelledTexts(
            _texts(spec, train),
            np.asarray(train["label"][:], dtype=np.float64),
            spec.setup.task.kind,
            spec.setup.classes or 1,
            class_weights(spec),
        )
        with long_work.work(f"training {row.name}", 1, "") as training:
            fitted[row.name] = baseline(row.name).fit(labelled, _rate(spec, tokenizer), spec.config.seed)
            training.at(1)
        log.info("%s: %s; trained in %.1f s", row.name, fitted[row.name].description, time.monotonic() - start)
    return fitted


def answers(spec: RunSpec, model: FittedBaseline, split: str) -> ModelOutputs:
    """Return what a baseline says of each example of a split."""
    rows = spec.data.splits[split]
    return ModelOutputs(HeldOutputs(rows["key"][:], torch.from_numpy(model.logits(_texts(spec, rows)))))


def calls(spec: RunSpec, fitted: Fitted, count: int) -> dict[str, Callable[[int], object]]:
    """Return for each baseline a function that lets it read one of the first examples of validation, by its number."""
    split = spec.data.splits["validation"]
    texts = _texts(spec, split.select(range(min(count, len(split)))))

    def call(model: FittedBaseline) -> Callable[[int], object]:
        return lambda row: model.logits([texts[row]])

    return {name: call(model) for name, model in fitted.items()}


def _texts(spec: RunSpec, rows: Dataset) -> Texts:
    columns = rows[:]
    return list(zip(*(columns[role] for role in spec.setup.task.text), strict=True))


def _rate(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> Rate:
    """Return the function that scores logits of some rows of train by the metric that leads the run."""
    train, headline = spec.data.splits["train"], spec.leading.headline

    def rate(logits: NDArray[np.float32], positions: NDArray[np.intp]) -> float:
        examples = train[positions]
        records = spec.setup.decode(list(logits[:, np.newaxis]), examples, tokenizer)
        scored, _ = scoring.score_records(spec.setup, spec.metrics, examples, records)
        value = scored.metrics[headline.name]
        if math.isnan(value):  # a correlation of what is the same throughout
            return -math.inf
        return value if headline.mode == "max" else -value

    return rate
