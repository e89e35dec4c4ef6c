"""Each input of the corpus is refused with its one line, in which nothing can do anything to a terminal."""

import json
from pathlib import Path

import corpus
import pytest

from distill.base.terminal_text import plain
from distill.config.user_cards import inspect_cards
from distill.data import files
from distill.errors import DistillError

SAID = json.loads((Path(__file__).parent / "said.json").read_text(encoding="utf-8"))
"""Kind and name of each input to its line; what a library says of it is left out after ``…``."""
READ = {
    "card": (corpus.CARDS, lambda folder: inspect_cards(["--config-dir", str(folder)])),
    "data": (corpus.DATA, files.read),
}
CASES = [(kind, name) for kind, (made, _) in READ.items() for name in made]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_bad_input_is_refused_with_its_line(kind, name, tmp_path):
    made, read = READ[kind]
    for file, content in made[name].items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DistillError) as error:
        read(tmp_path)
    line = plain(str(error.value)).replace(str(tmp_path), "DIR")
    expected, cut, _ = SAID[kind][name].partition("…")
    assert line.isprintable()
    assert line.startswith(expected) if cut else line == expected


def test_the_corpus_has_a_line_for_each_input_and_none_besides():
    assert {kind: list(lines) for kind, lines in SAID.items()} == {kind: list(READ[kind][0]) for kind in READ}
    assert len(CASES) >= 60


def test_a_card_with_the_resolvers_and_sections_that_it_may_have_is_taken(tmp_path):
    (tmp_path / "experiment").mkdir()
    text = corpus.GLOBAL + "name: ${file_name:${data.path},x}\nhydra: {sweeper: {params: {seed: 1}}}\n"
    (tmp_path / "experiment" / "mine.yaml").write_text(text)
    inspect_cards(["--config-dir", str(tmp_path)])
