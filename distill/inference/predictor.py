"""A finished model's word on new examples, from its folder alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from distill.data.answering import answers
from distill.data.batching import Place
from distill.data.inputs import Inputs
from distill.data.streaming import Row
from distill.errors import DataError, ModelError
from distill.inference.runtime import Runtime
from distill.inference.torch_runtime import TorchRuntime
from distill.models import checkpoint_validation, loading
from distill.models.forward import forward_errors
from distill.models.label_columns import label_columns
from distill.models.origins import locate, said_beside
from distill.models.task_metadata import read_form
from distill.tasks import TASKS, EncodingSpec, Task, task
from distill.tasks.collating import collate
from distill.tasks.ranking import TOP, ranked, refuse_unranked

TEXTS = "AutoModelForSequenceClassification"
"""The head whose outputs are labels of texts, or their score."""


@dataclass(frozen=True)
class Predictor:
    """A model and all it takes to ask it.

    Attributes:
        runtime: the model, in memory, with its task's head.
        tokenizer: its own.
        task: what it predicts.
        form: labels and limits of length.
        generation: how it writes, in the words of transformers' ``generate``.
        batch_size: features it reads at once.
        trained: input to the name that its column had in training, which is looked for first.
    """

    runtime: Runtime
    tokenizer: PreTrainedTokenizerBase
    task: Task
    form: EncodingSpec
    generation: Mapping[str, int]
    batch_size: int = 32
    trained: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: str | Path, *, task: str | None = None, max_length: int | None = None) -> "Predictor":
        """A predictor from a Hugging Face folder.

        Args:
            folder: exported by a run, or any other.
            task: what it predicts, for a folder that does not say.
            max_length: tokens of a text, for a folder that does not say.

        Raises:
            ModelError: it is no model folder, or does not say what is needed and it is not given.
        """
        return load(Path(folder), name=task, max_length=max_length)

    def __call__(self, *given: Any, top_k: int | str | None = None) -> dict[str, Any]:  # noqa: ANN401
        """The prediction for one example, such as ``predictor("a text")`` or ``predictor("a text", "another")``.

        Args:
            given: the task's inputs, in their order.
            top_k: how many labels to add with their probabilities, the likeliest first: a number, or ``all``.

        Returns:
            What the model says, such as ``{"label": "positive", "probability": 0.98}``.

        Raises:
            DataError: an input is missing, or is none.
        """
        if len(given) != len(self.task.inputs):
            raise DataError(f"give {' and '.join(self.task.inputs)}, which the model reads, and nothing else")
        row = dict(zip(self.task.inputs, given, strict=True))
        inputs = Inputs(self.task.inputs, named={role: role for role in row}, problem=self.task.problem)
        (answer,) = self.predict([inputs.example(row, "the example")], top_k=top_k)
        return answer

    def stream(
        self,
        rows: Iterable[tuple[int, Row]],
        named: Mapping[str, str],
        source: str,
        *,
        refuse: bool = True,
        top_k: int | str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The prediction for each row, in their order, after the row's ``id``.

        Args:
            rows: numbered, with a column for each of the task's inputs.
            named: input, or ``id``, to the name of its column, where it is another one than its own or training's.
            source: of the rows, for messages.
            refuse: whether a row that cannot be used is refused; else its answer is an ``error``.
            top_k: how many labels to add with their probabilities.

        Raises:
            DataError: a row lacks an input, or has one that is none; or some rows have an id and others not.
        """
        inputs = Inputs(self.task.inputs, self.trained, named, self.task.problem)
        ask = partial(self.predict, top_k=top_k)
        return answers(rows, inputs, ask, source, refuse=refuse)

    @torch.inference_mode()
    def predict(
        self, examples: Sequence[Row], named: Sequence[str] = (), *, top_k: int | str | None = None
    ) -> list[dict[str, Any]]:
        """The prediction for each example, a mapping of the task's inputs.

        Args:
            examples: each with the task's inputs.
            named: what a message calls each of them; by their places, where that is not given.
            top_k: how many labels to add with their probabilities, the likeliest first: a number, or ``all``.

        Raises:
            ConfigError: there are no labels to rank.
            ModelError: what the model says of one is no number.
        """
        refuse_unranked(self.task, top_k)
        columns: dict[str, Any] = {role: [example[role] for example in examples] for role in self.task.inputs}
        columns["key"] = list(range(len(examples)))
        prepare = self.task.prompt or self.task.encode
        features = prepare(columns, self.tokenizer, self.form)
        order = sorted(range(len(features["key"])), key=lambda number: len(features["input_ids"][number]))
        answered: dict[tuple[int, int], Tensor] = {}
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            some = {name: [values[number] for number in chosen] for name, values in features.items()}
            places = zip(some["key"], some["first"], strict=True)
            answered |= dict(zip(places, self._answers(some), strict=True))
        parts: list[list[Tensor]] = [[] for _ in examples]
        for key, first in sorted(answered):
            rows = answered[key, first]
            if rows.is_floating_point() and not bool((rows < torch.inf).all()):  # -inf is a class that cannot be
                where = named[key] if named else f"example {key + 1}"
                raise ModelError(f"{where}: what the model says of it is no finite number: is the model whole?")
            parts[key].append(rows)
        logits = [torch.cat(part) for part in parts]
        decoded = self.task.decode(logits, columns, self.tokenizer, self.form)
        if top_k is None:
            return [dict(record) for record in decoded]
        best = (ranked(rows, self.task.kind, self.form.labels, top_k) for rows in logits)
        return [{**answer, TOP: labels} for answer, labels in zip(decoded, best, strict=True)]

    def _answers(self, features: Mapping[str, Any]) -> list[Tensor]:
        """What the model says of each feature: its rows, or the tokens it writes."""
        pad, decoder = self.tokenizer.pad_token_id, self.task.family == "decoder"
        batch = collate(features, Place(()), pad_id=pad, teacher_pad_id=pad, side="left" if decoder else "right")
        batch = {name: tensor.to(self.runtime.device) for name, tensor in batch.items()}
        with forward_errors(self.runtime.name):
            if self.task.writes:
                return [ids.unsqueeze(-1).cpu() for ids in self.runtime.generate(batch, self.generation)]
            logits = self.runtime.logits(batch)
        rows, _ = self.task.align(logits, batch, self.form)
        return list(torch.split(rows.float().cpu(), features["count"]))


