"""An entry of the user's own is added by its dotted key, as the documentation says."""

import pytest
from hydra import compose

from distill.config import compose as cards
from distill.config.evaluate import BesideConfig
from distill.config.label import LabelConfig
from distill.config.named_entries import spelled_out
from distill.config.refresh import with_overrides
from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.errors import ConfigError


def composed(*overrides):
    with cards.composing():
        return cards.typed(compose("config", overrides=spelled_out(["experiment=sst2_tiny", *overrides])), Config)


def test_a_model_of_another_run_is_named_by_its_dotted_key():
    found = composed("+evaluate.beside.old.model=FOLDER", "+evaluate.beside.old.labels=[a,b]")
    assert found.evaluate.beside == {"old": BesideConfig("FOLDER", ["a", "b"])}
    assert composed("+evaluate.beside.old={model: FOLDER}").evaluate.beside == {"old": BesideConfig("FOLDER")}
    whole = composed("+evaluate.beside={old: {model: FOLDER}}", "+evaluate.beside.new-one.model=OTHER")
    assert whole.evaluate.beside == {"old": BesideConfig("FOLDER"), "new-one": BesideConfig("OTHER")}


def test_a_further_teacher_is_named_by_its_dotted_key_with_or_without_a_card():
    assert composed("+more_teachers.b.vocab_size=300").more_teachers == {"b": TeacherConfig(vocab_size=300)}
    found = composed("+teacher@more_teachers.b=minilm", "+more_teachers.b.model=FOLDER")
    assert found.more_teachers["b"].model == "FOLDER"


def test_a_label_that_a_card_names_gets_another_name_by_a_plus():
    assert composed("+data.labels.0=bad").data.labels == {"0": "bad", "1": "positive"}


def test_what_is_spelled_out_is_left_as_it_is():
    once = spelled_out(["+evaluate.beside.old.model=a,b"])
    assert once == ["+evaluate.beside={old: {}}", "++evaluate.beside.old.model=a,b"]
    assert spelled_out(once) == once


@pytest.mark.parametrize(
    "argument",
    ["+data.labels.-1=no", "+data.labels={a: b}", "data.labels.0=no", "+data.labels.0=;", "--info", "+trainer.x=1"],
)
def test_all_else_is_left_to_hydra(argument):
    assert spelled_out([argument]) == [argument]


def test_entries_of_a_commands_own_settings_are_known_by_its_schema():
    assert spelled_out(["+labeller.labels.a=x"], LabelConfig) == ["++labeller.labels.a=x"]
    assert spelled_out(["+labeller.labels.a=x"]) == ["+labeller.labels.a=x"]


@pytest.mark.parametrize("name", ["2", "null", "True"])
def test_a_name_that_braces_read_as_another_value_is_refused(name):
    with pytest.raises(ConfigError) as refused:
        spelled_out([f"+more_teachers.{name}.model=x"])
    assert str(refused.value) == (
        f"+more_teachers.{name}.model=x: {name} cannot be a name here; one begins with a letter, as in m{name}"
    )


def test_a_refreshed_run_takes_a_model_of_another_run():
    found = with_overrides(Config(), [("evaluate.beside.old.model", "FOLDER"), ("evaluate.beside.old.labels", ["a"])])
    assert found.evaluate.beside == {"old": BesideConfig("FOLDER", ["a"])}
