"""The YAML cards of ``teachers/``, ``students/`` and the like, as groups from which Hydra composes settings."""

import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from hydra import initialize_config_module
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from distill.base.launcher_rank import launcher_rank
from distill.base.setting_rules import RUN_NAME
from distill.config import (
    design,
    flags,
    label,
    logging_settings,
    named_entries,
    overrides,
    search,
    sweeps,
    user_cards,
)
from distill.config.schema import Config
from distill.errors import ConfigError
from distill.objective import settings

T = TypeVar("T", bound=Config)
_LONGEST_FILE_NAME = 60

FOLDERS = {
    "teacher": "teachers",
    "student": "students",
    "labeller": "experiments/labeller",
    "experiment": "experiments",
    "search": "experiments/search",
}

_HELP = """distill turns a fine-tuned transformer teacher into a compact student, by a chain of stages.

  python -m distill.run experiment=sst2_tiny                      one run
  python -m distill.run experiment=sst2_tiny data.path=FOLDER     on your own files
  python -m distill.run -m experiment=sst2_tiny distill.temperature=1,2,4    a sweep
  python -m distill.run --sbatch experiment=sst2_tiny > job.sh    a script that SLURM runs it by; a sweep is an array
  python -m distill.doctor experiment=sst2_tiny                   what would go wrong with it, and how long it takes
  python -m distill.design --help                                 which student to try first under a budget
  python -m distill.search --help                                 which settings of the student are best
  python -m distill.label --help                                  labels of an LLM for texts, which a student learns
  python -m distill.predict --help                                answers of a finished model for a file
  python -m distill.convert --help                                pickled weights of a teacher as safetensors
  python -m distill.compare --help                                finished runs side by side
  python -m distill.store --help                                  what the store holds, and what can go

Cards (teacher=, student=, experiment=, of distill.label labeller=; your own with --config-dir FOLDER):
$APP_CONFIG_GROUPS
Several teachers: +teacher@more_teachers.NAME=CARD adds one, more_teachers.NAME.model=FOLDER overrides it, and
ensemble.combine=probabilities|logits|confidence and +ensemble.weights.NAME=2 (first is that of teacher=) combine them.

Terms of the objective, each with its distill.NAME.weight (p is the teacher, q the student, both softened by the
temperature T):
{terms}

Every setting can be overridden by its dotted key; these are the values of this command line:

$CONFIG
"""

_SUBDIR = "${hydra.job.num}_${run_name:${name}}${swept:${name},${hydra.overrides.task}}"

_ROOT: dict[str, Any] = {
    "defaults": [
        "schema",
        {"teacher": None},
        {"student": None},
        {"experiment": None},
        "_self_",
        {"override hydra/job_logging": "distill"},
    ],
    "hydra": {
        "run": {"dir": "outputs/${run_name:${name}}/${now:%Y-%m-%d_%H-%M-%S}"},
        "sweep": {"dir": "outputs/sweeps/${now:%Y-%m-%d_%H-%M-%S}", "subdir": _SUBDIR},
        "callbacks": {"compare": {"_target_": "distill.sweep.CompareJobs"}},
        "output_subdir": None,
        "help": {
            "app_name": "distill",
            "template": _HELP.replace("{terms}", settings.listed()),
        },
    },
}


def _beside(schema: str, groups: Sequence[str], name: str, text: str) -> dict[str, Any]:
    """Return the root of the settings of a command that takes those of a run, and makes no folder."""
    return {
        "defaults": [schema, *({group: None} for group in groups), "_self_", _NO_FILE],
        "hydra": {
            "run": {"dir": "."},
            "output_subdir": None,
            "help": {"app_name": name, "template": text},
        },
    }


_NO_FILE = {"override hydra/job_logging": "without_a_file"}
_DESIGN = _beside("design_schema", ("teacher", "student", "experiment"), "distill.design", design.HELP)
_SEARCH = _beside("search_schema", ("teacher", "student", "experiment", "search"), "distill.search", search.HELP)
_LABEL = _beside("label_schema", ("teacher", "student", "labeller", "experiment"), "distill.label", label.HELP)

_DOCTOR_HELP = """python -m distill.doctor looks at a run before an hour is spent on it: it takes all settings of a run,
and says of each check OK, WARN or FAIL, what to do about it, and about how long every stage takes.

  python -m distill.doctor experiment=sst2_tiny
  python -m distill.doctor experiment=classification data.path=FILE
  python -m distill.doctor --json experiment=sst2_tiny    the same as JSON

Exit code 1 where a check fails, 2 where the settings cannot be read. Nothing is written but caches.

Cards (teacher=, student=, experiment=; your own with --config-dir FOLDER):
$APP_CONFIG_GROUPS
All settings: python -m distill.run --help
"""

_DOCTOR = _beside("schema", ("teacher", "student", "experiment"), "distill.doctor", _DOCTOR_HELP)


def root() -> Path:
    """Return where the cards are: ``distill/cards`` in an installed wheel, else the top of the checkout."""
    package = Path(__file__).resolve().parents[1]
    return package / "cards" if (package / "cards").is_dir() else package.parent


