"""The pages of explanations and of counterfactual pairs in headless Chromium, on a phone and a screen."""

import pytest
from browser import BROWSER, looked_at
from predicted import TEXTS

from distill import counterfactuals, explain

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
LONG = "x" * 300


@pytest.fixture
def pages(made_run, ended, tmp_path):
    """Both pages of a run of two models, of texts of which one is a word without an end."""
    run = made_run("classification")
    assert ended(explain.main, f"model={run}", "steps=4", "most_steps=4", *TEXTS, f"who built {LONG} ?")[0] == 0
    assert ended(counterfactuals.main, f"model={run}")[0] == 0
    names = ("explanation", "counterfactuals")
    return {name: (tmp_path / f"{name}.html").read_text(encoding="utf-8") for name in names}


@pytest.mark.parametrize("width", [400, 1280])
def test_they_are_as_wide_as_the_screen(pages, tmp_path, width):
    assert LONG in pages["explanation"]
    for name, found in looked_at(pages, tmp_path, width).items():
        assert (name, found["width"], found["needs"], found["errors"]) == (name, width, width, [])
