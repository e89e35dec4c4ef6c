"""Spans of characters in the cells of a table are told to be read from JSON."""

import json
import re

import pytest
from datasets import Dataset

from distill.data.columns import take
from distill.errors import DataError

ROLES = {"tokens": "texts", "label": "tags"}


def refused(message):
    return pytest.raises(DataError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("keys", [("start", "end"), ("start_offset", "end_offset")])
def test_spans_in_cells_are_told_where_words_are_looked_for_and_where_tags_are(keys):
    cell = json.dumps([{**dict(zip(keys, (0, 5), strict=True)), "labels": ["PER"]}])
    rows = Dataset.from_dict({"id": ["1", "2"], "label": [cell, "[]"], "text": ["Carla ran.", "It rained."]})
    with refused(
        "here has no column tokens; it has id, label, text: say which one is the tokens with data.columns.tokens=NAME; "
        "label holds spans of characters in the cells of a table: they are read from JSON, which the tool that wrote "
        "them exports, too"
    ):
        take({"train": rows}, ROLES, {}, "here")
    with pytest.raises(DataError, match="it holds lists of objects, of which spans of characters are read from JSON "):
        take({"train": rows}, ROLES, {"tokens": "text"}, "here")


def test_lists_of_other_things_in_cells_are_no_spans():
    rows = Dataset.from_dict({"a": ['["Carla"]', "[]"], "b": ['[{"start": 1}]', "[x"]})
    with refused("here has no column tokens; it has a, b: say which one is the tokens with data.columns.tokens=NAME"):
        take({"train": rows}, ROLES, {}, "here")
