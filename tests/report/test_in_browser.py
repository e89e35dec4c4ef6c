"""The page in headless Chromium: on a phone and a screen, without a script error, and readable without script."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from distill.report.page import render

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
PROBE = "<script>window.errors = []; addEventListener('error', event => errors.push(String(event.message)))</script>"
MEASURE = """<script>addEventListener("load", () => {
  const page = document.documentElement, form = document.getElementById("filter");
  const found = { width: page.clientWidth, needs: page.scrollWidth, errors, articles: [] };
  const seen = () => [...document.querySelectorAll("#apart article")].filter(each => each.offsetHeight).length;
  if (form) {
    found.articles.push(seen());
    form.elements.text.value = "lovelace";
    form.dispatchEvent(new Event("input"));
    found.articles.push(seen());
  }
  found.texts = [...document.querySelectorAll("svg text")].map(each => each.getBoundingClientRect().height)
    .filter(height => height);
  parent.postMessage(found, "*");
})</script>"""
AXE = os.environ.get("AXE_CORE")
"""A folder in which ``npm install axe-core`` was done."""
ASK = """<script>addEventListener("load", async () => {
  const found = await axe.run({ resultTypes: ["violations"] });
  parent.postMessage(found.violations.map(each => [each.impact, each.id, each.nodes.length, each.nodes[0].html]), "*");
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


def looked_at(page, folder, width, measure=MEASURE):
    """What a frame of this width says of a page."""
    end = page.rindex("</body>")
    probed = (page[:end] + measure + page[end:]).replace("<head>", f"<head>{PROBE}", 1)
    content = json.dumps(probed).replace("</", "<\\/")
    frame = folder / "frame.html"
    frame.write_text(
        f'<!doctype html><meta charset="utf-8"><iframe style="width: {width}px; height: 800px; border: 0"></iframe>'
        '<pre></pre><script>addEventListener("message", event => {'
        'document.querySelector("pre").textContent = JSON.stringify(event.data) });'
        f'document.querySelector("iframe").srcdoc = {content}</script>',
        encoding="utf-8",
    )
    return json.loads(html.unescape(re.search(r"<pre>(.+?)</pre>", dumped(frame), re.DOTALL)[1]))


def dumped(file):
    """The document as the browser has it once all scripts have run."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=20000"]
    command = [
        BROWSER,
        *flags,
        "--window-size=1400,900",
        f"--user-data-dir={file.parent / 'profile'}",
        "--dump-dom",
        file.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_is_as_wide_as_the_screen_and_its_filter_works(report, curves, full, tmp_path, width):
    found = looked_at(render(report | full, curves, ROWS), tmp_path, width)
    assert (found["width"], found["needs"], found["errors"]) == (width, width, [])
    assert found["articles"] == [2, 1]
    assert min(found["texts"]) > 9, "texts of pictures are read on a phone"


def test_without_script_all_but_the_search_is_there(report, curves, full):
    page = re.sub(r"<script>.*?</script>", "", render(report | full, curves, ROWS), flags=re.DOTALL)
    assert 'id="filter" hidden' in page
    assert page.count("<article ") == len(ROWS)
    assert "<article " in page
    assert not re.search(r"<article [^>]*hidden", page)


@pytest.mark.skipif(AXE is None, reason="AXE_CORE names no folder in which npm install axe-core was done")
@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_nothing_serious(report, curves, full, tmp_path, width):
    script = Path(AXE, "node_modules", "axe-core", "axe.min.js").read_text(encoding="utf-8")
    given = os.environ.get("REPORT")  # a page of one's own
    page = Path(given).read_text(encoding="utf-8") if given else render(report | full, curves, ROWS)
    found = looked_at(page, tmp_path, width, f"<script>{script}</script>{ASK}")
    assert not [each for each in found if each[0] in ("serious", "critical")]
