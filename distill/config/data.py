"""Settings of the data."""

from dataclasses import dataclass, field
from typing import Any

from distill.base.setting_rules import FILLED, INNER_FRACTION, NOT_EMPTY, Rule, allowed, at_least, one_of, setting

SAMPLES = (
    "sentiment",
    "questions",
    "paraphrases",
    "topics",
    "similarities",
    "entities",
    "relations",
    "passages",
    "translations",
    "abstracts",
    "dialogues",
)
"""Names of the embedded samples, which stand in where there is no data."""


def _names(value: object) -> bool:
    """Tell whether a value is a name, or a list of names."""
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str | int) and name != "" for name in names)


FITTING = "auto"
"""As many tokens in a batch as fit into memory."""
_TOKENS: Rule = (
    lambda value: value in (None, FITTING) or (type(value) is int and value > 0),
    f"null, {FITTING}, or a whole number from 1 up",
)
_FILES: Rule = (
    lambda value: value is None or _names(value),
    "null, the name of a file, or a list of names, of which all are read",
)
_DELIMITER: Rule = (
    lambda value: value is None or value in ("tab", "\\t") or (len(value) == 1 and value not in '"\r\n\0'),
    "null, a single character other than a quote, or tab",
)
_ALL_FILES: Rule = (lambda value: value is None or _names(value)), "null, a file or folder, or a list of them"
_SAMPLE: Rule = (lambda value: value is None or value in SAMPLES), f"null or one of {', '.join(SAMPLES)}"


@dataclass
class LimitConfig:
    """Rows kept of each split, drawn with the seed, and stratified where a row has one label; none keeps all."""

    train: int | None = field(default=None, metadata=allowed(at_least(1)))
    validation: int | None = field(default=None, metadata=allowed(at_least(1)))
    test: int | None = field(default=None, metadata=allowed(at_least(1)))
    per_label: int | None = setting(
        None, at_least(1),
        "Rows of train kept of each label, drawn with the seed, of tasks that give a text one label; a label with "
        "fewer keeps what it has, which is said. None: all.",
    )  # fmt: skip


@dataclass
class FilesConfig:
    """Files of the splits in `data.path`; none takes those of the usual names.

    A file is named without its ending or with it, or as a path; of a folder saved by datasets, and of the hub, a split.
    A list names parts, which are all read as one split. Of names with `|` between them, `test_unseen|test`, the first
    that is there is taken. Beside a `data.path` that is a file, which is train, they are looked for in its folder.
    """

    train: Any = field(default=None, metadata=allowed(_FILES))
    validation: Any = field(default=None, metadata=allowed(_FILES))
    test: Any = field(default=None, metadata=allowed(_FILES))


