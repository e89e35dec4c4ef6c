"""Write the model card: what the exported student is, its training data, and the limits of its numbers."""

import json
from collections.abc import Iterable, Iterator

from huggingface_hub import EvalResult, ModelCardData

from distill.base.terminal_text import names, plain
from distill.export import scripts
from distill.report import Report, comparison, exports, first_of, present, reliability, role, targets
from distill.report.facts import grid_timed, made_with, objective, rows_and_labels, stand_in
from distill.report.sentences import verdict

_MARKUP = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>#|"} | {"\n": " "})

_CUTS = "text-classification"
"""The pipeline that fails on a text longer than the model reads, unless it is told to cut it."""
_SEVERAL = "multilabel_classification"
"""The task of which that pipeline gives the likeliest label alone, unless it is told to give all."""
_GRAPH, _ROUNDED = "onnx", "onnx_int8"
"""The formats that scripts without PyTorch ask."""


def card(
    report: Report,
    *,
    pipeline: str | None,
    license: str,
    folder: str = "path/to/this/folder",
    pairs: bool = False,
    module: str | None = None,
) -> str:
    """Return README.md of the exported Hugging Face folder, metadata included.

    Args:
        report: content of report.json with an evaluated student.
        pipeline: name of the pipeline of transformers that runs the model, or none.
        license: licence as the hub names it; ``unknown`` is allowed.
        folder: where the reader loads the model from.
        pairs: whether the model reads two texts at once.
        module: the module of this package that makes the model known to transformers, where it is not.
    """
    parts = [
        f"# {_plain(report['name'])}",
        *_introduction(report),
        *_results(report),
        *_training(report),
        *_usage(report["task"], pipeline, folder, module, pairs=pairs),
        *_elsewhere(report, folder, known=module is None),
        *_limits(report, license),
    ]
    return f"---\n{_metadata(report, pipeline, license).to_yaml()}\n---\n\n" + "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    return plain(text).translate(_MARKUP)


def _metadata(report: Report, pipeline: str | None, license: str) -> ModelCardData:
    """Return metadata whose results name the stand-in, never the data set that it stands in for."""
    data = report["data"]
    name = f"{data['source']} stand-in for {data['stands_in_for']}" if data.get("stands_in_for") else data["name"]
    student = first_of(report, "student")
    metrics = (report["models"][student].get("metrics") or {}) if student else {}
    results = [
        EvalResult(
            task_type=pipeline or report["task"],
            dataset_type=name.replace(" ", "-"),
            dataset_name=name,
            dataset_split=split,
            metric_type=metric,
            metric_value=value,
        )
        for split, scores in metrics.items()
        for metric, value in scores.items()
        if value is not None
    ]
    return ModelCardData(
        license=license,
        library_name="transformers",
        pipeline_tag=pipeline,
        tags=["knowledge-distillation", report["task"]],
        model_name=report["name"],
        eval_results=results or None,
    )


def _introduction(report: Report) -> Iterator[str]:
    yield f"A student for {report['task']}, trained by knowledge distillation. {_plain(verdict(report))}"
    if aim := targets.sentence(report):
        yield _plain(aim)
    if warning := stand_in(report):
        yield f"> **Note:** {_plain(warning)}"
    models = {
        name: report["models"][name].get("description")
        for name in present(report)
        if role(report, name) not in ("control", "export")
    }
    yield from _bullets(f"**{name.capitalize()}:** {_plain(text)}" for name, text in models.items() if text)


def _results(report: Report) -> Iterator[str]:
    if not present(report):
        return
    yield "## Results"
    lines = [("", *present(report)), ("---", *["---:"] * len(present(report)))]
    lines += [(_plain(f"{row.group} {row.label}".strip()), *row.cells) for row in comparison(report)]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
    if first_of(report, "control"):
        yield "The control is the same student, trained without the teacher."
    if how := report.get("scored_by"):
        yield f"Scored by {_plain(how)}"
    if calibrated := reliability.sentence(report):
        yield _plain(calibrated)
    yield from _bullets(_plain(sentence) for sentence in exports.summaries(report))
    if conditions := grid_timed(report):
        yield _plain(conditions)


def _training(report: Report) -> Iterator[str]:
    data = report["data"]
    yield "## Training"
    yield f"Data: {_plain(data['name'])} ({data['source']}), {rows_and_labels(report)}."
    yield from _bullets(_plain(note) for note in data.get("notes") or [])
    if goal := objective(report):
        yield f"Objective: {_plain(goal)}."
    yield f"Made with {_plain(made_with(report))}, of data with the fingerprint `{_plain(str(data['fingerprint']))}`:"
    yield _fenced(plain(report["command"]))


def _usage(task: str, pipeline: str | None, folder: str, module: str | None, *, pairs: bool) -> Iterator[str]:
    yield "## Use"
    if module:
        yield f"transformers does not know this architecture: install the package `distill` and import `{module}`."
    arguments = '[{"text": "A text.", "text_pair": "Another text."}]' if pairs else '["A text.", "Another text."]'
    if pipeline:
        options = ", truncation=True" * (pipeline == _CUTS) + ", top_k=None" * (task == _SEVERAL)
        lines = (
            *([f"import {module}"] if module else []),
            "from transformers import pipeline",
            "",
            f'predict = pipeline("{pipeline}", model={json.dumps(folder)})',
            f"predict({arguments}{options})",
        )
        yield _fenced("\n".join(lines), "python")
    yield _fenced(f"python -m distill.predict model={folder} input=FILE.jsonl output=ANSWERS.jsonl")


def _passed(report: Report) -> set[str]:
    """The formats that the bundle holds: those that nothing left out."""
    return {each["format"] for each in report.get("exports") or [] if not each.get("left_out")}


def _elsewhere(report: Report, folder: str, *, known: bool) -> Iterator[str]:
    """The scripts that ask the graph without this package; JavaScript where others ``know`` the architecture."""
    formats, task = _passed(report), report["task"]
    if _GRAPH not in formats:
        return
    if script := scripts.python(task, folder):
        asked = f"python ask.py {scripts.arguments(task)}"
        yield f"Without PyTorch and transformers (`pip install onnxruntime tokenizers numpy`), as `{asked}`:"
        yield _fenced(script.rstrip(), "python")
    if known and (script := scripts.javascript(task, folder)):
        smaller = '; `dtype: "q8"` takes the graph in 8 bits' if _ROUNDED in formats else ""
        yield (
            "With transformers.js (`npm install @huggingface/transformers`), which takes a special token that a text "
            f"spells for that token{smaller}:"
        )
        yield _fenced(script.rstrip(), "javascript")


def _limits(report: Report, license: str) -> Iterator[str]:
    yield "## Limits"
    if labels := report["data"].get("labels"):
        yield f"The model knows these {len(labels)} labels only: {_plain(names(labels))}."
    yield "Its numbers hold for texts like those it was evaluated on; it inherits the errors of teacher and data."
    yield _licence(license)


def _licence(name: str) -> str:
    if name == "unknown":
        return "The licence of these weights is not stated; those of data and teacher may bind them: ask before use."
    return f"Licence of these weights: {_plain(name)}. Licences of data and teacher may bind them too."


def _bullets(items: Iterable[str]) -> list[str]:
    return [text] if (text := "\n".join(f"* {item}" for item in items)) else []


def _fenced(text: str, language: str = "bash") -> str:
    fence = "`" * (3 + max((len(run) for run in text.split() if set(run) == {"`"}), default=0))
    return f"{fence}{language}\n{text}\n{fence}"
