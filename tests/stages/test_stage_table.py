"""The stages stand in one table, whose names are modules."""

import inspect

import pytest

from distill.config import schema
from distill.stages import STAGES
from distill.stages.job import Stage


def test_the_stages_are_those_of_the_settings_in_their_order():
    assert tuple(STAGES) == schema.STAGES == tuple(schema.Config().stages)


def test_what_is_no_stage_is_not_imported():
    with pytest.raises(KeyError, match="job"):
        STAGES["job"]


@pytest.mark.parametrize("name", schema.STAGES)
def test_a_stage_offers_what_the_chain_asks_of_it(name):
    stage = STAGES[name]
    assert stage.RECIPE >= 1
    for part in ("skipped", "needs", "settings", "run"):
        asked = [name for name in inspect.signature(getattr(Stage, part)).parameters if name != "self"]
        assert list(inspect.signature(getattr(stage, part)).parameters) == asked, f"{name}.{part}"
