"""The forms in which a model's folder may answer, by name; checked before anything heavy is imported."""

from collections.abc import Mapping

from distill.errors import ConfigError

AUTO, TORCH = "auto", "torch"
FILES: Mapping[str, str] = {"onnx_int8": "onnx/model_quantized.onnx", "onnx": "onnx/model.onnx"}
"""Formats that need no torch, and the file of each; untimed ones are taken for the quicker in this order."""
FORMATS = (AUTO, TORCH, *reversed(tuple(FILES)))
"""What may be asked for."""


def refuse_unknown(wanted: str) -> None:
    """Refuse the name of a format that is none.

    Raises:
        ConfigError: it is none of ``FORMATS``.
    """
    if wanted not in FORMATS:
        raise ConfigError(f"format={wanted}: allowed is one of {', '.join(FORMATS)}")
