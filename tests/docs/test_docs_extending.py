"""What the pages of ``docs/extending`` teach to add works as it stands; ``extending_pages`` says how they are read."""

import pytest
from extending_pages import ROOT, Step, follow, steps, touched, write

PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "extending").glob("*.md"))}


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_teaches_to_add_works(name, tmp_path):
    written = follow(PAGES[name], tmp_path)
    assert written, "no program of the page shows that it works"
    assert any(" passed" in text for text in written), "no command of the page runs a test of what it adds"


def test_a_term_is_four_files_of_which_one_was_there():
    added, changed = touched(PAGES["term"])
    assert added == {
        "distill/objective/losses/logit_huber.py",
        "distill/objective/terms/logit_huber.py",
        "tests/objective/cases/logit_huber.py",
    }
    assert changed == {"distill/objective/specs/logits.py"}


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
