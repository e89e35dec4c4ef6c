"""The Python of the pages runs as it stands; that of ``docs/extending`` is tried by ``test_docs_extending``."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "docs"
BLOCKS = {
    f"{page.name}-{number}": block
    for page in sorted(PAGES.glob("*.md"))
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S))
}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", BLOCKS)
def test_the_python_of_a_page_runs(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS[name], name, "exec"), {})  # noqa: S102
    assert capsys.readouterr().out


def test_the_page_names_what_is_public():
    import distill

    page = (PAGES / "python.md").read_text(encoding="utf-8")
    assert [name for name in distill.__all__ if f"`distill.{name}" not in page] == []
