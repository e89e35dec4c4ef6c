"""What each term is: the one table behind ``--help``, ``docs/objectives.md`` and the checks."""

from dataclasses import asdict, dataclass
from typing import Any

from distill.config.terms import TermsConfig, active, shares
from distill.types import Kind

CLASS: Kind = "class"
LABELS: Kind = "labels"
SCORE: Kind = "score"
ANY: tuple[Kind, ...] = (CLASS, LABELS, SCORE)

WORDS = {"states": "hidden states", "scores": "attention scores", "qkv": "queries, keys and values"}
"""What terms read of the teacher besides its logits."""


@dataclass(frozen=True)
class About:
    """A term in words and in facts; a test holds the facts against the term itself.

    Attributes:
        formula: p is the teacher, q the student, both softened by the temperature T.
        paper: that it is from.
        cost: besides a forward pass.
        when: it is worth trying.
        reads: labels | logits (of the teacher) | states | scores (of attention) | qkv (queries, keys and values).
        kinds: of rows for which it makes sense.
        softened: whether it has the temperature.
        whole: whether it needs the teacher's logits of all classes.
        tokens: whether it compares token by token, so that both models must read the same ones.
    """

    formula: str
    paper: str
    cost: str
    when: str
    reads: str = "logits"
    kinds: tuple[Kind, ...] = (CLASS,)
    softened: bool = True
    whole: bool = False
    tokens: bool = False


def _inside(formula: str, paper: str, cost: str, when: str, reads: str = "states", *, tokens: bool = True) -> About:
    return About(formula, paper, cost, when, reads, ANY, softened=False, tokens=tokens)


ABOUT = {
    "hard": About(
        "−w(label) · log q(label) at T = 1; several labels: binary cross-entropy; scores: (student − gold)²",
        "", "none", "wherever there are labels", "labels", ANY, softened=False,
    ),
    "soft": About(
        "T² · KL(p ‖ q); several labels: the mean over them; scores: (student − teacher)²",
        "Hinton 2015", "one softmax each", "start here", kinds=ANY,
    ),
    "reverse_kl": About(
        "T² · KL(q ‖ p)", "Gu 2024", "as soft", "students too small to cover the teacher; on TREC behind soft",
    ),
    "js": About(
        "T² · (β KL(p ‖ m) + (1−β) KL(q ‖ m)), m = βp + (1−β)q", "Agarwal 2024", "2 × soft",
        "between soft and reverse_kl, bounded; on TREC and SST-2 behind soft",
    ),
    "skew_kl": About("T² · KL(p ‖ αp + (1−α)q)", "Ko 2024", "1.5 × soft", "far-off rows rule the batch"),
    "skew_reverse_kl": About(
        "T² · KL(q ‖ (1−α)p + αq)", "Ko 2024", "1.5 × soft", "language models, where reverse_kl is unsteady",
    ),
    "taid": About(
        "T² · KL(softmax of (1−t)·student + t·teacher ‖ q), t → 1 by steps", "Shing 2025", "as soft",
        "student far smaller than teacher; on TREC behind soft", whole=True,
    ),
    "dkd": About(
        "T² · (α KL on label or not + β KL among the others)", "Zhao 2022", "2 to 3 × soft",
        "a very sure teacher; 3 classes or more; on TREC behind soft", whole=True,
    ),
    "dist": About(
        "1 − Pearson along rows, and along columns", "Huang 2022", "small",
        "a much stronger teacher; 3 classes or more; on TREC behind soft", whole=True,
    ),
    "standardized": About(
        "soft on z-scored logits", "Sun 2024", "as soft",
        "order matters, sureness doesn't; 3 classes or more; on TREC behind soft", whole=True,
    ),
    "logit_mse": About(
        "mean of (student − teacher)² of logits", "Ba & Caruana 2014", "least", "no temperature to choose", kinds=ANY,
        softened=False, whole=True,
    ),
    "hidden": _inside(
        "mean squared error of states and embeddings, projected where widths differ", "Romero 2015",
        "states on disk, or the teacher beside", "strongest pull, same tokens",
    ),
    "hidden_cosine": _inside(
        "1 − cosine of states and embeddings", "Sanh 2019", "as hidden",
        "direction, not size; for narrow copies ahead of soft on SST-2, behind on TREC",
    ),
    "pkd": _inside(
        "mean squared error of first-token states of length 1", "Sun 2019", "as hidden",
        "sentence tasks; weights of 10 to 1,000", tokens=False,
    ),
    "cka": _inside(
        "1 − linear CKA of token states", "Kornblith 2019", "as hidden, and tokens · width²",
        "students made of their teacher; other widths without a projection; many tokens a step",
    ),
    "embedding": _inside(
        "mean squared error of embedding outputs", "Jiao 2020", "as one pair of hidden",
        "narrower embeddings; ahead of soft on SST-2, behind on TREC and STS-B",
    ),
    "attention": _inside(
        "mean squared error of q · k / √d, before positions that attention adds and the softmax", "Jiao 2020",
        "the teacher beside, and heads · tokens²", "TinyBERT, same tokens; on TREC it took from soft", "scores",
    ),
    "relations": _inside(
        "KL of Q-Q, K-K and V-V relations in R heads", "Wang 2021", "the teacher beside, and 3 · R · tokens²",
        "any heads and widths, same tokens; for narrow copies ahead of soft on SST-2, behind on TREC", "qkv",
    ),
    "rkd_distance": _inside(
        "Huber of distances over their mean", "Park 2019", "as hidden, and examples² · width, up to limit",
        "narrow copies of sentence tasks; a weight of 25",
        tokens=False,
    ),
    "rkd_angle": _inside(
        "Huber of cosines in all triples", "Park 2019", "as hidden, and examples³ · width, up to limit",
        "whole texts; a weight of 50; the best on STS-B, alone and beside cka", tokens=False,
    ),
}  # fmt: skip
"""Every term by its name."""


