"""Checks of the settings of ``python -m distill.label``, before anything heavy is imported."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from distill.base.disk import irreplaceable
from distill.base.files import no_file
from distill.base.setting_rules import at, rules_of
from distill.config.label import KINDS, SPLITS, LabelConfig
from distill.config.schema import Config
from distill.config.task_traits import task_or_first
from distill.config.unread_overrides import unread_override_problems
from distill.config.validate import problems, refuse
from distill.labelling.reading import ABSTAIN
from distill.tasks import TASKS

_READ_BY: dict[str, tuple[str, ...]] = {
    "model": ("openai", "local"),
    "command": ("command",),
    "instruction": ("openai", "local"),
    "template": ("openai", "local"),
    "votes": ("openai",),
    "temperature": ("openai",),
    "max_tokens": ("openai",),
    "structured": ("openai",),
    "concurrency": ("openai",),
    "timeout": ("openai", "command"),
    "retries": ("openai",),
    "backoff": ("openai",),
    "calibrated": ("local",),
    "batch_size": ("local",),
    "budget.tokens": ("openai",),
    "budget.price": ("openai",),
    "price.read": ("openai",),
    "price.written": ("openai",),
}
"""Settings of a labeller that not every kind reads, and those that do."""


_RULES = {key: rule for key, rule in rules_of(LabelConfig) if key not in dict(rules_of(Config))}


def check(config: LabelConfig, overrides: Sequence[str]) -> None:
    """Return silently, or name every problem of the settings in one message.

    Raises:
        ConfigError: with one line a problem.
    """
    lines = [*problems(config), *unread_override_problems(config, overrides)]
    for key, (holds, words) in _RULES.items():
        if not holds(value := at(config, key)):
            lines.append(f"{key}={value}: allowed is {words}")
    if config.task in TASKS and (reason := _no_labels(config)) is not None:
        lines.append(f"task={config.task}: {reason}")
    refuse([*lines, *_labeller_problems(config), *_file_problems(config), *_unread(config, overrides)])


def _no_labels(config: LabelConfig) -> str | None:
    """Return why the answers of a task are no labels; none where they are."""
    kind = task_or_first(config.task).roles.get("label")
    if kind == "answers":
        return "an answer is a place in the context, and no labeller here gives places"
    if kind not in ("label", "labels", "score", "tags"):
        return "its answers are texts, and no labels; put those of an LLM into the data, as the column of its targets"
    return None


def _labeller_problems(config: LabelConfig) -> Iterator[str]:
    """Name what is wrong with the labeller."""
    labeller = config.labeller
    if labeller.kind is None:
        yield f"labeller: give one of {', '.join(f'labeller={kind}' for kind in KINDS)}"
    elif labeller.kind == "command" and not labeller.command:
        yield 'labeller.command: give the command, as in labeller.command="python mine.py"'
    elif labeller.kind == "openai" and not labeller.model:
        yield "labeller.model: give the endpoint's name of a model"
    elif labeller.kind == "local":
        yield from _local_problems(config)
    if labeller.votes > 1 and labeller.heat == 0:
        yield f"labeller.votes={labeller.votes}: are alike at labeller.temperature=0; give one above 0"
    if labeller.budget.price is not None and not (labeller.price.read or labeller.price.written):
        yield "labeller.budget.price: give labeller.price.read and labeller.price.written, of a million tokens each"
    if labeller.abstain and any(name.strip().casefold() == ABSTAIN for name in labeller.labels):
        yield f"labeller.labels: {ABSTAIN} is the word of a labeller that cannot tell; give labeller.abstain=false"
    if len(labeller.labels) == 1:
        yield f"labeller.labels: there is only {next(iter(labeller.labels))}; give two or more"


def _local_problems(config: LabelConfig) -> Iterator[str]:
    """Name what is wrong with a local model."""
    model, kind = config.labeller.model, task_or_first(config.task).roles.get("label")
    if not model:
        yield "labeller.model: give the folder of a causal language model"
    elif not (Path(model).expanduser() / "config.json").is_file():
        yield f"labeller.model={model}: is no folder of a model, which has a config.json"
    if kind in ("score", "tags"):
        what = "a score has" if kind == "score" else "the tags of a sentence have"
        yield f"labeller=local: {what} no words whose likelihood could be compared; take labeller=openai or command"


def _file_problems(config: LabelConfig) -> Iterator[str]:
    """Name what is wrong with the files."""
    rows = config.chosen_rows
    if rows == "unlabelled" and config.data.unlabelled.path is None:
        yield "rows=unlabelled: give the texts as data.unlabelled.path=FILE"
    elif rows not in SPLITS and (reason := no_file(Path(rows).expanduser())) is not None:
        yield f"rows={rows}: {reason}; allowed is {', '.join(SPLITS)}, or a file"
    if not config.output:
        yield "output: give the file that gets the answers, as in output=answers.jsonl"
        return
    output = Path(config.output).expanduser()
    if output.suffix != ".jsonl":
        yield f"output={config.output}: answers are lines of JSON; allowed is a name that ends in .jsonl"
    elif (reason := irreplaceable(output)) is not None:
        yield f"output={config.output}: {reason}; give a file"
    elif not os.access(Path(os.path.realpath(output)).parent, os.W_OK):
        yield f"output={config.output}: is in a folder that is not there, or that cannot be written"
    elif output.exists() and Path(rows).expanduser().exists() and output.samefile(Path(rows).expanduser()):
        yield f"output={config.output}: is the file of the rows itself; give another"


def _unread(config: LabelConfig, overrides: Sequence[str]) -> Iterator[str]:
    """Name each setting of the command line that this kind of labeller does not read."""
    for override in overrides:
        key = override.lstrip("+").partition("=")[0].removeprefix("labeller.")
        kinds = _READ_BY.get(key)
        if override.lstrip("+").startswith("labeller.") and kinds and config.labeller.kind not in (None, *kinds):
            yield f"{override}: belongs to labeller={' or '.join(kinds)}; leave it out"
