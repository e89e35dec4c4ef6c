"""What nobody thought of, made up by hypothesis: each ends in settings, in rows, or in one sentence."""

import shutil
import tempfile
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as make

from distill.base.terminal_text import plain
from distill.config.overrides import inspect_overrides
from distill.config.user_cards import GLOBAL, inspect_cards
from distill.data import formats
from distill.data.formats import Options
from distill.data.kinds import Columns
from distill.errors import ConfigError, DataError

BOUNDED = settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
"""The same few examples in every run; `make fuzz` tries others for as long as it is given."""
TEXTS = make.text(max_size=30) | make.sampled_from(
    [
        "${",
        "${oc.env:HOME}",
        "_target_",
        "()",
        "!!python/name:os.system",
        "\0",
        "\x1b[31m",
        "\ud800",
        "[" * 40,
        "&a",
        "*a",
    ]
)
VALUES = make.recursive(
    make.none() | make.booleans() | make.integers() | make.floats() | TEXTS,
    lambda inner: make.lists(inner, max_size=4) | make.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
CELLS = make.text(make.characters(codec="utf-8") | make.sampled_from('",;\t|\r\n\0{}[]\\:'), max_size=12)
ENDINGS = make.sampled_from([".tsv", ".csv", ".jsonl", ".json", ".conll", ".conllu", ".txt"])


def in_a_sentence(error):
    assert plain(str(error)).strip()


@BOUNDED
@given(make.one_of(make.text(max_size=200), VALUES.map(lambda value: yaml.safe_dump({"a": value}, allow_unicode=True))))
def test_a_card_is_taken_or_refused_in_a_sentence(text):
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "experiment").mkdir()
        (folder / "experiment" / "mine.yaml").write_text(f"{GLOBAL}\n{text}", encoding="utf-8", errors="surrogatepass")
        inspect_cards([f"--config-dir={folder}"])
    except ConfigError as error:
        in_a_sentence(error)
    finally:
        shutil.rmtree(folder)


@BOUNDED
@given(make.text(max_size=30), make.one_of(TEXTS, VALUES.map(str)))
def test_an_override_is_taken_or_refused_in_a_sentence(key, value):
    try:
        inspect_overrides([f"{key}={value}"])
    except ConfigError as error:
        in_a_sentence(error)


def rows_of(content, ending, **options):
    """All rows of a file with this content, and the types of their columns; none where it is refused in a sentence."""
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / f"train{ending}").write_bytes(content)
        rows, columns = list(formats.rows(folder / f"train{ending}", Options(**options)).rows), Columns()
        for number, (_, row) in enumerate(rows):
            columns.see(row, lambda number=number: f"row {number}")
        return rows
    except DataError as error:
        in_a_sentence(error)
        return None
    finally:
        shutil.rmtree(folder)


@BOUNDED
@given(make.binary(max_size=400), ENDINGS, make.booleans(), make.booleans())
def test_any_bytes_are_rows_or_refused_in_a_sentence(content, ending, words, keep):
    rows_of(content, ending, words=words, keep_bad=keep)


@BOUNDED
@given(make.lists(make.lists(CELLS, max_size=4), max_size=6), ENDINGS, make.sampled_from("\t,;|"), make.booleans())
def test_any_table_is_rows_or_refused_in_a_sentence(table, ending, delimiter, words):
    content = "\n".join(delimiter.join(cells) for cells in table)
    rows_of(content.encode(), ending, words=words)


@BOUNDED
@given(VALUES, make.sampled_from([".json", ".jsonl"]))
def test_any_json_is_rows_or_refused_in_a_sentence(value, ending):
    import json

    rows_of(json.dumps(value).encode(), ending)