def reads(section: TermsConfig, name: str) -> str:
    """What a term reads, with these settings: see ``About.reads``."""
    by_settings: str = getattr(getattr(section, name), "of", "")
    return "logits" if by_settings == "logits" else ABOUT[name].reads


def inside(section: TermsConfig) -> list[str]:
    """The active terms that read more of the teacher than its logits.

    >>> inside(TermsConfig())
    []
    """
    return [name for name in active(section) if reads(section, name) not in ("labels", "logits")]


def unstorable(section: TermsConfig) -> list[str]:
    """The active terms that read what is never stored: logits are, and hidden states."""
    return [name for name in inside(section) if reads(section, name) != "states"]


def softened(section: TermsConfig, kind: Kind) -> list[str]:
    """The active terms that have the temperature, by what a row means: for scores, ``soft`` has none."""
    return [name for name in active(section) if ABOUT[name].softened and kind != SCORE]


def described(section: TermsConfig, kind: Kind) -> dict[str, Any]:
    """What the report says of an objective for rows of a kind: all that counts, by the words of the settings."""
    found = active(section)
    moved = {name: asdict(term.schedule) for name, term in found.items() if term.schedule.kind != "constant"}
    by_temperature, schedule = bool(softened(section, kind)), section.temperature_schedule
    return {
        "temperature": section.temperature if by_temperature else None,
        "temperature_schedule": asdict(schedule) if by_temperature and schedule.kind != "constant" else None,
        "terms": {name: term.weight for name, term in found.items()},
        "schedules": moved,
        "shares": shares(section),
    }


def listed() -> str:
    """One line a term, for ``--help``."""
    return "\n".join(
        f"  {name:<15} {about.formula} | {about.paper or 'no paper'} | cost: {about.cost} | for: {about.when}"
        for name, about in ABOUT.items()
    )


def markdown() -> str:
    """The table of ``docs/objectives.md``."""
    lines = [f"| `{name}` | {a.formula} | {a.paper} | {a.cost} | {a.when} |" for name, a in ABOUT.items()]
    return "\n".join(["| term | formula | from | cost | when |", "| --- | --- | --- | --- | --- |", *lines])
