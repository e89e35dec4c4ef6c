import json
import re

import pytest

from distill.errors import ModelError
from distill.models.task_metadata import read_form


def write(folder, form):
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "distill": form}))


def test_what_a_run_wrote_is_read_and_so_is_a_folder_that_does_not_say(tmp_path):
    form = {
        "task": "classification",
        "labels": ["a", "b"],
        "max_length": 8,
        "stride": 0,
        "generation": {"num_beams": 2},
    }
    write(tmp_path, form)
    assert read_form(tmp_path) == form
    (tmp_path / "config.json").write_text("{}")
    assert read_form(tmp_path) == {}


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("task", ["classification"], "the name of a task"),
        ("labels", "ab", "a list of names"),
        ("labels", [1, 2], "a list of names"),
        ("columns", {"text": 3}, "names of columns"),
        ("generation", {"num_beams": "many"}, "settings of writing, whole numbers from 1 up"),
        ("max_length", 0, "a whole number from 1 up"),
        ("max_length", True, "a whole number from 1 up"),
        ("stride", -1, "a whole number"),
        ("unanswerable", 1, "true or false"),
    ],
)
def test_what_no_run_writes_is_refused(tmp_path, key, value, kind):
    write(tmp_path, {key: value})
    message = f"{tmp_path}/config.json: distill.{key} is {value!r}, not {kind}; give the folder as it was exported"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        read_form(tmp_path)


def test_a_form_that_is_none_is_refused(tmp_path):
    write(tmp_path, 3)
    message = f"{tmp_path}/config.json: distill is 3, not an object; give the folder as it was exported"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        read_form(tmp_path)
