"""Settings of ``python -m distill.design``: those of a run, and what a student may cost."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from omegaconf import OmegaConf

from distill.base import processor
from distill.config.schema import Config
from distill.config.task_traits import task_or_first
from distill.config.unread_overrides import unread_override_problems
from distill.config.validate import problems, refuse
from distill.errors import ConfigError
from distill.export import EXPORTERS, ROOT, exporter, missing_package, possible
from distill.inference.formats import TORCH
from distill.tasks import TASKS, EncodingSpec, task
from distill.tasks.setup import TaskSetup

HELP = """python -m distill.design proposes up to three students that fit a budget on this machine, timed and ranked,
each written as a card. It takes all settings of a run but the student's, and these:

  budget.latency_ms=5     milliseconds of one text, alone (p50); null: any
  budget.size_mb=12       megabytes of the file that is shipped; null: any
  budget.parameters=5M    weights, embeddings counted: 5M, 500k, 1.2B or a number; null: any
  budget.format=onnx_int8 form in which students are timed and weighed: torch, onnx or onnx_int8; null: the smallest
                          that a run exports
  budget.tokens=32        tokens of that text; null: 32, or what data.max_length leaves. A task that writes, writes as
                          many, up to data.max_target_length
  budget.threads=1        threads of the CPU that it is read on
  output=designs          folder that gets the cards, in its folder student; a run finds them with --config-dir designs
  overwrite=false         whether cards of the same names there may be replaced

  python -m distill.design experiment=trec_tiny teacher=minilm teacher.model=FOLDER budget.latency_ms=5

Cards (teacher=, experiment=; your own with --config-dir FOLDER):
$APP_CONFIG_GROUPS
All other settings: python -m distill.run --help
"""
_NOT_OF_RUNS = ("budget", "output", "overwrite", "student")
"""What of a command line is no setting of the runs that it proposes."""
_USUAL_TOKENS = 32
_UNITS = {"": 0, "k": 3, "m": 6, "b": 9}
FORMS = (TORCH, *(name for name in EXPORTERS if name != ROOT))
"""The forms in which a student is shipped: as Hugging Face and PyTorch read it, or a format of the export."""


@dataclass
class BudgetConfig:
    """What a student may cost."""

    latency_ms: float | None = None
    """Milliseconds of one text, alone (p50); none: any."""
    size_mb: float | None = None
    """Megabytes (10^6 bytes) of the file in the form that is shipped; none: any."""
    parameters: str | None = None
    """Weights, embeddings counted: 5M, 500k, 1.2B or a number; none: any."""
    tokens: int | None = None
    """Tokens of the text that is timed; none: 32, or what data.max_length leaves."""
    threads: int = 1
    """CPU threads of the timing."""
    format: str | None = None
    """torch | onnx | onnx_int8: the form in which students are timed and weighed; none takes the smallest that a run
    exports and this installation can write."""


@dataclass
class DesignConfig(Config):
    """A run whose student is looked for."""

    budget: BudgetConfig = field(default_factory=BudgetConfig)
    output: str = "designs"
    """Folder that gets the cards, in its folder `student`."""
    overwrite: bool = False
    """Whether cards of the same names may be replaced."""


def parse_count(text: str) -> int:
    """Read a number of parameters as people write it.

    Raises:
        ConfigError: it is none.

    >>> parse_count("5M"), parse_count("1.2B"), parse_count("500k"), parse_count("1e6"), parse_count("12345")
    (5000000, 1200000000, 500000, 1000000, 12345)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?(?:e\+?\d{1,2})?) ?([kmb]?)", text.strip().lower())
    count = int(Decimal(match[1]).scaleb(_UNITS[match[2]])) if match else 0
    if count < 1:
        raise ConfigError(f"budget.parameters={text}: allowed is a number from 1 up, such as 5M, 500k, 1.2B or 5000000")
    return count


def timed_tokens(config: DesignConfig) -> int:
    """Return how many tokens the text has that models are timed with."""
    return min(_USUAL_TOKENS, _most_tokens(config)) if config.budget.tokens is None else config.budget.tokens


def timed_written_tokens(config: DesignConfig) -> int:
    """Return how many tokens a model is timed with writing; 0 where the task only reads."""
    if not task_or_first(config.task).writes:
        return 0
    return min(timed_tokens(config), config.data.max_target_length)


def shipped_form(config: DesignConfig) -> str:
    """Return the form in which students are timed and weighed, one of ``FORMS``."""
    if config.budget.format is not None:
        return config.budget.format
    names = config.export.formats or possible(TaskSetup(config.task, task(config.task), EncodingSpec()))
    last = [ROOT, *(name for name in EXPORTERS if name in names and missing_package(name) is None)][-1]
    return TORCH if last == ROOT else last


