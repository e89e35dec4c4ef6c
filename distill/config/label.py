"""Settings of ``python -m distill.label``: those of a run, which say what the texts are, and who gives the labels."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from distill.base.setting_rules import NOT_NEGATIVE, POSITIVE, Rule, at, at_least, one_of, rules_of, setting
from distill.config.schema import Config
from distill.config.task_traits import task_or_first
from distill.config.unread import unread_override_problems
from distill.config.validate import problems, refuse
from distill.labelling.reading import ABSTAIN
from distill.labelling.replies_of_endpoints import FORMATS
from distill.tasks import TASKS

HELP = """python -m distill.label asks an LLM, a command or a local language model for the labels of texts, and writes
a file of answers, which teacher=labels reads. It takes all settings of a run, which say what the texts are, and these:

  labeller=openai         asks an endpoint of OpenAI's protocol: labeller.model=NAME; OPENAI_BASE_URL and OPENAI_API_KEY
                          are read from the environment and written nowhere
  labeller=command        a command that reads lines of JSON and writes some: labeller.command="python mine.py"
  labeller=local          a causal language model in a folder: labeller.model=FOLDER
  rows=unlabelled         what is labelled: a split of the data (train, validation, test, unlabelled), or a file
  limit=100               the first so many rows
  output=answers.jsonl    a line for each row that has been answered, in the order of the rows
  overwrite=false         whether an output that this labeller did not write may be replaced
  +labeller.labels.NAME="what it means"    the labels; without any, those of the data
  labeller.budget.rows=1000                (tokens, price) ends a call; the same command goes on, and asks nothing twice

  python -m distill.label experiment=sst2_tiny labeller=openai labeller.model=NAME output=answers.jsonl

Cards (labeller=, experiment=; your own with --config-dir FOLDER, there in labeller/NAME.yaml):
$APP_CONFIG_GROUPS
All settings of labellers: docs/labelling.md; all others: python -m distill.run --help
"""
KINDS = ("openai", "command", "local")
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
_USUAL_TEMPERATURE, _OF_VOTES = 0.0, 0.7
_COUNT: Rule = (lambda value: value is None or value >= 1), "null, or a whole number from 1 up"
_MONEY: Rule = (lambda value: value is None or value > 0), "null, or a number above 0"
_HEAT: Rule = (lambda value: value is None or 0 <= value <= 2), "null, or a number from 0 to 2"


@dataclass
class LabelBudgetConfig:
    """What one call of the command may ask for."""

    rows: int | None = setting(None, _COUNT, "Texts that are asked in one call; none: all.")
    tokens: int | None = setting(None, _COUNT, "Tokens that are read and written in one call; none: any.")
    price: float | None = setting(None, _MONEY, "What the tokens of one call may cost, by `labeller.price`; none: any.")


@dataclass
class TokenPriceConfig:
    """What an endpoint costs."""

    read: float = setting(0.0, NOT_NEGATIVE, "Price of a million tokens that are read, in any money.")
    written: float = setting(0.0, NOT_NEGATIVE, "Price of a million tokens that are written, in the same money.")


@dataclass
class LabellerConfig:
    """Who gives the labels, and how it is asked."""

    kind: str | None = setting(
        None, ((lambda value: value in (None, *KINDS)), f"one of {', '.join(KINDS)}"),
        "openai | command | local: an endpoint, a command, or a local language model; the card says it.",
    )  # fmt: skip
    model: str | None = None
    """The endpoint's name of its model, or the folder of a causal language model."""
    command: str | None = None
    """Is started once, without a shell, and given a line of JSON for each text: `id` and the task's inputs. It writes a
    line with `id` and `answer` for each, in any order."""
    labels: dict[str, str] = field(default_factory=dict)
    """Name of each label to what it means, in the prompt's order: in a card, or as +labeller.labels.NAME="..."; none:
    the names of the data's labels."""
    instruction: str | None = None
    """What is to be done, the first sentence of the prompt; none: a sentence of the task."""
    template: str | None = None
    """How a text stands in the prompt, with `{text}`, or whatever the task's inputs are, in braces; none: the text."""
    abstain: bool = True
    """Whether the labeller may say that it cannot tell."""
    votes: int = setting(1, at_least(1), "Times that each text is asked; several answers are votes.")
    temperature: float | None = setting(
        None,
        _HEAT,
        "Of an endpoint's answers; none: 0, or 0.7 where there are several votes. Some models take 1 alone.",
    )
    max_tokens: int | None = setting(
        200, _COUNT, "Tokens that an endpoint may write for an answer; none leaves it to the server, as some want it."
    )
    structured: str = setting(
        "auto", one_of("auto", *FORMATS),
        "How an endpoint is asked for JSON: by its schema, as JSON, or by the prompt alone; auto takes the first that "
        "it knows.",
    )  # fmt: skip
    concurrency: int = setting(8, at_least(1), "Texts that an endpoint is asked at once.")
    timeout: float = setting(
        60.0, POSITIVE, "Seconds within which an endpoint has to answer, or a command to write another answer."
    )
    retries: int = setting(
        5,
        at_least(0),
        "Further tries where an endpoint fails in a way that may pass: 429, 5xx, no answer, half of one.",
    )
    backoff: float = setting(
        1.0, NOT_NEGATIVE,
        "Seconds before the second try, doubled for each further one up to 60; what the server asks for goes before.",
    )  # fmt: skip
    calibrated: bool = True
    """Whether a local model's likelihoods are divided by those of inputs without content (Zhao et al. 2021)."""
    batch_size: int = setting(
        16, at_least(1), "Sequences that a local model reads at once, one for each text and label."
    )
    budget: LabelBudgetConfig = field(default_factory=LabelBudgetConfig)
    price: TokenPriceConfig = field(default_factory=TokenPriceConfig)
    cache: str = "outputs/labels"
    """Folder in which every answer is kept as it comes, by text, and by all that the labeller is but its address."""

    @property
    def heat(self) -> float:
        """Return the temperature, as it is sent."""
        usual = _USUAL_TEMPERATURE if self.votes == 1 else _OF_VOTES
        return usual if self.temperature is None else self.temperature


