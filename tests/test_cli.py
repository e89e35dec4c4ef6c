import sys
from functools import partial

import pytest

from distill import __main__ as cli
from distill.base import early_signals


@pytest.fixture
def called(ended, monkeypatch):
    monkeypatch.setattr(early_signals, "heed", lambda then: None)
    return partial(ended, cli.main)


def test_help_names_every_command(called):
    for words in ((), ("--help",)):
        code, out, _ = called(*words)
        assert code == 0
        assert all(f"distill {name} " in out for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_command_is_called_with_the_rest_of_the_line(called, name, monkeypatch):
    seen = []
    monkeypatch.setattr(f"distill.{name}.main", lambda: seen.append(sys.argv[:]))
    assert called(name, "a=b")[0] == 0
    assert seen == [["distill", "a=b"]]


def test_a_setting_without_a_command_is_told_where_it_belongs(called):
    assert called("experiment=sst2_tiny", "seed=1") == (
        2, "", f"distill: experiment=sst2_tiny is no command; there are {', '.join(cli.COMMANDS)}; "
        "was it distill run experiment=sst2_tiny seed=1?\n",
    )  # fmt: skip
    assert called("trian")[2] == f"distill: trian is no command; there are {', '.join(cli.COMMANDS)}\n"