def _most_tokens(config: DesignConfig) -> int:
    """Return how many tokens a text may have."""
    return config.data.max_length - (config.data.max_target_length if _shares_room(config) else 0)


def _shares_room(config: DesignConfig) -> bool:
    """Tell whether what is written stands behind the text, within its limit of length."""
    return task_or_first(config.task).family == "decoder"


def settings_of_runs(overrides: Sequence[str]) -> list[str]:
    """Return the overrides of a command line that the runs it proposes have, too.

    >>> settings_of_runs(["experiment=trec_tiny", "budget.parameters=5M", "output=designs", "seed=3"])
    ['experiment=trec_tiny', 'seed=3']
    """
    return [override for override in overrides if _section(override) not in _NOT_OF_RUNS]


def _section(override: str) -> str:
    return re.split(r"[=.@]", override.lstrip("+~"), maxsplit=1)[0]


def check(config: DesignConfig, overrides: Sequence[str], card_folders: Sequence[str]) -> None:
    """Return silently, or name every problem of the settings in one message.

    Args:
        config: with a student that is as nobody set it.
        overrides: of the command line.
        card_folders: given with --config-dir.

    Raises:
        ConfigError: with one line a problem.
    """
    refuse(
        [
            *problems(config),
            *unread_override_problems(config, overrides),
            *_budget_problems(config),
            *_form_problems(config),
            *_output_problems(config, card_folders),
            *_student_problems(overrides, card_folders),
        ]
    )


def _budget_problems(config: DesignConfig) -> Iterator[str]:
    """Name what is wrong with what a student may cost."""
    budget, most_tokens = config.budget, _most_tokens(config)
    if budget.latency_ms is None and budget.size_mb is None and budget.parameters is None:
        yield "budget: give at least one of budget.latency_ms=5, budget.size_mb=12 and budget.parameters=5M"
    for name, most in (("latency_ms", budget.latency_ms), ("size_mb", budget.size_mb)):
        if most is not None and not (most > 0 and math.isfinite(most)):
            yield f"budget.{name}={most}: allowed is null or a number above 0"
    if budget.parameters is not None:
        try:
            parse_count(budget.parameters)
        except ConfigError as error:
            yield str(error)
    if budget.tokens is not None and not 1 <= budget.tokens <= most_tokens:
        written = " - data.max_target_length" if _shares_room(config) else ""
        limit = f"{most_tokens} (data.max_length{written})"
        yield f"budget.tokens={budget.tokens}: allowed is a whole number from 1 to {limit}"
    if not 1 <= budget.threads <= processor.cores():
        yield f"budget.threads={budget.threads}: allowed is {processor.threads_allowed()}"


def _form_problems(config: DesignConfig) -> Iterator[str]:
    """Name a form that is none, that the task cannot have, or that is not what a run ships."""
    form, formats = config.budget.format, config.export.formats
    if form is not None and form not in FORMS:
        yield f"budget.format={form}: allowed is null or one of {', '.join(FORMS)}"
    elif form not in (None, TORCH) and config.task in TASKS:
        setup = TaskSetup(config.task, task(config.task), EncodingSpec())
        if (reason := exporter(form).refuses(setup) or missing_package(form)) is not None:
            yield f"budget.format={form}: {reason}; allowed is {TORCH}"
        elif formats is not None and form not in formats:
            yield f"budget.format={form}: is not among export.formats={formats}, which is what a run ships"


def _output_problems(config: DesignConfig, card_folders: Sequence[str]) -> Iterator[str]:
    """Name what is wrong with the folder that gets the cards."""
    if not config.output:
        yield "output: allowed is a folder"
        return
    output = Path(config.output).expanduser()
    if output.exists() and not output.is_dir():
        yield f"output={config.output}: is a file; allowed is a folder"
    for folder in card_folders:
        if output.resolve() != Path(folder).resolve():
            yield (
                f"output={config.output}: a run reads cards from one folder; with --config-dir {folder} allowed is "
                f"output={folder}"
            )


def _student_problems(overrides: Sequence[str], card_folders: Sequence[str]) -> Iterator[str]:
    """Name each override that sets the student which is looked for, itself or by a card."""
    for override in overrides:
        if _section(override) == "student":
            yield f"{override}: the student is what this command looks for; leave it out"
        name = override.removeprefix("experiment=")
        for card in (Path(folder) / "experiment" / f"{name}.yaml" for folder in card_folders if name != override):
            if card.is_file() and "student" in OmegaConf.load(card):
                yield f"{override}: the card sets student, which in a run would win over a card of it; take that out"
