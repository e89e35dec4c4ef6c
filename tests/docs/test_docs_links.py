"""Links lead somewhere, the README stays short, and what it shows of the results is what they are."""

import re
from itertools import pairwise

import pytest
from doc_pages import FENCE, PAGES, ROOT, blocks, name, text

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchor(heading):
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(page):
    return [anchor(heading) for heading in HEADING.findall(FENCE.sub("", text(page)))]


def test_anchors_are_those_of_github():
    assert anchor("`python -m distill.design`") == "python--m-distilldesign"
    assert anchor("What is stored, of a teacher?") == "what-is-stored-of-a-teacher"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_somewhere(page):
    for link in LINK.findall(FENCE.sub("", text(page))):
        path, _, part = link.partition("#")
        if path.startswith(("https:", "http:", "mailto:")):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)}: {link} is not there"
        assert not part or part in anchors(target), f"{name(page)}: {link} names no heading"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_two_headings_of_a_page_have_the_same_anchor(page):
    if page.name != "CHANGELOG.md":  # Added, Changed, … of each version
        assert len(anchors(page)) == len(set(anchors(page)))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(page):
    lines = FENCE.sub("", text(page)).splitlines()
    widths = [len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0 for line in lines]
    for number, (one, other) in enumerate(pairwise(widths), 2):
        assert not one or not other or one == other, f"line {number} of {name(page)}: {lines[number - 1]}"


def test_the_readme_is_short_and_leads_to_every_page():
    readme = text(ROOT / "README.md")
    assert len(readme.encode()) <= 10_000
    linked = set(LINK.findall(readme))
    assert [name(page) for page in PAGES if page.name != "README.md" and name(page) not in linked] == []


def test_the_results_of_the_readme_are_some_of_all():
    readme, results = (text(ROOT / path) for path in ("README.md", "docs/results.md"))
    shown = readme[readme.index("## Results") :]
    rows = [line for line in shown[: shown.index("\n## ")].splitlines() if line.startswith("| ")]
    commands = [line for block in blocks(ROOT / "README.md")[-1:] for line in block.splitlines()]
    assert len(rows) > len(commands) + 2  # the head, and the line below it; one command makes several rows
    assert commands
    assert [line for line in (*rows, *commands) if line not in results.splitlines()] == []
