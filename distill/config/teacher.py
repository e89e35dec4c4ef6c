"""Settings of a teacher: where it comes from, how large it is, and what is stored of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from distill.base.setting_rules import NOT_EMPTY, NOT_NEGATIVE, POSITIVE, allowed, at_least, one_of, setting
from distill.config.architecture import ArchitectureConfig, architecture_problems
from distill.objective.declaration import BEYOND_LOGITS
from distill.objective.settings import TermsConfig, active, reads, unstorable
from distill.objective.specs import TERM_SPECS

LIVE = "teacher.store=never"
"""What lets one teacher show all its logits, at any temperature, in tasks that write."""
_READ_WHERE = {"store_limit_gb": ("store", "auto"), "top_k": ("keep", "top_k"), "samples": ("keep", "sampled")}
"""Settings that are read where another one has one value: name to that one and its value."""


@dataclass
class TeacherConfig:
    """Who teaches."""

    model: str | None = field(default=None, metadata=allowed(NOT_EMPTY))
    """Hub id or folder of a checkpoint; none trains one from scratch in the pretrain stage."""
    default_model: str | None = field(default=None, metadata=allowed(NOT_EMPTY))
    """Hub id of what `model` is where it is not given and the hub or its cache has it; else the teacher is from
    scratch."""
    revision: str | None = None
    """Branch, tag or commit of a hub checkpoint; none takes main."""
    base: str | None = None
    """Hub id or folder of the base of an adapter (LoRA and the like) that is given as model; none: the one that its
    adapter_config.json names."""
    finetuned: bool = False
    """The checkpoint already solves the task, so that finetune is skipped."""
    labels: list[str] = field(default_factory=list)
    """Names of the labels that a checkpoint has learnt, in the order of its outputs, where it does not name them; where
    it learns on, its outputs for labels of the data keep their weights."""
    labels_subset: bool = False
    """Take of a fine-tuned checkpoint only the outputs for the labels of the data; a softmax goes over these alone."""
    accept: bool = False
    """Go on with a teacher that answers some rows of validation no better than anyone could who had not read them, or
    on another scale than the data's scores; else a fine-tuned checkpoint is refused before anything is trained, and
    one that the run fine-tunes before a student learns from it."""
    architecture: ArchitectureConfig = field(default_factory=ArchitectureConfig)
    """Size of a teacher from scratch."""
    vocab_size: int = field(default=4000, metadata=allowed(at_least(100)))
    """Size of the vocabulary of a tokenizer that is trained from scratch."""
    lowercase: bool = True
    """Whether an encoder's tokenizer from scratch lowercases the text and strips accents."""
    store: str = field(default="auto", metadata=allowed(one_of("auto", "always", "never")))
    """auto | always | never: whether the teacher's outputs are stored, so that it runs once for all students. auto
    stores unless a term reads what cannot be (attention, queries, keys and values) or the estimate passes the limit; of
    several teachers everything is stored."""
    precision: str = setting(
        "auto", one_of("auto", "32-true", "bf16-true", "16-true"),
        "auto | 32-true | bf16-true | 16-true: of a teacher that answers while the student learns. auto is bf16-true "
        "on a GPU that has it, beside a student in mixed precision; else that of the student's weights.",
    )  # fmt: skip
    store_limit_gb: float = field(default=10.0, metadata=allowed(POSITIVE))
    """The estimate, in 10⁹ bytes, above which auto does not store."""
    keep: str = field(default="top_k", metadata=allowed(one_of("top_k", "sampled")))
    """top_k | sampled: what is stored of the logits of a whole vocabulary. sampled, with store=always, draws tokens
    from the softened softmax: unbiased for `soft`, the one term that it serves (Anshumann et al. 2025)."""
    top_k: int = field(default=64, metadata=allowed(at_least(1)))
    """For keep=top_k, the logits kept of each token the teacher would write; the rest counts as one."""
    samples: int = field(default=50, metadata=allowed(at_least(1)))
    """For keep=sampled, the tokens drawn for each token the teacher would write, with replacement."""
    answers: str | None = None
    """A file of a labeller's answers (JSON lines, CSV, TSV, Parquet), which teaches in place of a model: for each row
    `id` or its text, and `answer`: a label, a list of votes, a probability by label (or `logprobs`), a score, tags, or
    none. `embedded`: those of a labeller of the embedded sample that errs. Rows without an answer are left out."""
    gold: str | None = None
    """A file of rows, by `id` or text, whose `label` people have checked: by it the labeller is audited. Nothing is
    trained on them. `embedded`: some rows of the embedded sample."""
    label_map: dict[str, str] = field(default_factory=dict)
    """What the labeller says to the label that it means, or to `abstain`: +teacher.label_map.pos=positive."""
    price_per_row: float | None = setting(
        None, ((lambda value: value is None or NOT_NEGATIVE[0](value)), "null, or a number from 0 up"),
        "What the labeller takes for a row, in any currency; a `cost` in the answers counts instead. None: not known.",
    )  # fmt: skip
    smoothing: str = setting(
        "text", one_of("text", "audit", "none"),
        "text | audit | none: what becomes of a plain label, which does not say how sure the labeller is. audit: how "
        "likely each label is where the labeller says this one, as the gold rows show. text: that, and what a linear "
        "model of the words, trained on the other rows, says of this one. none, and without gold rows: it is certain.",
    )  # fmt: skip
    replaces_labels: bool = False
    """The labels of train are not read: the answers take their place, as they do where train has no labels."""


