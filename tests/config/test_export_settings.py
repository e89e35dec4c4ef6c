"""What may be asked of an export is checked before anything heavy is imported."""

import re

import pytest
from run_parts import spec_of

from distill import export
from distill.config.export import ExportConfig, ToleranceConfig
from distill.config.schema import Config
from distill.config.validate import problems
from distill.errors import DataError
from distill.export import EXPORTERS
from distill.pipeline.preflight import preflight
from distill.pipeline.prepare_data import prepare

WRITES = "translation writes token by token, which takes several graphs and a loop around them"


def said(task="classification", **settings):
    made = Config(task=task, export=ExportConfig(**settings))
    return [line for line in problems(made) if line.startswith("export.")]


def test_the_defaults_of_every_task_are_allowed():
    for task in ("classification", "question_answering", "regression", "translation", "dialogue"):
        assert said(task) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"formats": []}, f"export.formats=[]: allowed is null, or one or more of {', '.join(EXPORTERS)}, each once"),
        (
            {"formats": ["huggingface", "tflite"]},
            f"export.formats=['huggingface', 'tflite']: allowed is null, or one or more of {', '.join(EXPORTERS)}, "
            "each once",
        ),
        (
            {"formats": ["onnx"]},
            "export.formats=['onnx']: the others are asked with the tokenizer of huggingface, which belongs to every "
            "export",
        ),
        (
            {"formats": ["huggingface"], "require": ["onnx"]},
            "export.require=['onnx']: onnx is not among export.formats=['huggingface']",
        ),
        ({"require": ["pdf"]}, f"export.require=['pdf']: allowed is any of {', '.join(EXPORTERS)}, each once"),
        ({"int8": "both"}, "export.int8=both: allowed is one of static, dynamic"),
        ({"calibration_rows": 7}, "export.calibration_rows=7: allowed is a whole number from 8 up"),
        (
            {"tolerance": ToleranceConfig(int8=-0.1)},
            "export.tolerance.int8=-0.1: allowed is a number from 0 up",
        ),
        (
            {"tolerance": ToleranceConfig(label=float("nan"))},
            "export.tolerance.label=nan: allowed is a number from 0 up",
        ),
    ],
)
def test_what_cannot_be_is_named_in_one_message(settings, message):
    assert said(**settings) == [message]


def test_a_format_that_the_task_cannot_have_is_refused_by_name_with_its_reason():
    assert said("translation", formats=["huggingface", "onnx"]) == [
        f"export.formats=['huggingface', 'onnx']: onnx: {WRITES}; allowed is huggingface"
    ]
    assert said("translation", require=["onnx"]) == [f"export.require=['onnx']: onnx: {WRITES}; allowed is huggingface"]


def test_a_package_that_is_not_installed_is_named_with_what_brings_it(monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda name: None if name == "onnxruntime" else object())
    message = (
        "onnx needs onnxruntime, which is not installed; pip install 'distill[serve]' brings it, and "
        "export.formats=[huggingface] does without"
    )
    assert said(formats=["huggingface", "onnx"]) == [f"export.formats=['huggingface', 'onnx']: {message}"]
    assert said() == [f"export.formats={export.possible(_setup())}: {message}"]
    assert said(formats=["huggingface"]) == []
    made = Config(stages=["distill"], export=ExportConfig(formats=["huggingface", "onnx"]))
    assert [line for line in problems(made) if line.startswith("export.")] == []


def _setup():
    from distill.tasks import EncodingSpec, task
    from distill.tasks.setup import TaskSetup

    return TaskSetup("classification", task("classification"), EncodingSpec())


def test_too_few_rows_to_calibrate_are_refused_before_anything_is_trained():
    config = Config(export=ExportConfig(formats=["huggingface", "onnx_int8"]))
    config.data.source, config.data.limit.train = "embedded", 6
    data = prepare(config)
    preflight(spec_of(config, data))  # the stage leaves out what nobody requires, and says why
    config.export.require = ["onnx_int8"]
    message = (
        "export.require=[onnx_int8]: train has 6 rows, too few to calibrate onnx_int8, which takes 8; "
        "export.int8=dynamic does without"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        preflight(spec_of(config, data))
    config.export.int8 = "dynamic"
    preflight(spec_of(config, data))
