"""Where a command ends before it has begun, or on an error that is none of its own."""

import sys
from types import SimpleNamespace

import pytest

from distill.ending import in_one_sentence


def command(error):
    with in_one_sentence("it goes on"):
        raise error


def said(capsys, error):
    with pytest.raises(SystemExit) as ended:
        command(error)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_folder_that_is_gone_is_named_as_the_reason(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    sentence = "distill: the folder in which the command was started is gone: go to another one\n"
    assert said(capsys, AssertionError("begun all the same")) == sentence


def test_where_docstrings_are_taken_away_an_error_may_be_of_that(monkeypatch, capsys):
    monkeypatch.setattr(sys, "flags", SimpleNamespace(optimize=2))
    assert said(capsys, ValueError("no docstring")) == (
        "distill: ValueError: no docstring; Python runs without docstrings (-OO, PYTHONOPTIMIZE=2), which libraries "
        "read: run it without that\n"
    )
    monkeypatch.setattr(sys, "flags", SimpleNamespace(optimize=1))
    with pytest.raises(ValueError, match="no docstring"):
        command(ValueError("no docstring"))
