"""Rows that are odd, but may be meant: taken as the text that they are, or refused by their place and value."""

import json

import pytest

from distill.base.terminal_text import plain
from distill.config.schema import Config
from distill.errors import DistillError
from distill.pipeline.prepare_data import prepare

LABELS = ("../../etc/passwd", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\x1b[31mred", "C:\\con", "a/b")


def of_rows(folder, rows, name="train.jsonl"):
    """The data of a task of texts and labels, read of a folder with this file."""
    text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
    (folder / name).write_text(text, encoding="utf-8")
    config = Config(task="classification")
    config.data.path = str(folder)
    return prepare(config)


def test_labels_that_look_like_paths_pages_or_formulas_are_labels_and_no_more(tmp_path):
    data = of_rows(tmp_path, [{"text": f"text {number}", "label": LABELS[number % 6]} for number in range(60)])
    assert set(data.labels) == set(LABELS)
    assert "\x1b" not in plain(data.summary())
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


def test_a_text_with_a_nul_or_an_escape_is_taken_as_it_is(tmp_path):
    rows = [{"text": f"a\0b \x1b[31m {number}", "label": number % 2} for number in range(40)]
    texts = [text for rows in of_rows(tmp_path, rows).splits.values() for text in rows["text"]]
    assert "a\0b \x1b[31m 7" in texts


BAD = {
    "a line of 10 MB": (
        [{"text": "a", "label": 0}] * 20 + [{"text": "a" * 10_000_000, "label": 1}],
        "line 21 of DIR/train.jsonl has 10,000,000 characters in text: a text may have 1,000,000",
    ),
    "half of a pair of surrogates": (
        '{"text": "a", "label": 0}\n{"text": "\\ud800", "label": 1}\n',
        "line 2 of DIR/train.jsonl has in text half of a pair of surrogates, '\\ud800', which is no text",
    ),
    "a column with an escape for a name": (
        '{"\\u001b[31m": "a", "label": 0}\n',
        "DIR/train.jsonl",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_row_that_cannot_be_used_is_refused_by_its_place(name, tmp_path):
    rows, said = BAD[name]
    with pytest.raises(DistillError) as error:
        of_rows(tmp_path, rows)
    line = plain(str(error.value)).replace(str(tmp_path), "DIR")
    assert said in line
    assert "\x1b" not in line


def test_a_table_of_ten_thousand_columns_is_read(tmp_path):
    names = ["text", "label", *(f"c{number}" for number in range(9_998))]
    rows = ([f"text {number}", str(number % 2), *["x"] * 9_998] for number in range(24))
    data = of_rows(tmp_path, "".join("\t".join(cells) + "\n" for cells in (names, *rows)), "train.tsv")
    assert data.labels == ("0", "1")
