"""Settings of ``python -m distill.label``: those of a run, which say what the texts are, and who gives the labels."""

from dataclasses import dataclass, field

from distill.base.setting_rules import NOT_NEGATIVE, POSITIVE, Rule, at_least, one_of, setting
from distill.config.schema import Config
from distill.labelling.replies_of_endpoints import FORMATS

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
SPLITS = ("train", "validation", "test", "unlabelled")
"""What of a run's data can be labelled."""
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
