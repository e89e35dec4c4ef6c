"""Flags that Hydra takes, and what of them a command refuses."""

import pytest

from distill.config.flags import inspect_flags
from distill.errors import ConfigError

CARDS = "settings come from cards, chosen as in experiment=NAME, and those of your own from --config-dir FOLDER"
FLAGS = (
    "there are --help, --hydra-help, --version, --cfg, --resolve, --package, --run, --multirun, --shell-completion, "
    "--config-dir, --info"
)
REFUSED = {
    "--resolve": "--resolve: belongs to --cfg; leave it out, or add --cfg job",
    "-p data": "--package=data: belongs to --cfg; leave it out, or add --cfg job",
    "--experimental-rerun config.pickle": (
        "--experimental-rerun: opens a pickle, which can run a stranger's code; repeat a run by the command in its "
        "report"
    ),
    "--config-name=foo": f"--config-name=foo: {CARDS}",
    "-cp folder": f"--config-path=folder: {CARDS}",
    "--hydra-help seed=1": "--hydra-help: takes no settings; leave out seed=1, or ask for --help",
    "--cfg job -m": "--multirun and --cfg: ask for different things; leave all but one of them out",
    "-rm": "--run and --multirun: ask for different things; leave all but one of them out",
    "--config-di=folder": f"--config-di: unknown flag; did you mean --config-dir? {FLAGS}",
    "--experimental=config.pickle": f"--experimental: unknown flag; {FLAGS}",
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_flag_that_a_command_does_not_do_is_refused(line):
    with pytest.raises(ConfigError) as refused:
        inspect_flags(line.split())
    assert str(refused.value) == REFUSED[line]


@pytest.mark.parametrize(
    "line",
    [
        "-m seed=1,2", "--config-dir cards seed=1", "-cd=cards", "--cfg job --resolve --package data", "--help -m",
        "--help --resolve", "--hydra-help", "--info defaults", "-sc install=bash", "seed=1", "-- seed=1",
    ],
)  # fmt: skip
def test_flags_that_are_usual_are_taken(line):
    inspect_flags(line.split())