def prepare_hydra(arguments: Sequence[str], schema: type[Config] = Config) -> list[str]:
    """Make everything ready for Hydra to read a command line, and return the one that it is to read.

    Args:
        arguments: of the command line.
        schema: the settings that the command has.

    Raises:
        ConfigError: a card of the user's own, a flag, or an override, cannot be one.
    """
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors reach the command instead of Hydra's own printing
    register()
    _store_root(launcher_rank())
    flags.inspect_flags(arguments)
    overrides.inspect_overrides(arguments, schema)
    user_cards.inspect_cards(arguments, schema)
    return named_entries.spelled_out(arguments, schema)


@cache
def register() -> None:
    """Put the schema, the logging and every card into Hydra's store, which every job of this process reads."""
    OmegaConf.register_new_resolver("run_name", _run_name)
    OmegaConf.register_new_resolver("file_name", _file_name)
    OmegaConf.register_new_resolver("swept", sweeps.folder_part)
    store = ConfigStore.instance()
    # Hydra copies its store to compose, and for the help of each group, and only reads the copies: ten seconds of help.
    vars(store)["__deepcopy__"] = lambda memo: store
    store.store(name="schema", node=Config, provider="distill")
    _store_root(0)
    store.store(name="design_schema", node=design.DesignConfig, provider="distill")
    store.store(name="design", node=_DESIGN, provider="distill")
    store.store(name="search_schema", node=search.SearchConfig, provider="distill")
    store.store(name="search", node=_SEARCH, provider="distill")
    store.store(name="label_schema", node=label.LabelConfig, provider="distill")
    store.store(name="label", node=_LABEL, provider="distill")
    store.store(name="doctor", node=_DOCTOR, provider="distill")
    logging = {
        "distill": logging_settings.USUAL,
        "other_ranks": logging_settings.OF_OTHER_RANKS,
        "without_a_file": logging_settings.WITHOUT_A_FILE,
    }
    for name, node in logging.items():
        store.store(group="hydra/job_logging", name=name, node=node, provider="distill")
    for group, folder in FOLDERS.items():
        for path in sorted((root() / folder).glob("*.yaml")):
            card = OmegaConf.load(path)
            if group == "experiment":
                card = OmegaConf.merge({"name": path.stem}, card)
            package = "_global_" if path.read_text(encoding="utf-8").startswith(user_cards.GLOBAL) else group
            store.store(group=group, name=path.stem, node=card, package=package, provider=str(path))


def composing() -> initialize_config_module:
    """Return a context within which ``hydra.compose`` reads the cards; what Hydra was set up for before is forgotten.

    Hydra's ``initialize`` would look for its caller's module among all that are imported, with each call.
    """
    register()
    GlobalHydra.instance().clear()
    return initialize_config_module("distill.config", version_base="1.3")


def _store_root(rank: int) -> None:
    """Put the root of a run's settings into Hydra's store; a rank above 0 makes no folder by it, and no log file.

    Hydra names the folder by the time at which it is asked, which ranks that a launcher starts would each do.
    """
    root, store = _ROOT, ConfigStore.instance()
    if rank:
        logging = {"override hydra/job_logging": "launched_rank"}
        root = {**_ROOT, "defaults": [*_ROOT["defaults"][:-1], logging]}
        root["hydra"] = {**_ROOT["hydra"], "run": {"dir": "."}}
        node = logging_settings.of_launched_rank(rank)
        store.store(group="hydra/job_logging", name="launched_rank", node=node, provider="distill")
    store.store(name="config", node=root, provider="distill")


def _run_name(name: str) -> str:
    """Return the run's name as a part of a folder's name: Hydra makes that folder before any setting is checked."""
    holds, allowed = RUN_NAME
    if not holds(name):
        raise ConfigError(f"name={name!r}: allowed is {allowed}")
    return name


def _file_name(path: str | None, otherwise: str) -> str:
    """A name for a run on a file or folder of one's own.

    >>> _file_name("data/support tickets.csv.gz", "classification"), _file_name(None, "classification")
    ('support_tickets', 'classification')
    """
    if not path:
        return otherwise
    try:
        stem = Path(str(path)).expanduser().resolve().name.split(".")[0]
    except (OSError, RuntimeError, ValueError):  # such as a link to itself: the check of the settings refuses it
        return otherwise
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:_LONGEST_FILE_NAME] or otherwise


def typed(composed: DictConfig, schema: type[T]) -> T:
    """Make the settings one object; merged anew, since ``+key=value`` slips past the schema that Hydra composed."""
    values = OmegaConf.to_container(composed)
    return cast(T, OmegaConf.to_object(OmegaConf.merge(_structured(schema), values)))


def _structured(schema: type[object]) -> DictConfig:
    """Return the defaults of a schema, to be merged with and never changed: making them takes longer than merging."""
    if schema not in _schemas:
        _schemas[schema] = OmegaConf.structured(schema)
    return _schemas[schema]


_schemas: dict[type[object], DictConfig] = {}
