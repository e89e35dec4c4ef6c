"""Several seeds of one run: which may be given, and which of them the teacher has."""

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import ValidationError

from distill.config import sweeps
from distill.config.messages import describe_error
from distill.config.schema import Config
from distill.config.seeds import with_shared_seed
from distill.config.validate import check, problems
from distill.errors import ConfigError

ALLOWED = "allowed is null, or whole numbers from 0 to 4294967295, at least one and each once"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seeds": []}, f"seeds=[]: {ALLOWED}"),
        ({"seeds": [1, 2, 1]}, f"seeds=[1, 2, 1]: {ALLOWED}"),
        ({"seeds": [-1, 2]}, f"seeds=[-1, 2]: {ALLOWED}"),
        ({"seeds": [2**32]}, f"seeds=[4294967296]: {ALLOWED}"),
        (
            {"seeds": [1, 2], "seed": 7},
            "seed=7: allowed with seeds=[1, 2] is one of them, whose teacher all of them share; or leave it out",
        ),
        (
            {"seeds": [1, 2], "stages": ["pretrain", "finetune", "evaluate"]},
            "seeds=[1, 2]: belongs to runs with a student, with distill, control or export among stages; allowed is "
            "null",
        ),
    ],
)
def test_what_makes_no_sense_ends_in_a_sentence(settings, message):
    assert [line for line in problems(Config(**settings)) if line.startswith("seed")] == [message]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["seeds=[1,2]", "seed=42"], "seed=42: it is none of seeds=[1, 2]; name it there, or leave it out"),
        (["seeds=[1,2]", "seed=2"], None),
        (["seeds=[1,2]"], None),
    ],
)
def test_a_seed_on_the_command_line_is_one_of_several_or_refused(overrides, message):
    config = Config(seeds=[1, 2], seed=2 if "seed=2" in overrides else 42)
    if message is None:
        check(config, overrides)
        return
    with pytest.raises(ConfigError, match=r"1 problem") as refused:
        check(config, overrides)
    assert str(refused.value).splitlines()[1].strip() == message


def test_a_sweep_over_the_seed_is_refused_beside_several():
    sweeps.announce(["seed"])
    try:
        with pytest.raises(ConfigError, match=r"seed: is swept over, and seeds=\[1, 2\] is given too; leave out seed"):
            check(Config(seeds=[1, 2], seed=1), ["seed=1", "seeds=[1,2]"])
    finally:
        sweeps.forget()


@pytest.mark.parametrize(
    ("seed", "seeds", "shared"), [(42, None, 42), (42, [1, 2], 1), (2, [1, 2], 2), (42, [7, 42], 42), (42, [5], 5)]
)
def test_data_and_teacher_have_the_seed_where_it_is_one_of_several_else_the_first(seed, seeds, shared):
    assert with_shared_seed(Config(seed=seed, seeds=seeds)).seed == shared


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("seeds=3", "seeds: is a list, written as seeds=[...]"),
        ("seeds=[1,two]", "seeds[1]: Value 'two' of type 'str' could not be converted to Integer"),
        ("seeds=[1.5]", "seeds[0]: Value '1.5' of type 'float' could not be converted to Integer"),
        ("seeds=[true]", "seeds[0]: Value 'True' of type 'bool' could not be converted to Integer"),
    ],
)
def test_what_is_no_list_of_whole_numbers_is_refused(given, message):
    with pytest.raises(ValidationError) as refused:
        OmegaConf.merge(OmegaConf.structured(Config), OmegaConf.from_dotlist([given]))
    assert describe_error(refused.value) == message
