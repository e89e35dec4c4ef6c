import time

import pytest

from distill.data.formats.parsing import Doubled, parse
from distill.data.kinds import Columns, Unfit, kind_of
from distill.errors import DataError


def seen(*rows):
    columns = Columns()
    for number, row in enumerate(rows, 1):
        columns.see(row, lambda number=number: f"line {number} of it")
    return columns


@pytest.mark.parametrize(
    "text", ["2024-01-01", "2024-01-01T00:00:00Z", "1", "01", "1.10", "true", "null", "nan", "12:30"]
)
def test_what_json_says_is_a_string_is_one(text):
    assert seen(parse(f'{{"label": "{text}"}}')).kinds == {"label": "str"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "int"),
        ([1, None, 2.5], "float"),
        ([None], "null"),
        ([True, False], "bool"),
        ([1, 2**60], "long"),
        ([[], ["a"], None], ["str"]),
        ([{"x": 1}, {"y": [0.5]}, {}], {"x": "int", "y": ["float"]}),
    ],
)
def test_a_column_is_of_the_kind_that_all_its_values_have(values, kind):
    assert seen(*({"it": value} for value in values)).kinds == {"it": kind}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([0, "x"], "'x' (text), but line 1 has 0 (a number): a column has one type"),
        ([True, 1], "1 (a number), but line 1 has True (true or false): a column has one type"),
        (["a", ["b"]], "['b'] (a list), but line 1 has 'a' (text): a column has one type"),
        ([0.5, 2**60], "1152921504606846976 (a number), but line 1 has 0.5 (a number): a column has one type"),
        ([["a"], ["b", 1]], "a list of unlike entries, ['b', 1]"),
        ([1, 10**20], "100000000000000000000, a number of more than 64 bits"),
        ([1.0, float("nan")], "NaN, which is no value"),
        ([[1.0], [float("-inf")]], "-Infinity, which is no value"),
        (["a", "\udc00"], "half of a pair of surrogates, '\\udc00', which is no text"),
        ([1, Doubled()], "a key that stands twice"),
    ],
)
def test_a_column_that_cannot_be_of_one_kind_is_left_out_with_the_row_that_breaks_it(values, why):
    columns = seen(*({"it": value, "text": "a"} for value in values))
    assert columns.problems == {"it": f"line 2 of it has in it {why}"}
    assert columns.kinds == {"text": "str"}


def test_values_that_are_nested_too_deep_have_no_kind():
    deep = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(Unfit, match="nested too deep"):
        kind_of(deep)


def test_names_of_things_are_no_columns():
    with pytest.raises(DataError, match=r"^line 20001 of it is where the rows come to have more than 20,000 different"):
        seen(*({str(number): 1} for number in range(20_001)))
    columns = seen(*({"it": {str(number): 1}} for number in range(1001)))
    assert columns.problems == {"it": "line 1001 of it has in it objects that have more than 1,000 different keys"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("[" * 100_000 + "]" * 100_000, "it is nested too deep"), ("[1,]", "Expecting value: line 1 column 4 (char 3)")],
)
def test_what_is_no_json_is_told(text, said):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        parse(text)
    assert str(raised.value) == said


def test_a_number_of_thousands_of_digits_is_beyond_a_table():
    assert parse('{"n": ' + "9" * 5000 + "}")["n"] > 2**64


def test_a_key_that_stands_twice_among_very_many_is_found_at_once():
    members = ", ".join(f'"{number}": 1' for number in range(30_000))
    start = time.monotonic()
    found = parse(f'{{{members}, "7": 2}}')
    assert time.monotonic() - start < 2
    assert [key for key, value in found.items() if isinstance(value, Doubled)] == ["7"]
