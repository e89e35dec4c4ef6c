"""Quantize weights alone beforehand, and inputs on the range of each batch: an answer then depends on the batch."""

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx

_OPERATORS = ["MatMul", "Gemm", "Gather"]


def quantize(source: Path, target: Path) -> None:
    """Write the 8-bit form of a graph whose linear layers measure their inputs anew in each batch.

    Weights take half of their range, so that sums of 16 bits cannot overflow (see ``weights``).

    Args:
        source: a graph of 32 bits.
        target: the file that is written.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with TemporaryDirectory() as scratch:
        prepared = Path(scratch) / "prepared.onnx"
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_dynamic(
            prepared,
            target,
            op_types_to_quantize=_OPERATORS,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
    model = onnx.load(target)
    onnx.helper.set_model_props(model, {each.key: each.value for each in onnx.load(source).metadata_props})
    onnx.save(model, target)
