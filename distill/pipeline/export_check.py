"""Check before the first stage what the export would find out after the last training."""

from collections.abc import Mapping

from transformers import PretrainedConfig

from distill.errors import DataError, ModelError
from distill.export import FEWEST_ROWS, INT8, exporter
from distill.models.sources import STUDENT_CHECKPOINT, TEACHER_CHECKPOINT
from distill.models.temperature import head_layer
from distill.stages.job import RunSpec

_BRING_IT: Mapping[str, str] = {
    "teacher": TEACHER_CHECKPOINT,
    "narrow": TEACHER_CHECKPOINT,
    "checkpoint": STUDENT_CHECKPOINT,
}
"""Each ``student.init`` whose architecture is that of a checkpoint, and of which; all others are the project's own."""


def rows_to_calibrate(spec: RunSpec) -> None:
    """Refuse a required format in 8 bits whose ranges would be measured on too few rows; others are left out.

    Raises:
        DataError: train has too few.
    """
    config, rows = spec.config, len(spec.data.splits["train"])
    rounding = [name for name in config.export.require if exporter(name).rounds]
    if "export" in config.stages and rounding and config.export.int8 == INT8[0] and rows < FEWEST_ROWS:
        raise DataError(
            f"export.require=[{', '.join(config.export.require)}]: train has {rows} rows, too few to calibrate "
            f"{rounding[0]}, which takes {FEWEST_ROWS}; export.int8={INT8[1]} does without"
        )


def required_formats(spec: RunSpec, configs: Mapping[str, PretrainedConfig]) -> None:
    """Refuse an architecture that cannot have what is asked of its export, so that the run would end with an error.

    Args:
        spec: the run.
        configs: of the checkpoints, by their names.

    Raises:
        ModelError: it cannot.
    """
    source = _BRING_IT.get(spec.decisions.student.init)
    if "export" not in spec.config.stages or source is None or source not in configs:
        return
    if spec.config.export.calibrate:
        _divisible_head(configs[source], spec.setup.task.head)
    required, tokenizer = spec.config.export.require, spec.sources.tokenizer(spec.sources.checkpoints[source])
    for name in required:
        try:
            exporter(name).refuse_architecture(configs[source], spec.setup, tokenizer)
        except ModelError as error:
            raise ModelError(f"export.require=[{', '.join(required)}]: {name}: {error}") from error


def _divisible_head(config: PretrainedConfig, head: str) -> None:
    try:
        head_layer(config, head)
    except ModelError as error:
        raise ModelError(f"export.calibrate=true: {error}; leave it out") from error
