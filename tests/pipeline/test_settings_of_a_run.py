"""The settings of a finished run are read from its folder, or it is said how they are written again."""

import re

import pytest

from distill.config.dump import write_config
from distill.config.schema import Config
from distill.errors import ConfigError
from distill.pipeline.kept_scores import settings_of_run


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is gone, which says how the run reads its data"),
        ("", "holds no settings of a run"),
        ("seed: many\n", "cannot be read (Value 'many' of type 'str' could not be converted to Integer)"),
        ("seed: [\n", "cannot be read (while parsing a flow node)"),
    ],
)
def test_settings_that_cannot_be_read_are_told_with_the_way_out(tmp_path, content, said):
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    again = f"start its command again with hydra.run.dir={tmp_path}, which takes finished stages from the store"
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{path} {said}; {again}')}$"):
        settings_of_run(path)


def test_settings_that_a_run_wrote_are_read(tmp_path):
    write_config(Config(seed=7), tmp_path / "config.yaml")
    assert settings_of_run(tmp_path / "config.yaml") == Config(seed=7)