def load(folder: Path, *, name: str | None = None, max_length: int | None = None, batch_size: int = 32) -> Predictor:
    """A predictor from a Hugging Face folder.

    Args:
        folder: exported by a run, which says in its ``config.json`` what it was made for; the run's own, or that of
            a stage; or any other.
        name: of the task, for a folder that does not say.
        max_length: tokens of a text, for a folder that does not say.
        batch_size: features it reads at once.

    Raises:
        ModelError: it is no model folder, or does not say what is needed and it is not given.
    """
    folder = loading.resolve(locate(str(folder)))
    config = loading.configuration(folder)
    known = said_beside(folder) | read_form(folder)
    name = name or known.get("task")
    if name is None:
        raise ModelError(f"{folder} does not say what it predicts; give it as task=NAME: {', '.join(TASKS)}")
    if name not in TASKS:
        raise ModelError(f"task={name}: allowed is one of {', '.join(TASKS)}")
    module = task(name)
    labels = tuple(known.get("labels", _labels(module, config)))
    if not labels and len(module.outputs(["some"])) > len(module.outputs([])):
        raise ModelError(f"{folder} does not say which labels it predicts")
    form = _form(labels, known, config, max_length)
    if module.family == "decoder" and form.max_target_length >= form.max_length:
        raise ModelError(f"max_length={form.max_length}: a reply alone may have {form.max_target_length} tokens")
    tokenizer = loading.load_tokenizer(folder, module.markers, name if module.windows else None)
    way_out = "give a folder that was saved after fine-tuning, such as one that a run exported"
    checkpoint_validation.inspect(folder, config, module.head, tokenizer, finished=True, labels=False, way_out=way_out)
    if module.head == TEXTS:
        checkpoint_validation.refuse_other_outputs(folder, config, module.kind)
    outputs, device = module.outputs(labels), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    columns = label_columns(config, outputs, []) if labels else None
    runtime = TorchRuntime.load(folder, module.head, tokenizer, columns=columns, labels=outputs, device=device)
    writing = known.get("generation") or {"num_beams": 1, "max_new_tokens": form.max_target_length}
    trained = known.get("columns", {})
    return Predictor(runtime, tokenizer, module, form, writing, batch_size, trained)


def _form(labels: tuple[str, ...], known: Mapping[str, Any], config: Any, max_length: int | None) -> EncodingSpec:  # noqa: ANN401
    """What the folder says of lengths and answers, or the usual as far as the model reads."""
    names = ("max_length", "max_target_length", "stride", "max_answer_length", "unanswerable")
    limits = {key: known[key] for key in names if key in known}
    if max_length is not None:
        loading.inside_bounds(config, max_length, "model", "max_length")
        limits["max_length"] = max_length
    elif "max_length" in limits:
        loading.inside_bounds(config, limits["max_length"], "model", "max_length of config.json")
    limits.setdefault("max_length", min(EncodingSpec.max_length, loading.bound(config) or EncodingSpec.max_length))
    return EncodingSpec(labels, **limits)


def _labels(module: Task, config: Any) -> list[str]:  # noqa: ANN401
    """The labels of a folder that only names its outputs."""
    named = [str(label) for _, label in sorted((config.id2label or {}).items())]
    return named if module.outputs(named) == named else []
