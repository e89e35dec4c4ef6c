"""Settings of the stage that pretrains the teacher."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distill.base.setting_rules import (
    INNER_FRACTION,
    NOT_EMPTY,
    NOT_NEGATIVE,
    TEMPERATURE,
    Rule,
    allowed,
    at_least,
    one_of,
    said,
    setting,
)
from distill.config.task_traits import task_or_first
from distill.config.training import TrainingConfig
from distill.tasks import TASKS

if TYPE_CHECKING:
    from distill.config.schema import Config

NEXT = "mlm+nsp"
"""Masked tokens and next segments."""
_ENDINGS = (".txt", ".txt.gz")
_SHORTEST_PAIR = 5
"""Tokens of two segments of one token each, with those around them."""


def _text_files(value: object) -> bool:
    """Tell whether a value is none, the name of a text file, or a list of names."""
    names = value if isinstance(value, list) else [] if value is None else [value]
    return value != [] and all(isinstance(name, str) and name.lower().endswith(_ENDINGS) for name in names)


_FILES: Rule = _text_files, "null, a .txt or .txt.gz file, or a list of them"


@dataclass
class PretrainTermsConfig:
    """What a model learns of `pretrain.teacher`; the weights of the terms are DistilBERT's (Sanh et al. 2019)."""

    temperature: float = setting(2.0, TEMPERATURE, "What logits are divided by in the term soft.")
    hard: float = setting(2.0, NOT_NEGATIVE, "Weight of the masked tokens themselves.")
    soft: float = setting(5.0, NOT_NEGATIVE, "Weight of the teacher's probabilities of masked tokens.")
    hidden_cosine: float = setting(1.0, NOT_NEGATIVE, "Weight of the direction of the teacher's hidden states.")


@dataclass
class PretrainConfig(TrainingConfig):
    """Language modelling on the text of train, or of files; max_epochs=0 only makes a tokenizer."""

    max_epochs: int = field(default=3, metadata=allowed(at_least(0)))
    objective: str = setting(
        "mlm", one_of("mlm", NEXT, "clm"),
        "mlm | mlm+nsp | clm. mlm: predict masked tokens, for models that read both ways (Devlin et al. 2019). "
        "mlm+nsp: of pairs of segments from `files` predict masked tokens, and whether the second segment follows the "
        "first, as half of them do; for models with a head for that, such as BERT. clm: predict the next token, for "
        "models that read from left to right, such as GPT-2; texts are packed into blocks of `data.max_length` tokens.",
    )  # fmt: skip
    mask_probability: float = field(default=0.15, metadata=allowed(INNER_FRACTION))
    """Share of the tokens that the model has to predict."""
    whole_words: bool = False
    """Mask words as a whole, not token by token, which leaves less to guess from a word's other pieces (Cui et al.
    2021)."""
    files: Any = field(default=None, metadata=allowed(_FILES))
    """Plain text to pretrain on, in place of the text of train: a .txt or .txt.gz file or a list of them, a text a
    line, also larger than memory; lines are packed into blocks of `data.max_length` tokens. None: the text of train and
    of `data.unlabelled`. A blank line, and the end of a file, ends a document, which objective=mlm+nsp reads."""
    holdout: float = setting(
        0.05, INNER_FRACTION,
        "Share of the blocks of `files` that are held out, on which perplexity is measured.",
    )  # fmt: skip
    continued: bool = False
    """Go on from the checkpoint teacher.model, on the text of train, before it is fine-tuned."""
    teacher: str | None = field(default=None, metadata=allowed(NOT_EMPTY))
    """A model with a masked-language-modelling head, from which the model learns beside the text: task-agnostic
    distillation, as DistilBERT's. A model from scratch takes over its tokenizer."""
    terms: PretrainTermsConfig = field(default_factory=PretrainTermsConfig)

    @property
    def paths(self) -> list[str]:
        """The text files; empty where the text of train is read."""
        return [] if self.files is None else self.files if isinstance(self.files, list) else [self.files]

    @property
    def packs(self) -> bool:
        """Whether texts are packed into blocks."""
        return bool(self.paths) or self.objective == "clm"


def pretrain_problems(config: "Config") -> Iterator[str]:
    """Name each problem of the pretraining: where it begins, and what the model's architecture cannot learn."""
    section, default = config.pretrain, PretrainConfig()
    if section.continued and (config.teacher.model is None or config.teacher.finetuned):
        yield "pretrain.continued=true: goes on from a checkpoint that is not fine-tuned yet; give teacher.model=PATH"
    if section.teacher is None and section.terms != default.terms:
        yield "pretrain.terms: weigh what is learnt from a model; give it as pretrain.teacher=MODEL"
    if section.teacher is not None and not (section.terms.soft or section.terms.hidden_cosine):
        yield "pretrain.terms: soft and hidden_cosine are 0, so that nothing is learnt of pretrain.teacher"
    if section.teacher is not None and not section.max_epochs:
        yield f"pretrain.teacher={section.teacher}: is not read where pretrain.max_epochs=0; leave one of them out"
    if section.files is None and section.holdout != default.holdout:
        yield f"pretrain.holdout={section.holdout}: belongs to files of text; give them as pretrain.files=FILE"
    yield from _problems_of_pairs(config)
    if section.objective == "clm":
        for key in ("mask_probability", "whole_words", "teacher"):
            value, usual = getattr(section, key), getattr(default, key)
            if value != usual:
                yield f"pretrain.{key}={said(value)}: belongs to pretrain.objective=mlm; allowed is {said(usual)}"
    if config.teacher.model is None and config.task in TASKS and section.max_epochs:
        yield from _problems_from_scratch(config)


def _problems_of_pairs(config: "Config") -> Iterator[str]:
    """Name what pairs of segments cannot be made of, or learnt from."""
    section = config.pretrain
    if section.objective != NEXT or not section.max_epochs:
        return
    given = f"pretrain.objective={NEXT}"
    if section.files is None:
        yield f"{given}: learns from lines that follow each other; give them as pretrain.files=FILE, or allowed is mlm"
    if section.teacher is not None:
        yield f"pretrain.teacher={section.teacher}: belongs to pretrain.objective=mlm; allowed is null"
    if config.data.max_length < _SHORTEST_PAIR:
        yield f"data.max_length={config.data.max_length}: {given} has two segments; allowed is {_SHORTEST_PAIR} or more"


def _problems_from_scratch(config: "Config") -> Iterator[str]:
    """Name what a model cannot learn whose architecture is the one of the task."""
    section, task = config.pretrain, task_or_first(config.task)
    if section.objective == "clm" and task.family == "encoder":
        yield (
            f"pretrain.objective=clm: the BERT of {config.task} reads both ways, and would see the token that it is to "
            "predict; allowed is mlm"
        )
    if task.family == "decoder" and section.objective != "clm":
        yield (
            f"pretrain.max_epochs={section.max_epochs}: a GPT-2 cannot learn pretrain.objective={section.objective}, "
            "since it reads from left to right; allowed is pretrain.objective=clm, or pretrain.max_epochs=0, which "
            "begins at random"
        )
    if task.family == "encoder-decoder":
        yield f"pretrain.max_epochs={section.max_epochs}: models that write begin at random; allowed is 0"
