"""The command that labels without a network, as the page has it, labels the texts of the page's own command."""

import json
import shlex
import sys

from doc_pages import ROOT, blocks, commands
from hydra.core.global_hydra import GlobalHydra

from distill import label

PAGE = ROOT / "docs" / "labelling.md"


def test_the_command_of_the_page_labels_the_sample(tmp_path, monkeypatch, capsys):
    (script,) = (block for block in blocks(PAGE) if block.startswith("import json"))
    (tmp_path / "keywords.py").write_text(script, encoding="utf-8")
    (words,) = (words for words in commands(PAGE) if any("keywords.py" in word for word in words))
    given = [word.replace("python keywords", f"{shlex.quote(sys.executable)} keywords") for word in words[3:]]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["label", *given])
    GlobalHydra.instance().clear()
    label.main()
    assert "answers.jsonl: 100 of 100 rows: " in capsys.readouterr().out
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    said = [line["answer"] for line in lines]
    assert {*said} == {"positive", "negative", None}
    assert all(set(line) == {"text", "answer"} for line in lines)
