"""Roles of the task to which settings give a column, and the folder of the store."""

from distill.config.schema import Config
from distill.config.validate import problems


def test_a_role_that_the_task_does_not_have_is_told_with_those_it_has():
    config = Config(task="regression")
    config.data.columns = {"pear": "a"}
    config.data.unlabelled.path, config.data.unlabelled.columns = __file__, {"label": "b"}
    assert problems(config) == [
        "data.columns.pear: unknown setting; did you mean pair? data.columns has text, pair, label",
        "data.unlabelled.columns.label: unknown setting; data.unlabelled.columns has text, pair",
    ]
    config.data.source = "embedded"
    assert problems(config) == []


def test_a_store_without_a_name_is_refused():
    said = "store=: allowed is the name of a folder, such as . for the one that this is"
    assert problems(Config(store="")) == [said]
