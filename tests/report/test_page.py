import json
import logging
import re

import pytest

from distill.report import console, metric, milliseconds, percent
from distill.report.page import render, write


def text_of(page):
    return re.sub(r"<[^>]+>", " ", page).replace("\xa0", " ")


def test_the_page_refers_to_nothing_outside(report, curves):
    page = render(report, curves)
    assert not re.search(r"https?:|//[a-z]|@import|<script|<link|<iframe|<img|\bsrc=", page)
    assert set(re.findall(r'href="(.)', page)) <= {"#"}


def test_no_id_stands_twice_on_the_page(report, curves):
    ids = re.findall(r'\bid="([^"]+)"', render(report, curves))
    assert len(ids) == len(set(ids))


def test_names_are_escaped(report, curves):
    evil = "<script>alert('x')</script>"
    report |= {"name": evil, "command": evil, "task": evil}
    report["data"] |= {"name": evil, "stands_in_for": evil, "notes": [evil, evil], "labels": [evil]}
    for model in report["models"].values():
        model |= {"description": evil, "metrics": {"test": {"accuracy": 0.5, evil: 0.5}}}
        model["per_label"]["test"][evil] = {"precision": 0.1, "recall": 0.1, "f1": 0.1, "support": 3}
    page = render(report, {evil: curves["distill"]})
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_control_characters_reach_neither_page_nor_console(report, curves):
    evil = "\x1b[31mred\u202e"
    report["data"] |= {"name": evil, "notes": [evil], "labels": [evil, "good"]}
    for model in report["models"].values():
        for table in (model.get("per_label") or {}).values():
            table[evil] = next(iter(table.values()))
    for shown in (render(report, curves), console.table(report)):
        assert not set("\x1b\u202e") & set(shown)
        assert r"\x1b[31mred\u202e" in shown


def test_every_metric_of_the_report_is_on_the_page(report, curves):
    text = text_of(render(report, curves))
    for model in report["models"].values():
        for scores in model["metrics"].values():
            assert all(name in text and metric(name, value) in text for name, value in scores.items())
        for rows in model["per_label"].values():
            for label, row in rows.items():
                assert label in text
                assert all(percent(row[key]) in text for key in ("precision", "recall", "f1"))
                assert str(row["support"]) in text
        assert all(milliseconds(value) in text for value in model["latency_ms"].values())
    for export in report["exports"]:
        assert all(metric(name, value) in text for name, value in export["metrics"]["validation"].items())
        assert all(milliseconds(value) in text for value in export["latency_ms"].values())
    assert all(percent(value) in text for value in report["fidelity"]["calibration_error"].values())
    for shown in ("93.12 %", "0.081", "+1.00 points", "34.8 %", "9.5e-07", "38.0 s", report["command"], "ab12f03c9d77"):
        assert shown in text


def test_the_stand_in_is_announced_at_the_top(report, curves):
    page = render(report, curves)
    assert page.index('class="notice"') < page.index("<h2>")
    report["data"]["stands_in_for"] = None
    assert 'class="notice"' not in render(report, curves)


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report["models"].pop("control") and report.update(gain=None),
        lambda report: [model["metrics"].pop("test") for model in report["models"].values()],
        lambda report: [model.update(latency_ms=None, per_label={}) for model in report["models"].values()],
        lambda report: report.update(models={}, gain=None, fidelity=None, exports=[], objective=None, stages=[]),
        lambda report: report["models"].pop("teacher") and report["gain"].update(gap_closed=None),
        lambda report: report["gain"].update(interval=None),
        lambda report: report["gain"].update(difference=0.0, interval=[0.0, 0.0]),
        lambda report: report["environment"].update(git=None),
        lambda report: report["exports"][0].update(latency_ms=None, max_logit_drift=None),
    ],
)
def test_a_page_is_made_whatever_part_is_absent(report, curves, change):
    change(report)
    text = text_of(render(report, curves))
    assert "None" not in text
    assert "nan" not in text
    assert "To repeat it" in text


def test_the_page_says_how_texts_were_scored_where_there_is_something_to_say(report, curves):
    assert "Scored by rouge-score 0.1.2, stemmed words" in text_of(
        render(report | {"scored_by": "rouge-score 0.1.2, stemmed words"}, curves)
    )
    assert "Scored by" not in render(report, curves)


def test_few_labels_are_in_sight_and_fifty_unfold(report):
    assert "<details open>" in render(report, {})
    row = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 16}
    report["data"]["labels"] = [f"intent_{n}" for n in range(50)]
    for model in report["models"].values():
        model["per_label"] = {"test": dict.fromkeys(report["data"]["labels"], row) | {"macro": row}}
    page = render(report, {})
    assert "<details open>" not in page
    assert "50 labels" in page
    assert all(f'<th scope="row">intent_{n}</th>' in page for n in range(50))


def test_the_interval_is_drawn_where_it_lies(report):
    places = [
        float(place) for place in re.findall(r'class="(?:zero|point)" style="left: ([\d.]+)%', render(report, {}))
    ]
    zero, point = places
    assert 0 < zero < point < 100
    report["gain"] |= {"difference": -0.01, "interval": [-0.02, 0.01]}
    zero, point = (
        float(place) for place in re.findall(r'class="(?:zero|point)" style="left: ([\d.]+)%', render(report, {}))
    )
    assert 0 < point < zero < 100


def test_what_labels_are_is_seen_whatever_is_in_them(report):
    report["data"]["labels"] = [" a ", "b\x1b[31m", "c" * 100, "<b>"]
    page = render(report, {})
    for seen in ("&#39; a &#39;, ", "b\\x1b[31m", f"{'c' * 80}&#39;…, ", "&lt;b&gt;"):
        assert seen in page


def test_averages_are_called_so(report):
    for model in report["models"].values():
        model["per_label"]["test"]["macro of supported"] = model["per_label"]["test"]["macro"]
    page = render(report, {})
    for name in ("micro average", "macro average", "macro average of supported", "weighted average"):
        assert f'<th scope="row">{name}</th>' in page


def test_the_word_at_zero_stays_inside(report):
    assert "<em>no gain</em>" in render(report, {})
    report["gain"] |= {"difference": -0.015, "interval": [-0.032, 0.0]}
    assert '<em class="before">no gain</em>' in render(report, {})


def test_the_json_reads_back_as_it_was_and_in_its_order(report, curves, tmp_path):
    write(report, curves, tmp_path / "run")
    read = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    assert read == report
    assert list(read) == list(report)
    assert (tmp_path / "run" / "report.html").read_text(encoding="utf-8") == render(report, curves)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["report.html", "report.json"]


def test_what_is_not_finite_becomes_null_and_is_named(report, tmp_path, caplog):
    report["models"]["student"]["metrics"]["test"]["matthews"] = float("nan")
    with caplog.at_level(logging.WARNING):
        write(report, {}, tmp_path)
    read = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert read["models"]["student"]["metrics"]["test"]["matthews"] is None
    assert "models.student.metrics.test.matthews has no finite value (nan): null is written" in caplog.text


def test_a_report_that_cannot_be_written_leaves_the_old_one(report, tmp_path):
    write(report, {}, tmp_path)
    before = (tmp_path / "report.json").read_text(encoding="utf-8")
    with pytest.raises(TypeError):
        write(report | {"name": object()}, {}, tmp_path)
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == before
    assert len(list(tmp_path.iterdir())) == 2
