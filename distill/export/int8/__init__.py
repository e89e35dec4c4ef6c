"""Quantize an exported ONNX graph to 8 bits, and measure what that costs: functions of files, sessions and arrays.

The static form keeps what calibration measured: each quantized layer reads its input on one fixed scale, so that an
example's answer does not depend on the batch that it stands in. The linear layers read unsigned 8-bit inputs and signed
8-bit weights with a scale for each output (Jacob et al. 2018, arXiv:1712.05877); embeddings have a scale for each row.
"""
