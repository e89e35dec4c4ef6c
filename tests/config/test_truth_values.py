"""Numbers where true or false belongs, in commands of their own settings, spaces of a search and cards of a library."""

import re

import pytest

from distill.api import run_experiment
from distill.config.command_line import settings_of
from distill.config.search import SearchConfig, SearchSection, check
from distill.config.store import StoreConfig
from distill.errors import ConfigError


@pytest.mark.parametrize("value", ["-1", "2", "99999999999999999999"])
def test_a_command_takes_no_number_but_0_and_1_for_true_or_false(value):
    with pytest.raises(ConfigError, match=f"^yes={value}: allowed is true or false$"):
        settings_of(StoreConfig, [f"yes={value}"], "usage")


@pytest.mark.parametrize(
    ("value", "is_true"), [("true", True), ("1", True), ("yes", True), ("0", False), ("off", False)]
)
def test_a_command_takes_what_usually_stands_for_true_and_false(value, is_true):
    assert settings_of(StoreConfig, [f"yes={value}"], "usage").yes is is_true


def test_a_search_tries_no_number_for_true_or_false():
    config = SearchConfig(search=SearchSection(space={"distill.gradual_unfreezing": [True, -1]}))
    with pytest.raises(
        ConfigError, match=re.escape("search.space.distill.gradual_unfreezing=[True, -1]: -1 is neither true nor")
    ):
        check(config, [], [])


def test_a_card_of_a_library_gives_no_number_for_true_or_false(tmp_path):
    (tmp_path / "experiment").mkdir()
    card = tmp_path / "experiment" / "mine.yaml"
    card.write_text("# @package _global_\ndata: {drop_bad: -1}\n")
    said = f"{card}: line 2: data.drop_bad=-1: allowed is true, false or null"
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        run_experiment("mine", config_dir=tmp_path, folder=tmp_path / "run")
