import pytest
from transformers import (
    AlbertConfig,
    BartConfig,
    BertConfig,
    DistilBertConfig,
    MarianConfig,
    ModernBertConfig,
    RobertaConfig,
)

from distill.models.dropout import set_dropout


@pytest.mark.parametrize("config", [BertConfig(), DistilBertConfig(), RobertaConfig(), AlbertConfig()])
def test_every_dropout_of_a_configuration_is_set(config):
    set_dropout(config, 0.0)
    names = [name for name in config.to_dict() if "dropout" in name]
    assert names
    assert {getattr(config, name) for name in names} == {0.0}


@pytest.mark.parametrize("config", [BartConfig(), MarianConfig(), ModernBertConfig()])
def test_no_dropout_leaves_no_chance_and_some_leaves_layers_in(config):
    config.encoder_layerdrop = 0.3
    set_dropout(config, 0.2)
    names = [name for name in config.to_dict() if "dropout" in name]
    assert {getattr(config, name) for name in names} == {0.2}
    assert config.encoder_layerdrop == 0.3
    set_dropout(config, 0.0)
    assert {getattr(config, name) for name in (*names, "encoder_layerdrop")} == {0.0}