def teacher_problems(teacher: TeacherConfig) -> Iterator[str]:
    """Name each problem of a teacher's own settings, but for those of what is stored of it."""
    yield from architecture_problems("teacher.architecture", teacher.architecture)
    if teacher.finetuned and teacher.model is None:
        yield "teacher.finetuned=true: give the fine-tuned checkpoint as teacher.model=PATH"
    if teacher.revision is not None and teacher.model is None:
        yield f"teacher.revision={teacher.revision}: belongs to a hub checkpoint; give it as teacher.model=ID"
    if teacher.base is not None and teacher.model is None:
        yield f"teacher.base={teacher.base}: belongs to an adapter; give its folder as teacher.model=FOLDER"
    if teacher.labels and teacher.model is None:
        yield "teacher.labels: names the outputs of a checkpoint; give it as teacher.model=FOLDER"
    if teacher.labels_subset and not teacher.finetuned:
        yield (
            "teacher.labels_subset=true: chooses among the outputs of a fine-tuned checkpoint; it needs "
            "teacher.finetuned=true"
        )


def stored_output_problems(teacher: TeacherConfig, terms: TermsConfig) -> Iterator[str]:
    """Name what of the teacher's outputs cannot be stored, and what of them the objective's terms would not find."""
    if teacher.store == "always":
        for name in unstorable(terms):
            unread = BEYOND_LOGITS[reads(terms, name)]
            yield f"teacher.store=always: distill.{name} reads {unread}, which are not stored; allowed is auto or never"
    yield from _unread_storage_problems(teacher)
    if teacher.keep == "sampled":
        yield from _sampled_token_problems(teacher, terms)


def _unread_storage_problems(teacher: TeacherConfig) -> Iterator[str]:
    """Name each setting of what is stored that is not read, as the others stand."""
    defaults = TeacherConfig()
    for key, (other_key, read_with) in _READ_WHERE.items():
        value, default, other = getattr(teacher, key), getattr(defaults, key), getattr(teacher, other_key)
        if value != default and other != read_with:
            yield f"teacher.{key}={value}: is not read where teacher.{other_key}={other}; allowed is {default}"
    if teacher.store == "always" and teacher.precision != defaults.precision:
        read = "is of a teacher that answers while the student learns, and teacher.store=always asks it before"
        yield f"teacher.precision={teacher.precision}: {read}; allowed is {defaults.precision}, or teacher.store=never"
    if teacher.store == "never" and teacher.keep == "top_k" and teacher.top_k != defaults.top_k:
        yield f"teacher.top_k={teacher.top_k}: is not read where teacher.store=never; allowed is {defaults.top_k}"


def _sampled_token_problems(teacher: TeacherConfig, terms: TermsConfig) -> Iterator[str]:
    """Name what cannot be done with a teacher of which drawn tokens are kept."""
    if teacher.store != "always":
        yield f"teacher.keep=sampled: is of what is stored; teacher.store={teacher.store}, allowed is always"
    able = ", ".join(name for name, spec in TERM_SPECS.items() if spec.sampled)
    for name, term in active(terms).items():
        if not TERM_SPECS[name].sampled and reads(terms, name) == "logits":
            yield (
                f"distill.{name}.weight={term.weight}: cannot be computed from sampled tokens, only {able} can; "
                "allowed is 0, or teacher.keep=top_k"
            )
