"""The page in headless Chromium: on a phone and a screen, without a script error, and readable without script."""

import gzip
import json
import os
import re
from pathlib import Path

import optuna
import pytest
from browser import BROWSER, looked_at
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from distill.config.search_space import Choice, Range
from distill.report.page import render
from distill.searching import page as searching
from distill.searching.results import Found
from distill.searching.study import MAXIMIZE, MINIMIZE, Goal

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
AXE = os.environ.get("AXE_CORE")
"""A folder in which ``npm install axe-core`` was done."""
ASK = """<script>addEventListener("load", async () => {
  const found = await axe.run({ resultTypes: ["violations"] });
  const said = found.violations.map(each => [each.impact, each.id, each.nodes.length, each.nodes[0].html]);
  parent.postMessage([NUMBER, said], "*");
})</script>"""
ROWS = [
    {
        "id": 1, "kind": "teacher right, student wrong", "inputs": {"tokens": ["Ada", "Lovelace", "met", "x" * 300]},
        "gold": ["B-PER", "I-PER", "O", "O"], "teacher": {"tags": ["B-PER", "I-PER", "O", "O"]},
        "student": {"tags": ["O", "O", "O", "B-LOC"]},
    },
    {
        "id": 2, "kind": "student right, teacher wrong", "inputs": {"tokens": ["Rome", "fell"]}, "gold": ["B-LOC", "O"],
        "teacher": {"tags": ["O", "O"]}, "student": {"tags": ["B-LOC", "O"]},
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def recorded():
    """The pages of a small run of every task, by their cards."""
    file = Path(__file__).parents[1] / "recorded" / "reports.json.gz"
    runs = json.loads(gzip.decompress(file.read_bytes()))
    return {card: render(run["report"], run["curves"], run["rows"]) for card, run in runs.items()}


@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_is_as_wide_as_the_screen_and_its_filter_works(report, curves, full, tmp_path, width):
    found = looked_at({"page": render(report | full, curves, ROWS)}, tmp_path, width)["page"]
    assert (found["width"], found["needs"], found["errors"]) == (width, width, [])
    assert found["articles"] == [2, 1]
    assert min(found["texts"]) > 9, "texts of pictures are read on a phone"


@pytest.fixture(scope="module")
def searched():
    """The page of a search for a good and small model, over settings with long names and of several powers of ten."""
    space = {
        "distill.optimizer.lr": Range(1e-5, 1e-2, log=True),
        "student.architecture.layers": Range(1, 7, step=2, whole=True),
        "distill.scheduler.name": Choice(("linear", "cosine")),
    }
    drawn = {
        "distill.optimizer.lr": FloatDistribution(1e-5, 1e-2, log=True),
        "student.architecture.layers": IntDistribution(1, 7, step=2),
        "distill.scheduler.name": CategoricalDistribution(("linear", "cosine")),
    }
    goal = Goal(("score", "size"), (MAXIMIZE, MINIMIZE), prune=False)
    found = optuna.create_study(directions=goal.directions)
    for number in range(8):
        values = (10.0 ** (number % 4 - 5), 1 + 2 * (number % 3), ("linear", "cosine")[number % 2])
        params = dict(zip(space, values, strict=True))
        found.add_trial(
            optuna.create_trial(params=params, distributions=drawn, values=[0.6 + number / 50, 1e6 + number])
        )
    of = Found("trec_tiny/learning", "accuracy", goal, space, found, found.best_trials, 8)
    return {
        "search": searching.render(of, ["python -m distill.run experiment=trec_tiny " + "distill.temperature=2 " * 9])
    }


@pytest.mark.parametrize("width", [400, 1280])
def test_the_pages_of_every_task_and_of_a_search_are_read_on_phone_and_screen(recorded, searched, tmp_path, width):
    for task, found in looked_at(recorded | searched, tmp_path, width).items():
        assert (task, found["width"], found["needs"], found["errors"]) == (task, width, width, [])
        assert min(found["texts"]) > 9, task
        assert not found["unreadable"], task


def test_without_script_all_but_the_search_is_there(report, curves, full):
    page = re.sub(r"<script>.*?</script>", "", render(report | full, curves, ROWS), flags=re.DOTALL)
    assert 'id="filter" hidden' in page
    assert page.count("<article ") == len(ROWS)
    assert "<article " in page
    assert not re.search(r"<article [^>]*hidden", page)


@pytest.mark.skipif(AXE is None, reason="AXE_CORE names no folder in which npm install axe-core was done")
@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_nothing_serious(report, curves, full, recorded, searched, tmp_path, width):
    script = Path(AXE, "node_modules", "axe-core", "axe.min.js").read_text(encoding="utf-8")
    pages = {"page": render(report | full, curves, ROWS), **recorded, **searched}
    if given := os.environ.get("REPORT"):  # a page of one's own
        pages = {given: Path(given).read_text(encoding="utf-8")}
    for name, page in pages.items():  # one after the other: it looks at every element of a page
        found = looked_at({name: page}, tmp_path, width, f"<script>{script}</script>{ASK}")[name]
        assert not [(name, *each) for each in found if each[0] in ("serious", "critical")]
