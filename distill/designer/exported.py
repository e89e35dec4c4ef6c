"""How long students take in an exported form, and how large its file is: of the most promising ones, each exported."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from distill.designer import sizes
from distill.designer.ranking import Sized
from distill.designer.search import Cost, Costs, Limits, search
from distill.designer.timing import Call, Text, Timed, first_look, in_turn, on_threads, plain_batch, torch_call
from distill.errors import ModelError
from distill.export import FEWEST_ROWS, EncodedRow, Source, exporter
from distill.inference.onnx_session import OnnxSession
from distill.models import loading, low_rank

log = logging.getLogger(__name__)


def measure(
    teacher: sizes.Teacher, students: Sequence[Sized], text: Text, limits: Limits, form: str, int8: str, *, name: str
) -> tuple[Timed, Costs]:
    """Export, time and weigh students of random weights, which take as long and as much as trained ones.

    Args:
        teacher: of whom they are made; it is timed beside them as it is, in PyTorch.
        students: those that are tried, see ``search``.
        text: what they read.
        limits: what they may take.
        form: a format of the export.
        int8: how a format of 8 bits rounds activations.
        name: of the teacher in what is returned.

    Returns:
        The times of the teacher and of all that were exported, with their sizes; and what is known of all students.

    Raises:
        ModelError: the architecture cannot have this form.
    """
    calls: dict[str, Call] = {}
    sizes_of: dict[str, int] = {}

    def look(student: Sized) -> Cost:
        """Export a student and keep it in memory."""
        log.info("exporting %s as %s", student.name, form)
        with TemporaryDirectory() as folder:
            file = _write(teacher, student, form, int8, Path(folder))
            session, sizes_of[student.name] = OnnxSession.open(file, threads=text.threads), file.stat().st_size
        row = _row(teacher.reader(student.candidate), text.tokens)
        calls[student.name] = lambda _: session.run(row)
        return Cost(first_look(student.name, calls[student.name]), sizes_of[student.name])

    costs = search(students, look, limits)
    calls[name] = torch_call(teacher.setup.task, teacher.tokenizer, teacher.configuration, text, {})
    with on_threads(text.threads):
        one_round = sum(cost.latency_ms for cost in costs.seen.values()) + first_look(name, calls[name])
        timed = in_turn(calls, one_round / 1000)
    for student in (student for student in students if student.name in calls):
        costs.add(student, Cost(timed.latency[student.name]["p50"], sizes_of[student.name]))
    timed.bytes.update(sizes_of)
    return timed, costs


def _write(teacher: sizes.Teacher, student: Sized, form: str, int8: str, folder: Path) -> Path:
    """Write a student of random weights in a form, as a run exports it, and return the file."""
    tokenizer, offered = teacher.reader(student.candidate), exporter(form)
    model = loading.from_config(sizes.configuration(teacher, student.candidate), teacher.setup.task.head)
    if (rank := getattr(model.config, low_rank.RANK, None)) is not None:
        low_rank.reduce_embeddings(model, torch.ones(model.config.vocab_size), rank)
        model = low_rank.multiply_out(model)
    loading.save(model, tokenizer, folder)
    source = Source(folder, teacher.setup, {}, lambda: list(_rows(tokenizer, teacher.setup.spec.max_length)), int8=int8)
    try:
        offered.write(source, folder / offered.place)
    except ModelError as error:
        raise ModelError(f"budget.format={form}: {error}; allowed is torch") from error
    return folder / offered.place / (offered.file or "")


def _rows(tokenizer: PreTrainedTokenizerBase, longest: int) -> Iterator[EncodedRow]:
    """Give rows of different lengths to calibrate on: the ranges of random weights mean nothing anyway."""
    for number in range(1, FEWEST_ROWS + 1):
        yield _row(tokenizer, max(1, longest * number // FEWEST_ROWS))


def _row(tokenizer: PreTrainedTokenizerBase, tokens: int) -> EncodedRow:
    return {name: tensor.numpy().astype(np.int64) for name, tensor in plain_batch(tokenizer, tokens).items()}
