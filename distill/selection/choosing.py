"""Choose texts of a file to have labelled next, and say of each what the model makes of it."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from distill.data.answering import Answer
from distill.data.text_file import TextFile, TextRow
from distill.errors import ConfigError, DataError
from distill.inference.formats import TORCH
from distill.inference.predictor import Predictor
from distill.selection.methods import METHODS, Candidates
from distill.selection.names import WITHOUT_PROBABILITIES
from distill.selection.pool import Pool, pool
from distill.selection.states import Floats, Read, read
from distill.selection.uncertainty import margin
from distill.tasks import TASKS, task

Tick = Callable[[int], None]


class Chooser:
    """A model that says which texts to have labelled next."""

    def __init__(
        self, model: Path, method: str | None, seed: int, *, task: str | None, max_length: int | None, batch_size: int
    ) -> None:
        """Open the model.

        Args:
            model: its folder.
            method: one of ``METHODS``; none takes badge, or coreset for scores.
            seed: of whatever is drawn.
            task: what it predicts, for a folder that does not say.
            max_length: tokens of a text, for a folder that does not say.
            batch_size: texts it reads at once.

        Raises:
            ConfigError: the model says nothing of whole texts, or has no probabilities for the method.
            ModelError: it cannot be opened.
        """
        self._predictor = Predictor.load(model, task=task, max_length=max_length, batch_size=batch_size, format=TORCH)
        self._seed = seed
        _refuse_parts(self._predictor)
        scores = self._predictor.task.kind == "score"
        self.method = method or ("coreset" if scores else "badge")
        if scores and self.method not in WITHOUT_PROBABILITIES:
            raise ConfigError(
                f"method={self.method}: a score comes without any probability of being right; allowed is "
                f"{' or '.join(WITHOUT_PROBABILITIES)}"
            )

    def file(self, path: Path, columns: dict[str, str], *, drops_bad: bool) -> TextFile:
        """Return a file of texts as the model reads it."""
        module = self._predictor.task
        trained = self._predictor.trained
        return TextFile(path, module.inputs, trained, columns, module.problem, drops_bad)

    def pool(self, rows: TextFile, labelled: Sequence[TextRow], most: int) -> Pool:
        """Return the texts among which is chosen.

        Raises:
            DataError: there are none.
        """
        found = pool(rows.rows(), labelled, most, self._seed)
        if not found.rows:
            why = "has no row" if not found.read else "has no text that is not labelled already"
            raise DataError(f"{rows.path} {why}")
        return found

    def choose(self, rows: Sequence[TextRow], labelled: Sequence[TextRow], count: int, tick: Tick) -> list[Answer]:
        """Return the texts to have labelled next, in the order of their choice, with what the model makes of each.

        Args:
            rows: the texts among which is chosen.
            labelled: texts that have labels already.
            count: how many are chosen; with fewer texts, all of them.
            tick: is told how many texts have been read, and then how many are chosen.
        """
        seen = self._read(rows, tick)
        known = self._read(labelled, tick).states if labelled and self.method == "coreset" else None
        texts = Candidates(seen, self._predictor.task.kind, known, np.random.default_rng(self._seed), tick)
        chosen = METHODS[self.method](texts, min(count, len(rows)))
        said = self._predictor.decode([rows[number].inputs for number in chosen], _each(seen.logits, chosen))
        unsure = None if texts.kind == "score" else margin(texts.likely, texts.kind)
        return [_answer(rows[at], record, unsure, at) for at, record in zip(chosen, said, strict=True)]

    def _read(self, rows: Iterable[TextRow], tick: Tick) -> Read:
        seen = read(self._predictor, [row.inputs for row in rows], tick)
        self._predictor.refuse_not_finite(list(seen.logits))
        return seen


def _refuse_parts(predictor: Predictor) -> None:
    """Refuse a model that says something of parts of a text, or writes."""
    if not predictor.task.of_texts:
        able = ", ".join(name for name in TASKS if task(name).of_texts)
        raise ConfigError(
            f"{predictor.runtime.name}: texts are chosen by what a model says of each as a whole; "
            f"allowed is a model of {able}"
        )


def _each(logits: Floats, chosen: Sequence[int]) -> list[Any]:
    return [logits[number][None, :] for number in chosen]


def _answer(row: TextRow, record: Answer, unsure: Floats | None, at: int) -> Answer:
    """Return the line of a chosen text; what is predicted is no column that training would take for a label."""
    name = {} if row.id is None else {"id": row.id}
    predicted = next(iter(record.values()))
    doubt = {} if unsure is None else {"uncertainty": round(float(unsure[at]), 6)}
    return {**name, **row.inputs, "predicted": predicted, **doubt}
