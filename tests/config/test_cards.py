import dataclasses

import pytest
from hydra import compose, initialize
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from distill.config import cards
from distill.config.check import check
from distill.config.schema import Config, TrainerConfig
from distill.errors import ConfigError

EXPERIMENTS = sorted(path.stem for path in (cards.root() / "experiments").glob("*.yaml"))


@pytest.fixture
def composed():
    GlobalHydra.instance().clear()
    cards.register()
    with initialize(version_base="1.3", config_path=None):
        yield lambda *overrides: OmegaConf.to_object(compose("config", overrides=list(overrides)))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_card_is_a_valid_run_of_its_own_name(composed, experiment):
    config = composed(f"experiment={experiment}")
    check(config)
    assert isinstance(config, Config)
    assert config.name == experiment


@pytest.mark.parametrize("group", ["teacher", "student"])
def test_every_teacher_and_student_card_fits_the_schema(composed, group):
    for path in (cards.root() / cards.FOLDERS[group]).glob("*.yaml"):
        composed("experiment=sst2_tiny", f"{group}={path.stem}")


def test_an_override_wins_over_the_card(composed):
    assert composed("experiment=sst2_tiny", "data.max_length=17").data.max_length == 17


@pytest.mark.parametrize(
    ("given", "names"),
    [("test_2017", ["test_2017"]), ("[test_new,test_old]", ["test_new", "test_old"]), ("2017", ["2017"])],
)
def test_the_file_of_a_split_is_a_name_or_several(composed, tmp_path, given, names):
    from distill.errors import DataError
    from distill.stages.reading import prepare

    config = composed("experiment=sst2_tiny", f"data.path={tmp_path}", f"data.files.test={given}")
    check(config)
    (tmp_path / "train.tsv").write_text("sentence\tlabel\na b\t1\nc d\t0\n")
    with pytest.raises(DataError, match=f"has no file {' or '.join(names)} for test, "):
        prepare(config)


@pytest.mark.parametrize("given", ["[]", "''", "[test,null]", "{a: b}"])
def test_what_is_no_name_of_a_file_is_refused(composed, given):
    config = composed("experiment=sst2_tiny", f"data.files.test={given}")
    with pytest.raises(ConfigError, match="allowed is null, the name of a file, or a list of names, of which the"):
        check(config)


def test_the_label_names_of_a_card_can_be_dropped_for_files_with_other_labels(composed):
    config = composed("experiment=sst2_tiny", "data.labels=null")
    assert config.data.labels is None
    check(config)


def test_the_student_of_sst2_tiny_has_at_most_a_quarter_of_the_teachers_layers_weights(composed):
    config = composed("experiment=sst2_tiny")

    def weights(size):
        width, inner = size.hidden_size, size.intermediate_size
        return config.teacher.vocab_size * width + size.layers * (4 * width * width + 2 * width * inner)

    assert weights(config.student.architecture) <= weights(config.teacher.architecture) / 4


def test_the_trainers_settings_have_lightnings_own_names():
    import inspect

    from pytorch_lightning import Trainer

    known = set(inspect.signature(Trainer.__init__).parameters)
    assert {field.name for field in dataclasses.fields(TrainerConfig)} <= known


def test_every_setting_has_a_word_of_explanation_or_a_section_that_has_one():
    def sections(section):
        yield section
        for field in dataclasses.fields(section):
            if dataclasses.is_dataclass(field.type):
                yield from sections(field.type)

    assert all(
        section.__doc__ and not section.__doc__.startswith(section.__name__ + "(") for section in sections(Config)
    )
