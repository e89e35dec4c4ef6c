"""Answer new examples: ``python -m distill.predict model=FOLDER input=FILE output=FILE``."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base import library_caches, signals, standard_output
from distill.base.early_signals import NOTHING
from distill.base.installed import refuse_missing
from distill.base.progress import Progress
from distill.base.terminal_text import plain, shown
from distill.config.command_line import refuse_values, settings_of
from distill.config.predict import REFUSE, PredictConfig
from distill.data.sinks import PARQUET
from distill.ending import in_one_sentence
from distill.tasks.ranking import most, refuse_unranked

if TYPE_CHECKING:
    from distill.data.answering import Answer
    from distill.data.sinks import Sink

_USAGE = """python -m distill.predict model=FOLDER input=FILE output=FILE

  model          a folder that a run exported, the run's own, the model of a stage in the store, or any Hugging Face
                 folder
  input          JSON, JSON lines, TSV, CSV, Parquet, .txt (a text a line) or another file that training reads, plain or
                 .gz; a column for each input of the task (text; text and pair; tokens; ...); - is standard input
  output         JSON, JSON lines, TSV or CSV, plain or .gz, or Parquet, other than the input; a line for each row of
                 the input, in their order (blank lines are none), with the row's id first; it appears when all are
                 answered: an error or Ctrl-C leaves nothing behind, and a file of that name as it was; - is standard
                 output, where answers come at once, and everything else is said on standard error
  input_format   what the input is (jsonl, csv, ...), where its name does not say; of standard input: jsonl
  output_format  what is written to standard output: jsonl, json, csv, tsv or parquet (jsonl)
  columns.X      name of the column that holds the input X, such as columns.text=sentence; columns.id names the column
                 of ids: without it that is id, or else the number of the row
  on_bad         answer (a row that cannot be used has its error for an answer) or refuse (it ends the command)
  top_k          how many labels to add with their probabilities, the likeliest first: a number, or all
  threshold      probability above which a label is given, where a text may have several (as the folder says)
  batch_size     texts read at once (32)
  format         torch, onnx or onnx_int8; auto takes the quickest that the folder's certificate.json names (auto)
  task           what the model predicts, for a folder that does not say
  max_length     tokens of a text, for a folder that does not say
"""
_PIPE = "-"
"""What stands for standard input and output."""
_JSON_LINES = "jsonl"


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    printed = f"output={_PIPE}" in sys.argv[1:]
    with in_one_sentence("standard output has what was answered before" if printed else NOTHING):
        if {"-h", "--help"} & set(sys.argv[1:]):
            standard_output.say(_USAGE)
            return
        predict(_config(sys.argv[1:]))


def predict(config: PredictConfig) -> None:
    """Answer the input row by row, and say how many rows there were.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    library_caches.ready()
    from distill.data.standard_input import StandardInput
    from distill.data.streaming import read
    from distill.data.writing import printing, refuse_target, writing

    source = StandardInput(_PIPE) if config.input == _PIPE else Path(config.input).expanduser()
    target = None if config.output == _PIPE else Path(config.output).expanduser()
    if target is not None:
        instead = f"give a file, or output={_PIPE} for standard output"
        refuse_target(target, source, config.output_format, instead=instead)
    kind, refuse = _kind_of_input(config), config.on_bad == REFUSE
    rows = read(source, kind=kind, keep_bad=not refuse)
    from distill.inference.predictor import Predictor  # NumPy takes its time, and torch seconds

    model = Predictor.load(
        Path(config.model),
        task=config.task,
        max_length=config.max_length,
        batch_size=config.batch_size,
        format=config.format,
        threshold=config.threshold,
    )
    sys.stderr.write(plain("".join(f"{note}\n" for note in model.notes)))
    refuse_unranked(model.task, config.top_k)
    if {"texts", "marked", "turns"} & set(model.task.inputs.values()):
        rows = read(source, inputs=model.task.inputs.values(), kind=kind, keep_bad=not refuse)
    answers = model.stream(rows, config.columns, str(source), refuse=refuse, top_k=config.top_k)
    if target is None:
        sink = printing(config.output_format or _JSON_LINES, errors=not refuse)
    else:
        sink = writing(target, config.output_format, errors=not refuse)
    (sys.stderr.write if target is None else standard_output.say)(_summary(answers, sink, config.output))


def _summary(answers: Iterator["Answer"], opened: AbstractContextManager["Sink"], target: str) -> str:
    """Write all answers, and return how many there were and how many of them are errors."""
    start, count, errors, first = time.monotonic(), 0, 0, ""
    both = target == _PIPE and sys.stdout.isatty()  # answers and the count would stand in one line
    with opened as sink, Progress("examples", hidden=both) as progress:
        for answer in answers:
            sink.write(answer)
            signals.check()
            count += 1
            progress.at(count)
            if "error" in answer:
                errors += 1
                name = "" if answer["id"] is None else f"{shown(answer['id'])}: "
                first = first or f"{name}{answer['error']}"
    seconds = time.monotonic() - start
    summary = f"{count:,} examples in {seconds:.1f} s ({count / seconds:,.0f} a second): {target}\n"
    if errors:
        summary += f"{errors:,} of them have an error for an answer, the first {first}\n"
    return plain(summary)


def _config(arguments: list[str]) -> PredictConfig:
    config = settings_of(PredictConfig, arguments, _USAGE)
    refuse_values(config)
    if config.output_format == PARQUET:
        refuse_missing(f"output_format={PARQUET}", "pyarrow")
    if config.top_k is not None:
        most(config.top_k)
    return config


def _kind_of_input(config: PredictConfig) -> str | None:
    """Return the ending that the input should have, or none where its name says it."""
    kind = config.input_format or (_JSON_LINES if config.input == _PIPE else None)
    return kind and f".{kind}"


if __name__ == "__main__":
    main()