@dataclass
class LabelConfig(Config):
    """A run whose texts are to be labelled."""

    labeller: LabellerConfig = field(default_factory=LabellerConfig)
    rows: str | None = None
    """What is labelled: `train`, `validation`, `test` or `unlabelled` of the data, or a file with the task's inputs;
    none: `unlabelled` where there is `data.unlabelled.path`, else `train`."""
    limit: int | None = setting(None, _COUNT, "Rows that are labelled, the first ones; none: all.")
    output: str | None = None
    """A file of JSON lines that gets the answers."""
    overwrite: bool = False
    """Whether an output that this labeller did not write may be replaced."""

    @property
    def chosen_rows(self) -> str:
        """Return what is labelled: the name of a split, or a file."""
        usual = "train" if self.data.unlabelled.path is None else "unlabelled"
        return usual if self.rows is None else self.rows


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
    elif rows not in ("train", "validation", "test", "unlabelled") and not Path(rows).expanduser().is_file():
        yield f"rows={rows}: is no file; allowed is train, validation, test, unlabelled, or a file"
    if not config.output:
        yield "output: give the file that gets the answers, as in output=answers.jsonl"
        return
    output = Path(config.output).expanduser()
    if output.suffix != ".jsonl":
        yield f"output={config.output}: answers are lines of JSON; allowed is a name that ends in .jsonl"
    elif output.is_dir() or not os.access(output.parent, os.W_OK):
        yield f"output={config.output}: is a folder, or in one that cannot be written"
    elif output.exists() and Path(rows).expanduser().exists() and output.samefile(Path(rows).expanduser()):
        yield f"output={config.output}: is the file of the rows itself; give another"


def _unread(config: LabelConfig, overrides: Sequence[str]) -> Iterator[str]:
    """Name each setting of the command line that this kind of labeller does not read."""
    for override in overrides:
        key = override.lstrip("+").partition("=")[0].removeprefix("labeller.")
        kinds = _READ_BY.get(key)
        if override.lstrip("+").startswith("labeller.") and kinds and config.labeller.kind not in (None, *kinds):
            yield f"{override}: belongs to labeller={' or '.join(kinds)}; leave it out"
