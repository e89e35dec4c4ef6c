"""Ranges are measured on rows of train, and cut off only where that lowers the error of rounding."""

import numpy as np
import pytest
from tiny_graphs import encoder, rows

from distill.errors import DataError
from distill.export.int8.graph import Graph
from distill.export.int8.ranges import calibrate, watched
from distill.models.eight_bits import Range, best_range, rounded


def error(values, within):
    return float(np.mean((rounded(values, within) - values) ** 2))


def test_numbers_are_rounded_as_the_operator_of_onnx_does():
    within = Range(-1.0, 3.0)
    values = np.linspace(-2, 4, 101)
    steps = np.clip(np.rint(values / within.scale) + within.zero, 0, 255)
    assert rounded(values, within) == pytest.approx((steps - within.zero) * within.scale)
    assert rounded(np.array([0.0]), within)[0] == 0.0


def test_a_lone_outlier_is_cut_off_and_a_flat_range_is_not():
    flat, draw = np.linspace(-1, 2, 4001), np.random.default_rng(0)
    bell = np.append(draw.normal(size=100_000), 60.0)
    for values, kept in ((flat, True), (bell, False)):
        whole = Range(float(values.min()), float(values.max()))
        found = best_range(np.histogram(values, bins=2048, range=whole)[0].astype(float), whole)
        assert (found == pytest.approx(whole)) is kept
        assert error(values, found) <= error(values, whole)


def test_a_tensor_of_nothing_but_zeros_has_a_range():
    assert rounded(np.zeros(3), best_range(np.zeros(2048), Range(0.0, 0.0))).tolist() == [0.0, 0.0, 0.0]


def test_a_range_holds_what_the_rows_gave(tmp_path):
    graph, some = Graph.load(encoder(tmp_path / "model.onnx")), rows(8)
    name = next(node.input[0] for node in graph.nodes if node.op_type == "Gemm")
    seen = np.concatenate([watched(graph, [name])(row)[name].ravel() for row in some])
    within = calibrate(graph, [name], some)[name]
    assert seen.min() - 1e-6 <= within.low < 0 < within.high <= seen.max() + 1e-6
    assert error(seen, within) <= error(seen, Range(float(seen.min()), float(seen.max()))) * 1.01


def test_fewer_than_eight_rows_are_refused(tmp_path):
    graph = Graph.load(encoder(tmp_path / "model.onnx"))
    with pytest.raises(DataError, match=r"^int8 is calibrated on 7 rows of train, where 8 are the least$"):
        calibrate(graph, [], rows(7))
