"""A format of an export is one file, and one line in a table: the stage writes, opens, scores, times and gates it."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from test_recorded_run import RUN, again  # noqa: F401 - again is a fixture

from distill.config.schema import Config
from distill.config.validate import problems
from distill.export import EXPORTERS, exporter

PAGE = Path(__file__).parents[1] / "docs" / "extending" / "export_format.md"
(FILE,) = re.findall(
    r"^```python\n# distill/export/arrays.py\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
"""The format that the page shows."""


@pytest.fixture
def arrays(tmp_path, monkeypatch):
    """The format, known to the package under the name of its one line."""
    (tmp_path / "format_of_arrays.py").write_text(FILE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(EXPORTERS, "arrays", "format_of_arrays")
    yield exporter("arrays")
    del sys.modules["format_of_arrays"]


@pytest.mark.slow
def test_a_file_and_a_line_are_all_that_a_new_format_takes(again, arrays):  # noqa: F811
    statuses, report = again("export.formats=[arrays,huggingface]", "evaluate.latency_samples=2")
    assert [statuses[name] for name in ("control", "evaluate", "export")] == ["reused", "done", "done"]
    usual, new = report["exports"]
    assert [export["format"] for export in report["exports"]] == ["huggingface", "arrays"]
    assert [export["path"] for export in report["exports"]] == ["export/student", "export/student/arrays"]
    assert new["metrics"] == usual["metrics"]
    assert usual["metrics"] == report["models"]["student"]["metrics"]
    assert 0 <= new["max_logit_drift"] < 1e-4
    for export in report["exports"]:
        assert export["latency_ms"]["p50"] > 0
        assert export["latency"]["threads"] == report["latency"]["threads"]
    folder = again.folder / new["path"]
    assert new["bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    assert sorted(path.name for path in folder.iterdir()) == ["about.json", "weights.npz"]
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        assert "classifier.weight" in weights
    (stored,) = again.store.glob("export-*/answers/arrays/test/rows")
    assert list(stored.glob("part-*.safetensors"))
    assert "<h3>arrays</h3>" in (again.folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_format_that_answers_otherwise_than_the_student_is_left_out(inside, again, arrays, monkeypatch):  # noqa: F811
    runtime = sys.modules["format_of_arrays"].ArraysRuntime
    right = runtime.logits
    monkeypatch.setattr(runtime, "logits", lambda self, batch: right(self, batch) + 0.01)
    reason = "its logits differ by up to 0.01 from the student's, where 0.0001 is allowed"
    _, report = again("export.formats=[huggingface,arrays]")
    usual, new = report["exports"]
    assert (usual["left_out"], new["left_out"], new["bytes"]) == (None, reason, None)
    assert report["certificate"]["formats"]["arrays"]["reason"] == reason
    assert not report["certificate"]["formats"]["arrays"]["certified"]
    assert "arrays" not in report["models"]
    bundle = again.folder / usual["path"]
    assert not (bundle / "arrays").exists()
    for text in ((again.folder / "report.html"), bundle / "README.md"):
        said = text.read_text(encoding="utf-8").replace("\\", "").replace("&#39;", "'").replace("\xa0", " ")
        assert reason in said, text.name
    out = inside(
        "experiment=sst2_tiny", *RUN, "export.formats=[huggingface,arrays]", "export.require=[arrays]", small=False,
        code=2,
    )  # fmt: skip
    assert f"export.require=[arrays]: arrays is not good enough to ship: {reason}" in out


@pytest.mark.parametrize("formats", [[], ["tflite"], ["huggingface", "huggingface"]])
def test_formats_that_nobody_writes_are_refused(formats):
    made, known = Config(), ", ".join(EXPORTERS)
    made.export.formats = formats
    assert problems(made) == [f"export.formats={formats}: allowed is null, or one or more of {known}, each once"]


def test_every_format_of_the_table_says_how_it_is_written_and_opened():
    for name in EXPORTERS:
        assert callable(exporter(name).write)
        assert callable(exporter(name).open)
        assert exporter(name).rounds or exporter(name).tolerance > 0
