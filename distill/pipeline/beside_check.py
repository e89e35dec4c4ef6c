"""Check the finished models of other runs that are scored beside those of a run."""

from distill.errors import ModelError
from distill.inference.torch_runtime import partial_columns
from distill.models.sources import TEACHER_CHECKPOINT, is_beside
from distill.stages.job import RunSpec


def is_finished(spec: RunSpec, name: str) -> bool:
    """Return whether a checkpoint is used as it is."""
    return is_beside(name) or (name == TEACHER_CHECKPOINT and spec.config.teacher.finetuned)


def refuse_labels(spec: RunSpec, name: str) -> None:
    """Refuse a model of another run that has none of the labels of the data.

    Raises:
        ModelError: it has none.
    """
    try:
        partial_columns(spec.setup, spec.sources.model(name, {}))
    except ModelError as error:
        key = f"evaluate.beside.{name.partition(':')[2]}"
        raise ModelError(f"{key}: {error}; name its outputs in their order with {key}.labels=[...]") from error
