"""What a term of the objective is declared by: its settings, its formula, what it reads and where it makes sense."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from distill.base.setting_rules import INNER_FRACTION, LAYER_PAIRS, NOT_NEGATIVE, one_of, setting
from distill.types import Kind

CLASS: Kind = "class"
LABELS: Kind = "labels"
SCORE: Kind = "score"
ANY: tuple[Kind, ...] = (CLASS, LABELS, SCORE)

Reads: TypeAlias = Literal["labels", "logits", "states", "scores", "qkv"]
"""What a term compares the student with: the data's labels, or of the teacher its logits, hidden states, attention
scores, or queries, keys and values."""
BEYOND_LOGITS: Mapping[Reads, str] = {
    "states": "hidden states",
    "scores": "attention scores",
    "qkv": "queries, keys and values",
}
"""What terms read of the teacher besides its logits, in words."""
SCHEDULES = ("constant", "linear", "cosine", "warmup", "two_phase")


@dataclass
class ScheduleConfig:
    """How a weight or a temperature moves over training: from the value that it belongs to, or, as warmup, up to it."""

    kind: str = setting(
        "constant",
        one_of(*SCHEDULES),
        "constant | linear | cosine | warmup (a line from 0 up to the value) | two_phase (a jump to the end).",
    )
    end: float = setting(0.0, NOT_NEGATIVE, "Its value at the last step; not read by constant and warmup.")
    share: float = setting(
        0.5, INNER_FRACTION, "Of training: where warmup arrives at the value, where two_phase switches to the end."
    )


@dataclass
class TermConfig:
    """What every term has."""

    weight: float = setting(
        0.0,
        NOT_NEGATIVE,
        "0 leaves the term out, with none of its settings changed, unless a schedule takes the weight from 0 to more.",
    )
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """How the weight moves."""


@dataclass
class LayersConfig(TermConfig):
    """A term that compares layers; with a setting ``last_only`` that is true, the last pair of its map alone."""

    layer_map: str = setting(
        "uniform",
        LAYER_PAIRS,
        "Which teacher layer each student layer follows: uniform | first | last | skip, numbers from 0 as in '1,3', "
        "pairs student:teacher as in '0:1,2:5', or auto (the most alike by linear CKA on texts of train, in their "
        "order).",
    )


Problems: TypeAlias = Callable[[Any, Kind], Iterable[str]]
"""What is wrong with a term's settings, for rows of a kind, each as it goes on after ``distill.NAME``."""


def no_problems(settings: TermConfig, kind: Kind) -> Iterable[str]:
    """Find nothing wrong with a term's settings, whatever they are."""
    return ()


@dataclass(frozen=True, kw_only=True)
class TermSpec:
    """A term in words and in facts: all that settings, checks, help, documents, report and objective know of it.

    A test holds the facts against the class that implements the term.

    Attributes:
        name: the word for it, in settings, logs and reports.
        implementation: dotted name of its class, which is imported when an objective is built. The class, or its
            ``build`` where it has one, takes by these names what it needs of: its own settings; ``temperature``;
            ``weights`` of the classes; ``pairs`` of layers or hidden states; ``student_width`` and ``teacher_width`` of
            hidden states; ``teacher_heads``; ``projected_widths`` of all queries, keys and values; ``causal``.
        formula: p is the teacher, q the student, both softened by the temperature T.
        cost: besides a forward pass.
        when: it is worth trying.
        paper: that it is from; empty where it is from none.
        settings: dataclass of its settings, each with its bounds and what it means.
        reads: what it compares the student with.
        reads_by: name of a setting that, where it is ``logits``, makes it read the teacher's logits instead.
        kinds: of rows for which it makes sense.
        by_kind: the classes that implement it for rows of some kinds, in place of ``implementation``.
        softened: whether it has the temperature; scores have none.
        all_logits: whether it needs the teacher's logits of all classes.
        sampled: whether it is right on average where the teacher's tokens are drawn.
        same_tokens: whether it compares token by token, so that both models must read the same ones.
        embeddings: whether it compares the embedding output beside the layers of its map.
        state: which hidden state it compares where it has no layer map: 0 is the embedding output, -1 the last one.
        whole_step: whether it compares examples of a whole step with each other.
        least_examples: how many of them it needs to find something to compare.
        two_classes: why it says nothing where there are only two; empty where it does.
        every_class: whether all classes count alike, also those that cannot be the answer.
        problems: of its settings beyond what each of them may be.
    """

    name: str
    implementation: str
    formula: str
    cost: str
    when: str
    paper: str = ""
    settings: type[TermConfig] = TermConfig
    reads: Reads = "logits"
    reads_by: str = ""
    kinds: tuple[Kind, ...] = (CLASS,)
    by_kind: Mapping[Kind, str] = field(default_factory=dict)
    softened: bool = True
    all_logits: bool = False
    sampled: bool = False
    same_tokens: bool = False
    embeddings: bool = False
    state: int | None = None
    whole_step: bool = False
    least_examples: int = 1
    two_classes: str = ""
    every_class: bool = False
    problems: Problems = no_problems

    @property
    def layered(self) -> bool:
        """Tell whether it compares layers, by a ``layer_map``."""
        return issubclass(self.settings, LayersConfig)

    def implemented_by(self, kind: Kind) -> str:
        """Return the dotted name of its class for rows of a kind."""
        return self.by_kind.get(kind, self.implementation)

    def read(self, settings: TermConfig) -> Reads:
        """Return what it compares the student with, with these settings."""
        return "logits" if self.reads_by and getattr(settings, self.reads_by) == "logits" else self.reads
