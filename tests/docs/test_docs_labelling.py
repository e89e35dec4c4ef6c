"""The command that labels without a network, as the page has it, labels the texts that its answers then teach."""

import json
import shlex
import sys

from doc_pages import ROOT, blocks, commands
from hydra import compose
from hydra.core.global_hydra import GlobalHydra

from distill import label
from distill.config import compose as cards
from distill.config.schema import Config
from distill.pipeline.prepare_data import prepare

PAGE = ROOT / "docs" / "labelling.md"


def test_the_command_of_the_page_labels_the_sample_and_its_answers_teach_it(tmp_path, monkeypatch, capsys):
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
    (teaching,) = (words for words in commands(PAGE) if "teacher=labels" in words)
    with cards.composing():
        config = cards.typed(compose("config", overrides=teaching[3:]), Config)
    data = prepare(config)
    counts = data.labelled["first"].counts
    assert (counts.lines, counts.answered) == (100, sum(each is not None for each in said))
    assert counts.no_row == counts.outside == counts.unparseable == 0
    assert len(data.splits["train"]) - len(data.labelled["first"].unanswered) >= counts.answered
