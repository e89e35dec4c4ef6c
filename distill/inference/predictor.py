"""Predict new examples with a finished model, from its folder alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from distill.data.answering import Answer, answers
from distill.data.given_examples import given_example, given_examples
from distill.data.inputs import Inputs
from distill.data.streaming import Row
from distill.errors import ConfigError, ModelError
from distill.inference.array_runtime import ArrayRuntime
from distill.inference.formats import AUTO, TORCH
from distill.inference.opened_model import open_model
from distill.tasks import EncodingSpec, Features, Task, arrays
from distill.tasks.ranking import TOP, ranked, refuse_unranked

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Predictor:
    """A model and all it takes to ask it for predictions.

    Attributes:
        runtime: the model, in memory, with its task's head.
        tokenizer: its own.
        task: what it predicts.
        form: labels and limits of length.
        generation: how it writes, in the words of transformers' ``generate``.
        batch_size: features it reads at once.
        trained: input to the name that its column had in training, which is looked for first.
        format: the form of the model that answers: torch, onnx or onnx_int8.
        notes: what whoever asks has to know of it, each a sentence.
    """

    runtime: ArrayRuntime
    tokenizer: "PreTrainedTokenizerBase"
    task: Task
    form: EncodingSpec
    generation: Mapping[str, int]
    batch_size: int = 32
    trained: Mapping[str, str] = field(default_factory=dict)
    format: str = TORCH
    notes: tuple[str, ...] = ()

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        task: str | None = None,
        max_length: int | None = None,
        batch_size: int = 32,
        format: str = AUTO,
        threads: int | None = None,
        threshold: float | None = None,
    ) -> "Predictor":
        """Return a predictor from the folder of a model.

        Args:
            folder: exported by a run, or any other of Hugging Face.
            task: what it predicts, for a folder that does not say.
            max_length: tokens of a text, for a folder that does not say.
            batch_size: features it reads at once.
            format: torch, onnx or onnx_int8; ``auto`` takes the quickest that the folder's certificate names.
            threads: of a graph's runtime; as many as it takes by itself, if not given.
            threshold: the probability above which one of several labels is given; as the folder says, if not given.

        Raises:
            ConfigError: there is no such format, the task does not read a threshold, or a number is none.
            ModelError: it is no model folder, lacks the format, or does not say what is needed and it is not given.
        """
        if type(batch_size) is not int or batch_size < 1:
            raise ConfigError(f"batch_size={batch_size!r}: allowed is a whole number from 1 up")
        if type(max_length) not in (int, type(None)):
            raise ConfigError(f"max_length={max_length!r}: allowed is a whole number")
        opened = open_model(
            Path(folder), format, name=task, max_length=max_length, threads=threads, threshold=threshold
        )
        return cls(
            opened.runtime,
            opened.tokenizer,
            opened.form.task,
            opened.form.spec,
            opened.form.generation,
            batch_size,
            opened.form.columns,
            opened.format,
            opened.notes,
        )

    def __call__(self, *inputs: object, top_k: int | str | None = None) -> Answer:
        """Return the prediction for one example, such as ``predictor("a text")`` or ``predictor("a text", "another")``.

        Args:
            *inputs: the task's inputs, in their order.
            top_k: how many labels to add with their probabilities, the likeliest first: a number, or ``all``.

        Returns:
            What the model says, such as ``{"label": "positive", "probability": 0.98}``.

        Raises:
            DataError: an input is missing, or is none.
        """
        example = given_example(inputs, self.task.inputs, self.task.problem, "the example")
        (answer,) = self.answer_rows([example], top_k=top_k)
        return answer

    def predict(self, examples: Sequence[object], *, top_k: int | str | None = None) -> list[Answer]:
        """Return the prediction for each example, such as ``predictor.predict(["a text", "another text"])``.

        Args:
            examples: each a mapping of the task's inputs, or a tuple of them in their order, or, of a task with one
                input, that alone.
            top_k: how many labels to add with their probabilities, the likeliest first: a number, or ``all``.

        Raises:
            ConfigError: there are no labels to rank.
            DataError: an input is missing, or is none.
            ModelError: what the model says of one is no number.
        """
        return self.answer_rows(given_examples(examples, self.task.inputs, self.task.problem), top_k=top_k)

    def stream(
        self,
        rows: Iterable[tuple[int, Row]],
        named: Mapping[str, str],
        source: str,
        *,
        refuse: bool = True,
        top_k: int | str | None = None,
    ) -> Iterator[Answer]:
        """Yield the prediction for each row, in their order, after the row's ``id``.

        Args:
            rows: numbered, with a column for each of the task's inputs.
            named: input, or ``id``, to the name of its column, where it is another one than its own or training's.
            source: the name of the rows' file, for messages.
            refuse: whether a row that cannot be used is refused; else its answer is an ``error``.
            top_k: how many labels to add with their probabilities.

        Raises:
            DataError: a row lacks an input, or has one that is none; or some rows have an id and others not.
        """
        inputs = Inputs(self.task.inputs, self.trained, named, self.task.problem)
        ask = partial(self.answer_rows, top_k=top_k)
        return answers(rows, inputs, ask, source, refuse=refuse)

    def answer_rows(
        self, examples: Sequence[Row], named: Sequence[str] = (), *, top_k: int | str | None = None
    ) -> list[Answer]:
        """Return the prediction for each of some rows, whose inputs have been read and checked.

        Args:
            examples: each with the task's inputs.
            named: what a message calls each of them; by their places, where that is not given.
            top_k: how many labels to add with their probabilities, the likeliest first: a number, or ``all``.

        Raises:
            ConfigError: there are no labels to rank.
            ModelError: what the model says of one is no number.
        """
        refuse_unranked(self.task, top_k)
        if not examples:
            return []
        features = self.encode(examples)
        rows = self.by_example(features, self.ask(features), len(examples))
        self.refuse_not_finite(rows, named)
        return self.decode(examples, rows, top_k=top_k)

    def encode(self, examples: Sequence[Row]) -> Features:
        """Return the features of some examples, one or several of each, whose ``key`` is the example's number."""
        prepare = self.task.prompt or self.task.encode
        return prepare(self._columns(examples), self.tokenizer, self.form)

    def ask(self, features: Features) -> list[NDArray[Any]]:
        """Return the rows ``[count, classes]`` of each feature, or the tokens ``[tokens, 1]`` that are written for it.

        Features of similar lengths are read together, ``batch_size`` at once.
        """
        lengths = [len(ids) for ids in features["input_ids"]]
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        answered: list[NDArray[Any]] = [np.empty(0)] * len(order)
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            some = {name: [values[number] for number in chosen] for name, values in features.items()}
            for number, rows in zip(chosen, self._answers(some), strict=True):
                answered[number] = rows
        return answered

    def by_example(self, features: Features, rows: Sequence[NDArray[Any]], examples: int) -> list[NDArray[Any]]:
        """Return the rows of each of ``examples``, joined from those of its features."""
        parts: list[list[tuple[int, NDArray[Any]]]] = [[] for _ in range(examples)]
        for key, first, some in zip(features["key"], features["first"], rows, strict=True):
            parts[key].append((first, some))
        ordered = (sorted(part, key=lambda one: one[0]) for part in parts)
        return [part[0][1] if len(part) == 1 else np.concatenate([some for _, some in part]) for part in ordered]

    def refuse_not_finite(self, rows: Sequence[NDArray[Any]], named: Sequence[str] = ()) -> None:
        """Refuse rows of logits of examples, which a message calls as they are ``named``, or by their places.

        Negative infinity is a class that cannot be.

        Raises:
            ModelError: there are such rows.
        """
        for number, logits in enumerate(rows):
            if not np.all(logits < np.inf):
                where = named[number] if named else f"example {number + 1}"
                raise ModelError(f"{where}: what the model says of it is no finite number: is the model whole?")

    def decode(
        self, examples: Sequence[Row], rows: Sequence[NDArray[Any]], *, top_k: int | str | None = None
    ) -> list[Answer]:
        """Return what a user is told of each example, from its rows ``[n, classes]`` or its written tokens.

        Args:
            examples: each with the task's inputs.
            rows: of each example, as ``by_example`` joins them.
            top_k: how many labels to add with their probabilities, the likeliest first: a number, or ``all``.
        """
        decoded = self.task.decode(rows, self._columns(examples), self.tokenizer, self.form)
        if top_k is None:
            return [dict(record) for record in decoded]
        best = (ranked(logits, self.task.kind, self.form.labels, top_k) for logits in rows)
        return [{**answer, TOP: labels} for answer, labels in zip(decoded, best, strict=True)]

    def _columns(self, examples: Sequence[Row]) -> Features:
        columns: Features = {role: [example[role] for example in examples] for role in self.task.inputs}
        return {**columns, "key": list(range(len(examples)))}

    def _answers(self, features: Features) -> list[NDArray[Any]]:
        """Return the rows of each feature of a batch, or the tokens that the model writes for it."""
        side = "left" if self.task.family == "decoder" else "right"
        batch = arrays.batch(features, cast(int, self.tokenizer.pad_token_id), side)
        if self.task.writes:
            return [ids[:, None] for ids in self.runtime.generate(batch, self.generation)]
        rows = self.task.rows(self.runtime.logits(batch), batch, self.form)
        ends = list(accumulate(features["count"], initial=0))
        return [rows[start:end] for start, end in pairwise(ends)]
