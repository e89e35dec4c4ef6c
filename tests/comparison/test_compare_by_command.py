"""The command: what it prints and writes, and one message for whatever is wrong."""

import json
from functools import partial

import pytest
from made_runs import made

from distill import compare as command
from distill.pipeline.store_contents import note_run


@pytest.fixture
def called(ended):
    return partial(ended, command.main)


@pytest.fixture
def three(tmp_path):
    for number, temperature in enumerate((1.0, 2.0, 4.0)):
        made(tmp_path / "outputs" / str(number), temperature=temperature, student=0.8 + number / 50)
    return tmp_path / "outputs"


def test_a_table_is_printed_and_a_page_written(called, three, tmp_path):
    code, out, err = called(three)
    assert (code, err) == (0, "")
    assert "  3  temperature=4.0" in out
    assert out.endswith("page: comparison.html\n")
    assert "temperature=4.0" in (tmp_path / "comparison.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("flag", ["--csv", "--json", "--markdown"])
def test_another_form_is_printed_alone_without_a_page(called, three, tmp_path, flag):
    code, out, _ = called(three, flag)
    assert code == 0
    assert "temperature=4.0" in out
    assert "page:" not in out
    assert not (tmp_path / "comparison.html").exists()
    if flag == "--json":
        assert len(json.loads(out)["groups"][0]["rows"]) == 3


def test_a_store_stands_for_the_runs_that_wrote_there(called, three, tmp_path):
    store = tmp_path / "elsewhere" / "store"
    for number in (0, 2):
        note_run(store, three / str(number))
    code, out, _ = called(store, "page=two/page.html", "--csv")
    assert code == 0
    assert "temperature=1.0" in out
    assert "temperature=2.0" not in out
    assert (tmp_path / "two" / "page.html").is_file()


def test_two_runs_whose_store_is_gone_are_compared_without_their_examples(called, three):
    code, out, _ = called(three / "0", three / "1")
    assert code == 0
    assert "The two runs are not compared example by example: " in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give the folders of runs"),
        (("--xml", "outputs"), "--xml: there are --csv, --json, --markdown"),
        (("--csv", "--json", "outputs"), "--csv --json: one of them can be printed"),
        (("nowhere",), "nowhere: there is no such folder"),
        (
            ("outputs", "output=a.html"),
            "output=a.html: neither a folder nor a setting; there are page, examples, slices",
        ),
        (("no*",), "no* matches no folder"),
        (("outputs", "examples=-1"), "examples=-1: allowed is a whole number from 0 up"),
        (("outputs", "examples=many"), "examples=many: allowed is a whole number"),
    ],
)
def test_a_mistake_is_one_message(called, three, words, message):
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"distill: {message}")
