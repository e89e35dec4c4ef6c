"""What the pages of ``docs/extending`` teach to add works as it stands; ``extending_pages`` says how they are read."""

import pytest
from extending_pages import ROOT, Step, follow, steps, touched, write

PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "extending").glob("*.md"))}


ALWAYS = ("task", "term")
"""Pages that are followed each time; the others lead along the same seams."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.long) for name in PAGES]
)
def test_what_a_page_teaches_to_add_works(name, tmp_path):
    written = follow(PAGES[name], tmp_path)
    assert written, "no program of the page shows that it works"
    assert any(" passed" in text for text in written), "no command of the page runs a test of what it adds"


ADDED = {
    "term": {
        "distill/objective/losses/logit_huber.py",
        "distill/objective/terms/logit_huber.py",
        "tests/objective/cases/logit_huber.py",
    },
    "task": {
        "distill/tasks/acceptability.py",
        "distill/data/embedded/acceptability.py",
        "experiments/acceptability_tiny.yaml",
    },
    "student": {"distill/student/fresh_layers.py", "students/fresh_layers.yaml"},
    "stage": {"distill/stages/calibrate.py"},
    "export_format": {"distill/export/arrays.py"},
}
"""The files that are to be written for a thing, and no others."""
CHANGED = {
    "term": {"distill/objective/specs/logits.py"},
    "task": {"distill/tasks/__init__.py", "distill/data/embedded/__init__.py"},
    "student": {"distill/student/__init__.py"},
    "stage": {"distill/config/schema.py"},
    "export_format": {"distill/export/__init__.py"},
}
"""The tables that it gets a line in."""


@pytest.mark.parametrize("name", PAGES)
def test_what_is_added_takes_few_files_and_a_line_in_a_table(name):
    added, changed = touched(PAGES[name])
    assert added == ADDED[name]
    assert changed == CHANGED[name]
    lines = [step.content for step in steps(PAGES[name]) if step.where and name != "term"]
    assert all(content.count("\n") == 1 for content in lines)


def test_fences_are_files_changes_scripts_and_commands():
    page = "```python\n# a/b.py\nx = 1\n```\n\n```python\n# a/b.py, after: x = 1\ny = 2\n```\n\n```\nmake x\n```\n"
    assert steps(page) == [
        Step("a/b.py", None, None, "python", "x = 1\n"),
        Step("a/b.py", "after", "x = 1", "python", "y = 2\n"),
        Step(None, None, None, "", "make x\n"),
    ]


def test_a_change_goes_next_to_the_last_such_line_or_fails(tmp_path):
    (tmp_path / "a.py").write_text("x = (\n)\ny = (\n    )\n", encoding="utf-8")
    write(Step("a.py", "before", ")", "python", "    1,\n"), tmp_path)
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "x = (\n)\ny = (\n    1,\n    )\n"
    with pytest.raises(AssertionError, match="has no line 'z'"):
        write(Step("a.py", "before", "z", "python", ""), tmp_path)
    with pytest.raises(AssertionError, match="is there already"):
        write(Step("a.py", None, None, "python", ""), tmp_path)
