"""Flags of a command line that are Hydra's, looked at before it reads them: what it ends on with a traceback."""

import argparse
from collections.abc import Iterator, Sequence

from hydra._internal.utils import get_args_parser

from distill.base.setting_rules import unknown
from distill.errors import ConfigError

_CARDS = "settings come from cards, chosen as in experiment=NAME, and those of your own from --config-dir FOLDER"
_REFUSED = ("--experimental-rerun", "--config-name", "--config-path")
_MODES = ("run", "multirun", "cfg", "info", "shell_completion")
"""Flags of which each asks for something else to be done."""


def inspect_flags(arguments: Sequence[str]) -> None:
    """Return silently, or name the first flag that asks for what a command does not do.

    Raises:
        ConfigError: a flag is unknown or cut short, contradicts another, opens a pickle, or takes settings from what
            is no card.
        SystemExit: Hydra's own parser says how flags are given.
    """
    parser = get_args_parser()
    known = [name for action in parser._actions for name in action.option_strings if name.startswith("--")]
    for argument in arguments:
        flag = argument.partition("=")[0]
        if flag.startswith("--") and flag not in ("--", *known):  # Hydra would take the beginning of one for it
            raise ConfigError(
                unknown(flag, [name for name in known if name not in _REFUSED]).replace("setting", "flag", 1)
            )
    if any(argument.startswith("-") for argument in arguments):
        for fault in _faults(parser.parse_args(list(arguments))):
            raise ConfigError(fault)


def _faults(given: argparse.Namespace) -> Iterator[str]:
    if given.experimental_rerun is not None:
        yield (
            "--experimental-rerun: opens a pickle, which can run a stranger's code; "
            "repeat a run by the command in its report"
        )
    for name, value in (("--config-name", given.config_name), ("--config-path", given.config_path)):
        if value is not None:
            yield f"{name}={value}: {_CARDS}"
    if given.resolve and given.cfg is None and not given.help:
        yield "--resolve: belongs to --cfg; leave it out, or add --cfg job"
    if given.package is not None and given.cfg is None:
        yield f"--package={given.package}: belongs to --cfg; leave it out, or add --cfg job"
    if given.hydra_help and given.overrides and not given.help:
        yield f"--hydra-help: takes no settings; leave out {given.overrides[0]}, or ask for --help"
    modes = [f"--{name.replace('_', '-')}" for name in _MODES if getattr(given, name) not in (None, False)]
    if len(modes) > 1 and not given.help:
        yield f"{' and '.join(modes)}: ask for different things; leave all but one of them out"
