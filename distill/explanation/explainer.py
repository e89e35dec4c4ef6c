"""Explain what a finished model says of an example: towards the label that it gives, and towards the right one."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from transformers import PreTrainedModel

from distill.data.answering import Answer
from distill.errors import ConfigError
from distill.explanation.attribution import Attribution, Rule, attribute, model_inputs
from distill.explanation.reading import Reading, read
from distill.inference.predictor import Predictor
from distill.inference.torch_arrays import TensorRuntime
from distill.inference.torch_runtime import TorchRuntime
from distill.models.forward import select_columns
from distill.tasks import TASKS, Task, arrays, task
from distill.types import Batch

MASK, PAD = "mask", "pad"
"""The tokens that stand in the baseline for those of the text."""


class Target(NamedTuple):
    """A number that a model says of an example.

    Attributes:
        label: the one that it is the logit of; empty for a score.
        column: of the logits.
        place: the row of the example's logits: 0, or the number of a word that gets a tag.
    """

    label: str
    column: int
    place: int = 0


class Explained(NamedTuple):
    """What each token of an example adds to a number that a model says of it."""

    target: Target
    reading: Reading
    attribution: Attribution


def explains(module: Task) -> bool:
    """Return whether a task's models say numbers of texts or words, which can be told apart by token."""
    return not module.writes and module.class_axis == "labels"


def refuse_others(name: str, module: Task) -> None:
    """Refuse a task whose models say nothing that tokens add up to.

    Raises:
        ConfigError: it is one.
    """
    if not explains(module):
        why = (
            "a text that is written is a choice for each of its tokens, not one number"
            if module.writes
            else "an answer is two places in a window of the context, not one number"
        )
        able = ", ".join(each for each in TASKS if explains(task(each)))
        raise ConfigError(f"a model of {name} cannot be explained: {why}; allowed is a model of {able}")


class Explainer:
    """A finished model that says which tokens made its answer."""

    def __init__(self, model: Predictor, rule: Rule, baseline: str = MASK) -> None:
        """Explain a model.

        Args:
            model: opened with PyTorch.
            rule: how exact it has to be.
            baseline: the tokens that stand for those of the text where it says nothing: ``mask``, or padding, which
                also stands in where the model has no mask.
        """
        self.model, self._rule = model, rule
        runtime = cast(TorchRuntime, cast(TensorRuntime, model.runtime).runtime)
        self._module: PreTrainedModel = runtime.model.requires_grad_(False)
        self._columns, self._device = runtime.columns, runtime.device
        tokenizer = model.tokenizer
        has_mask = tokenizer.mask_token_id is not None and baseline == MASK
        self.baseline = MASK if has_mask else PAD
        self._empty = cast(int, tokenizer.mask_token_id if has_mask else tokenizer.pad_token_id)
        marks = cast(Sequence[int], tokenizer.convert_tokens_to_ids(list(model.task.markers)))
        self._kept = {*tokenizer.all_special_ids, *marks} - {tokenizer.unk_token_id}

    @property
    def labels(self) -> Sequence[str]:
        """The names of the labels, in the order of the logits; empty for a score."""
        return self.model.form.labels

    def answers(self, rows: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Return what the model says of examples."""
        return self.model.answer_rows(rows)

    def target(self, label: str, place: int = 0) -> Target:
        """Return the number that stands for a label, or a score."""
        return Target(label, self.labels.index(label) if self.labels else 0, place)

    def explain(self, row: Mapping[str, Any], targets: Sequence[Target]) -> list[Explained]:
        """Return what each token of an example adds to numbers that the model says of it.

        Args:
            row: the task's inputs.
            targets: the numbers.
        """
        found = []
        for target in targets:
            reading = read(self.model, row, target.place)
            (ids,) = reading.features["input_ids"]
            batch = arrays.batch(reading.features, cast(int, self.model.tokenizer.pad_token_id))
            empty = [number if number in self._kept else self._empty for number in ids]
            said = _Said(self.model, self._columns, reading, target)
            found.append(
                Explained(
                    target,
                    reading,
                    attribute(
                        self._module,
                        model_inputs(batch, self._device),
                        torch.tensor([empty], device=self._device),
                        said,
                        self._rule,
                    ),
                )
            )
        return found


class _Said:
    """A number that a model says of a text.

    Of labels that exclude each other it is the logit minus the mean of all: a shift of all logits changes no
    probability. Of labels of which a text may have several it is the logit, else the score.
    """

    def __init__(
        self, model: Predictor, columns: Sequence[int | None] | None, reading: Reading, target: Target
    ) -> None:
        self._model, self._columns, self._target = model, columns, target
        self._features = reading.features

    def __call__(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return it for each copy of the text."""
        module, copies = self._model.task, len(logits)
        (count,), (first,) = self._features["count"], self._features["first"]
        asked = {**batch, "labels": logits.new_zeros(copies * count)}
        if "positions" in self._features:
            places = arrays.places({name: self._features[name] * copies for name in ("count", "positions")})
            asked |= {name: torch.from_numpy(values).to(logits.device) for name, values in places.items()}
        rows, _ = module.align(select_columns(logits, self._columns), asked, self._model.form)
        row = rows.reshape(copies, count, -1)[:, self._target.place - first]
        said = row[:, self._target.column]
        return said - row.mean(dim=1) if module.kind == "class" else said


def targets(
    explainer: Explainer, answer: Mapping[str, Any], gold: object, others: Sequence[Mapping[str, Any]]
) -> list[Target]:
    """Return what is explained of a model's answer: what it says, and what is right.

    Args:
        explainer: the model.
        answer: what it says.
        gold: what is right, or none.
        others: what the models beside it say, which tells the word whose tag, and the labels, that are of interest.
    """
    if "tags" in answer:
        place = _parting([answer["tags"], *(each["tags"] for each in others)], gold)
        right = gold[place] if isinstance(gold, list) and place < len(gold) else None
        return _named(explainer, [answer["tags"][place], right], place)
    if "labels" in answer:
        return _named(explainer, _of_several(answer, gold, others))
    if "label" in answer:
        return _named(explainer, [answer["label"], gold])
    return [explainer.target("")]


def _named(explainer: Explainer, labels: Sequence[object], place: int = 0) -> list[Target]:
    known = dict.fromkeys(label for label in labels if label in explainer.labels)
    return [explainer.target(cast(str, label), place) for label in known]


def _parting(tags: Sequence[Sequence[str]], gold: object) -> int:
    """Return the first word whose tag is not the same for all; else the first that is tagged, else the first.

    >>> _parting([["O", "B-X"], ["O", "O"]], None), _parting([["O", "B-X"]], None), _parting([["O"]], ["O"])
    (1, 1, 0)
    """
    said = [*tags, gold] if isinstance(gold, list) and len(gold) == len(tags[0]) else tags
    differ = [place for place, each in enumerate(zip(*said, strict=True)) if len(set(each)) > 1]
    tagged = [place for place, tag in enumerate(tags[0]) if tag != "O"]
    return next(iter([*differ, *tagged]), 0)


def _of_several(answer: Mapping[str, Any], gold: object, others: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the labels that not all agree on; else those that all give, else the likeliest."""
    sets = [set(each["labels"]) for each in (answer, *others)] + ([set(gold)] if isinstance(gold, list) else [])
    differ = set.union(*sets) - set.intersection(*sets)
    likely: Mapping[str, float] = answer["probabilities"]
    return sorted(differ or sets[0], key=lambda label: -likely.get(label, 0.0)) or [max(likely, key=likely.__getitem__)]