@dataclass
class UnlabelledConfig:
    """Texts without labels, on which the student follows the teacher alone."""

    path: Any = field(default=None, metadata=allowed(_ALL_FILES))
    """A file, or a folder with a file train, that has the task's inputs; a list takes all of them; none takes none."""
    columns: dict[str, str] = field(default_factory=dict)
    """Role of the task's inputs to the name of its column: +data.unlabelled.columns.text=NAME; else as in train."""
    limit: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Rows kept of all files together, drawn with the seed; none keeps all."""
    rest: bool = False
    """Take the texts of train that `data.limit` leaves out, too, without their labels."""
    near_duplicates: str = setting(
        "drop", one_of("drop", "keep"),
        "drop | keep: what is done about texts that are nearly those of validation or test, or of `evaluate.also`; "
        "drop leaves them out, counted in log and report. Equal ones are left out in any case.",
    )  # fmt: skip

    @property
    def given(self) -> bool:
        """Whether there are texts without labels."""
        return self.path is not None or self.rest


@dataclass
class DataConfig:
    """The text, its labels, and how it is cut into batches."""

    name: str = field(default="data", metadata=allowed(FILLED))
    """What the report calls the data."""
    source: str = field(default="auto", metadata=allowed(one_of("auto", "hub", "local", "embedded")))
    """auto | hub | local | embedded. auto: `path` if given, else the hub if cache or network has it, else embedded."""
    path: str | None = field(default=None, metadata=allowed(NOT_EMPTY))
    """A folder with train, validation and test files, also in parts such as train-00000-of-00002.parquet, or one saved
    by datasets; or a file, which is train, and of which the others are held out. Read are CSV, TSV, JSON lines, JSON
    as pandas and SQuAD write it, Parquet, CoNLL columns (.conll, .iob, .iob2, .bio, .bioes, .conllu; columns also by
    number) and .txt (a text a line, or words with tags); text also as .gz."""
    delimiter: str | None = field(default=None, metadata=allowed(_DELIMITER))
    """Between the fields of CSV and TSV: a character, or tab. None: told from header and first lines."""
    hub: str | None = None
    """Id of the data set on the Hugging Face hub, such as stanfordnlp/sst2."""
    hub_config: str | None = field(default=None, metadata=allowed(NOT_EMPTY))
    """Configuration of the hub data set, such as sst2 of nyu-mll/glue."""
    files: FilesConfig = field(default_factory=FilesConfig)
    sample: str | None = field(default=None, metadata=allowed(_SAMPLE))
    """The embedded sample that stands in where there is no data; none takes the task's own."""
    columns: dict[str, str] = field(default_factory=dict)
    """Role of the task (text, label) to the name of the column that plays it; for several labels also `one+other`. A
    target may be a list of right texts: the first is learnt, and metrics compare with all. Turns may be messages of a
    chat (role and content, or from and value); those of the system and of tools are no turns."""
    exact: list[str] = field(default_factory=list)
    """Roles whose column has to have the name that `columns` gives, and is not guessed where it is absent; a role that
    the command line or your own card names is always one of them."""
    labels: dict[str, str] | None = field(default_factory=dict)
    """Label in the file, number of a class of the hub, or place in a 0/1 vector of several labels, to the name the
    models give it, in the labels' order: in a card, or as +data.labels.0=NAME; none keeps the file's own labels."""
    class_weights: str = field(default="none", metadata=allowed(one_of("none", "balanced")))
    """none | balanced: in the loss of the labels, each class weighs as much as any other, however rare."""
    score_range: list[float] | None = None
    """The lowest and the highest score of a regression; a score outside is refused. None: any."""
    on_bad: str | None = setting(
        None,
        ((lambda value: value in (None, "refuse", "drop")), "null, refuse or drop"),
        "refuse | drop: what is done about rows that cannot be used: without a text or a label (-1 of a class number, "
        "too), with more tags than tokens, with an answer that stands elsewhere, and so on. refuse ends the run, with "
        "how many there are and the first five; drop leaves them out, counted by split and reason in log and report. "
        "None: refuse.",
    )
    drop_bad: bool | None = None
    """Another name of `data.on_bad`: true is drop, false is refuse. None: as `data.on_bad` says."""
    answerable: str = setting(
        "all", one_of("all", "only"),
        "all | only: what is done about questions that have no answer, as in version 2 of SQuAD: all learns them, and "
        "the model may answer nothing where there are any; only leaves them out, counted in log and report.",
    )  # fmt: skip
    max_characters: int = field(default=1_000_000, metadata=allowed(at_least(1)))
    """Characters that a text may have; a row with a longer one cannot be used."""
    limit: LimitConfig = field(default_factory=LimitConfig)
    unlabelled: UnlabelledConfig = field(default_factory=UnlabelledConfig)
    near_duplicates: str = setting(
        "auto", one_of("auto", "drop", "say", "keep"),
        "auto | drop | say | keep: what is done about rows of train that are nearly those of validation or test (they "
        "share four fifths of their runs of three words, and the label where there is one): drop leaves them out, with "
        "those that are equal, counted in log and report; auto does so unless more than a tenth of train or half of "
        "the rows of a label would go, which it says; say counts them alone, for figures of a published split; keep "
        "does not look for them.",
    )  # fmt: skip
    holdout: float = field(default=0.1, metadata=allowed(INNER_FRACTION))
    """Share of train that is held out where no validation split exists: seeded, stratified where a row has one label,
    whole dialogues."""
    holdout_test: float | None = setting(
        None, ((lambda value: value is None or 0 < value < 1), "null, or a number between 0 and 1"),
        "Share of train that is held out as a test split as well, drawn like that of `data.holdout`, so that one file "
        "is enough for train, validation and test; refused where there is a test split. None: no test is held out.",
    )  # fmt: skip
    max_length: int = field(default=128, metadata=allowed(at_least(4)))
    """Tokens a text may have. Longer ones are cut; where words are labelled or answers looked for, read in windows."""
    max_target_length: int = field(default=64, metadata=allowed(at_least(2)))
    """Tokens of a target that is written: a translation, a summary, a reply (of a dialogue, within max_length)."""
    fit_length: bool = False
    """Take the limits of length from the data: as many tokens as hold 99 % of train whole, within `max_length`,
    `max_target_length` and what the models read."""
    stride: int = field(default=32, metadata=allowed(at_least(0)))
    """Tokens that two windows of a long text share."""
    max_answer_length: int = field(default=30, metadata=allowed(at_least(1)))
    """Tokens an answer to a question may have; where a token is a single character, more are needed."""
    batch_size: int = field(default=32, metadata=allowed(at_least(1)))
    """Examples a device sees at once."""
    batch_tokens: int | str | None = setting(
        None, _TOKENS,
        "Padded tokens a device may see at once while it trains; none sets no limit. auto: as many as fit into memory, "
        "found by trying steps of the largest model that learns.",
    )  # fmt: skip
    workers: int = field(default=0, metadata=allowed(at_least(0)))
    """Processes that prepare batches; 0 prepares them in the training process."""

    @property
    def token_limit(self) -> int | None:
        """Padded tokens of a batch at most, or none.

        Raises:
            TypeError: it is still to be found what fits.
        """
        if isinstance(self.batch_tokens, str):
            raise TypeError("data.batch_tokens=auto has to become a number before batches are made")
        return self.batch_tokens

    @property
    def drops_bad(self) -> bool:
        """Whether rows that cannot be used are left out, by either of the settings' names."""
        return self.on_bad == "drop" or self.drop_bad is True
