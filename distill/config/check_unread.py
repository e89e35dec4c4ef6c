"""Settings that nothing reads, as the others stand: refused, since whoever gives one expects it to matter."""

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

from distill.config.schema import Config

_STAGES = ("pretrain", "finetune", "distill")
_READ: tuple[tuple[tuple[str, ...], Callable[[Config], bool], str], ...] = (
    (
        ("data.stride",), lambda config: config.task in ("token_classification", "question_answering"),
        "token_classification and question_answering",
    ),
    (
        ("data.max_target_length",), lambda config: config.task in ("translation", "summarization", "dialogue"),
        "translation, summarization and dialogue",
    ),
    (("data.max_answer_length",), lambda config: config.task == "question_answering", "question_answering"),
    (("student.layers",), lambda config: config.student.init == "teacher", "student.init=teacher"),
    (
        ("student.layer_map",), lambda config: config.student.init in ("teacher", "narrow"),
        "student.init=teacher or narrow",
    ),
    (
        tuple(f"student.lstm.{name}" for name in ("layers", "hidden_size", "embedding_size")),
        lambda config: config.student.init == "bilstm", "student.init=bilstm",
    ),
    (
        ("teacher.architecture.decoder_layers", "student.architecture.decoder_layers"),
        lambda config: config.task in ("translation", "summarization") or config.student.init == "narrow",
        "translation and summarization",
    ),
    (
        ("finetune.lora.alpha", "finetune.lora.dropout"), lambda config: config.finetune.lora.rank > 0,
        "adapters, finetune.lora.rank above 0",
    ),
)  # fmt: skip
"""Settings, where they are read, and how that is said."""
_READ_OF_TRAINING: dict[str, tuple[Callable[[Any], bool], str]] = {
    "optimizer.momentum": (lambda section: section.optimizer.name == "sgd", "optimizer.name=sgd"),
    "early_stopping.min_delta": (
        lambda section: section.early_stopping.patience is not None, "early_stopping.patience",
    ),
}  # fmt: skip
"""The same of each training stage."""


def unread(config: Config) -> Iterator[str]:
    """Name each setting that differs from its default and is not read."""
    for keys, read, where in _READ:
        if not read(config):
            yield from (_belongs(config, key, where) for key in keys if _changed(config, key))
    for stage in _STAGES:
        for name, (read_of, where) in _READ_OF_TRAINING.items():
            if not read_of(getattr(config, stage)) and _changed(config, f"{stage}.{name}"):
                yield _belongs(config, f"{stage}.{name}", f"{stage}.{where}")


def _changed(config: Config, key: str) -> bool:
    return bool(_value(config, key) != _value(Config(), key))


def _belongs(config: Config, key: str, where: str) -> str:
    left = _value(Config(), key)
    return f"{key}={_value(config, key)}: belongs to {where}; allowed is {'null' if left is None else left}"


def _value(config: Config, key: str) -> Any:  # noqa: ANN401
    return reduce(getattr, key.split("."), config)
