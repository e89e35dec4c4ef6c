"""Every command, card and setting of the pages is one: composed and checked as a run would, and not run.

The commands of ``docs/extending`` build on what the page adds; they are run by ``test_docs_extending``.
"""

import re
import shlex
import tomllib
from dataclasses import field, make_dataclass
from itertools import pairwise

import pytest
from doc_pages import PAGES, ROOT, commands, name, spans
from doc_pages import cards as cards_of
from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

import distill
from distill import ask, convert, predict
from distill.ask import AskConfig
from distill.config import (
    command_line,
    compare,
    counterfactuals,
    dashboard,
    design,
    explain,
    gate,
    label_checks,
    refresh,
    search,
    validate,
)  # fmt: skip
from distill.config import compose as cards
from distill.config.compare import CompareConfig
from distill.config.counterfactuals import CounterfactualsConfig
from distill.config.dashboard import DashboardConfig
from distill.config.design import DesignConfig
from distill.config.explain import ExplainConfig
from distill.config.gate import GateConfig
from distill.config.label import LabelConfig
from distill.config.predict import PredictConfig
from distill.config.refresh import RefreshSettings
from distill.config.schema import Config
from distill.config.search import SearchConfig
from distill.config.select import SelectConfig
from distill.config.serve import ServeConfig
from distill.config.store import StoreConfig
from distill.config.student import StudentConfig
from distill.errors import DistillError
from distill.objective.specs import TERM_SPECS

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
TARGETS = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
PLACE = re.compile(
    r"\b(FOLDER|FILE|texts\.jsonl|texts\.txt|(?<=\.answers=)answers\.jsonl)\b|(?<![\w/])(\.\./shared|outputs)/[\w./-]+"
)
"""A folder or file of the user's, of the real data, or of a run."""
STANDS_FOR = {"NAME": "soft", "TERM": "soft", "CARD": "minilm", "ROLE": "text", "STAGE": "finetune", "N": "7"}
"""What a word in capitals stands for; a name may be any, so that of a term will do."""
SETTING = re.compile(r"\+*[a-z_]+[\w.@]*=")
SCHEMAS = [
    OmegaConf.structured(schema)
    for schema in (
        DesignConfig,
        PredictConfig,
        ServeConfig,
        CompareConfig,
        GateConfig,
        DashboardConfig,
        StoreConfig,
        AskConfig,
        SelectConfig,
        make_dataclass("RefreshConfig", [("refresh", RefreshSettings, field(default_factory=RefreshSettings))]),
        ExplainConfig,
        CounterfactualsConfig,
        LabelConfig,
        SearchConfig,
    )
]
SECTIONS = [name for name, value in vars(DesignConfig()).items() if hasattr(value, "__dataclass_fields__")]
KEY = re.compile(rf"({'|'.join(SECTIONS)})(?!\.(?:html|json|md)\b)(\.\w+)+")


DONE = []
"""Commands that have been tried: some stand in several pages."""


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """Make something for each place that a text names, and give the text with that instead."""
    folder = tmp_path_factory.mktemp("docs")

    def made(match):
        place = folder / re.sub(r"\W+", "_", match[0])
        if match[0] == "texts.txt":
            place = folder / match[0]
            place.touch()
            return str(place)
        if match[0] == "FILE" or ".jsonl" in match[0]:
            place = place.with_suffix(".jsonl")
            place.touch()
            return str(place)
        place.mkdir(exist_ok=True)
        for file in ("config.json", "train.tsv", "validation.tsv", "test.tsv"):
            (place / file).write_text("{}\n", encoding="utf-8")
        (place / "experiment").mkdir(exist_ok=True)
        (place / "experiment" / "mine.yaml").write_text("# @package _global_\ntask: classification\n", encoding="utf-8")
        return str(place)

    return lambda text: PLACE.sub(made, text)


@pytest.fixture(scope="module")
def composed():
    """Compose settings of the words of a command line."""
    with cards.composing():
        yield lambda root, words, schema: cards.typed(compose(root, overrides=words), schema)
    GlobalHydra.instance().clear()


def jobs(words):
    """Command lines of a sweep, in which every value stands at least once."""
    parsed = OverridesParser.create().parse_overrides(words)
    several = [list(each.sweep_string_iterator()) if each.is_sweep_override() else [None] for each in parsed]
    for number in range(max(map(len, several))):
        values = [each[min(number, len(each) - 1)] for each in several]
        yield [
            word if value is None else f"{word.partition('=')[0]}={value}"
            for word, value in zip(words, values, strict=True)
        ]


def flags(words):
    """The words without flags, whether there is -m, and the folders of --config-dir."""
    folders = [after for word, after in pairwise(words) if word == "--config-dir"]
    rest = [word for word in words if not word.startswith("-") and word not in folders]
    return rest, "-m" in words, folders


def of_a_schema(schema):
    """Read and check the settings of a command that has a few of its own."""
    return lambda words: command_line.refuse_values(command_line.settings_of(schema, words, ""))


def of_a_refresh(words):
    """Check what a refresh is given, and that what it overrides are settings of a run."""
    refresh.with_overrides(Config(), refresh.read(words, "").overrides)


def of_a_store(words):
    """Check what the command for stores is given."""
    assert words[0] in ("list", "clean")
    of_a_schema(StoreConfig)(words[1:])


ALONE = {
    "predict": predict._config,
    "ask": ask._read,
    "serve": of_a_schema(ServeConfig),
    "select": of_a_schema(SelectConfig),
    "compare": lambda words: compare.read(words, ""),
    "dashboard": lambda words: dashboard.read(words, ""),
    "gate": lambda words: gate.read(words, ""),
    "refresh": of_a_refresh,
    "explain": lambda words: explain.read(words, ""),
    "counterfactuals": lambda words: words == ["--example"] or counterfactuals.read(words, ""),
    "store": of_a_store,
    "convert": convert._folders,
}
"""Commands that compose no settings of a run, and how what they are given is checked."""


def tried(module, words, composed):
    """Compose and check what a command of this package is given."""
    if words in ([], ["--help"]):  # nothing but its name
        return
    if module in ALONE:
        ALONE[module](words)
        return
    words, sweep, folders = flags(words)
    searched = [f"hydra.searchpath=[{','.join(f'file://{folder}' for folder in folders)}]"] if folders else []
    for job in jobs(words) if sweep else [words]:
        given = [word for word in job if not word.startswith("hydra.")]
        if module in ("run", "doctor"):
            validate.check(composed("config", [*job, *searched], Config), given)
        elif module == "label":
            label_checks.check(composed("label", [*job, *searched], LabelConfig), given)
        elif module == "search":
            plain = [f"++{word}" if word.startswith("search.space.") else word for word in job]
            search.check(composed("search", [*plain, *searched], SearchConfig), given, folders)
        else:
            config = composed("design", [*job, *searched], DesignConfig)
            config.student = StudentConfig()
            design.check(config, given, folders)


def known(words):
    """Whether a command of another program names what is there."""
    program, *rest = words
    if program == "make":
        return all(word in TARGETS or "=" in word for word in rest)
    if program == "pip":
        extra = re.search(r"\[(\w+)\]", " ".join(rest))
        return extra is None or extra[1] in EXTRAS
    if program == "python":
        return rest[0] == "-m" or (ROOT / rest[0]).is_file()
    return True


def test_there_are_commands_cards_and_settings_to_try():
    assert sum(len(commands(page)) for page in PAGES) > 40
    assert sum(len(cards_of(page)) for page in PAGES) == 2
    assert sum(bool(SETTING.match(span)) for page in PAGES for span in spans(page)) > 60


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("run", ["experiment=sst2_tiny", "distill.temprature=4"]),
        ("run", ["experiment=sst2_tiny", "data.batch_size=0"]),
        ("run", ["-m", "experiment=sst2_tiny", "distill.temperature=1,0"]),
        ("design", ["experiment=sst2_tiny"]),
        ("predict", ["model=a", "input=b", "output=c", "column.text=d"]),
    ],
)
def test_what_would_not_run_is_found(composed, module, words):
    with pytest.raises((DistillError, HydraException)):
        tried(module, words, composed)


def test_what_is_no_setting_is_found():
    assert is_key("distill.soft.weight")
    assert is_key("data.columns.text")
    assert not is_key("distill.soft.wait")
    with pytest.raises(OmegaConfBaseException):
        is_setting("distill.soft.wait=1")
    with pytest.raises(OmegaConfBaseException):
        is_setting("data.batch_size=many")


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "extending"], ids=name)
def test_every_command_of_a_page_would_run(page, there, composed):
    for words in (each for each in commands(page) if each not in DONE):
        DONE.append(words)
        own = next((word for word in words if word.startswith("distill.")), None)
        if own is None:
            assert known(words), f"{name(page)}: {' '.join(words)}"
            continue
        given = [there(word) for word in words[words.index(own) + 1 :]]
        try:
            tried(own.removeprefix("distill."), given, composed)
        except Exception as error:
            pytest.fail(f"{name(page)}: {' '.join(words)}\n{error}")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_card_of_a_page_is_one(page, there, composed, tmp_path):
    (tmp_path / "experiment").mkdir()
    for card in cards_of(page):
        (tmp_path / "experiment" / "mine.yaml").write_text(there(card), encoding="utf-8")
        tried("run", ["--config-dir", str(tmp_path), "experiment=mine"], composed)


def is_setting(word):
    """Merge KEY=VALUE, as it stands in running text, into the settings of a run or design, a prediction or a server."""
    key, _, value = word.lstrip("+").partition("=")
    section, group = key.partition(".")[0], key.partition("@")[0]
    if group in cards.FOLDERS:
        card = cards.root() / cards.FOLDERS[group] / f"{value}.yaml"
        assert card.is_file() or value in STANDS_FOR.values(), f"there is no card {value}"
    elif section != "hydra":
        (override,) = OverridesParser.create().parse_overrides([word])
        given = OmegaConf.create()
        OmegaConf.update(given, key, override.value())
        schema = next((each for each in SCHEMAS if section in list(each)), SCHEMAS[-1])
        OmegaConf.unsafe_merge(schema, given)  # into the schema itself, whose copy takes much longer


def is_module(dotted):
    """Whether it is a module of the package, or a public name of it."""
    public = dotted.partition(".")[2] in distill.__all__
    return public or (ROOT / dotted.replace(".", "/")).with_suffix(".py").is_file()


def is_key(key):
    """Whether a dotted key is one of a setting, or of a section, or else a module's."""
    section = DesignConfig()
    for part in key.split("."):
        if isinstance(section, dict):
            return True
        if not hasattr(section, part):
            return is_module(key)
        section = getattr(section, part)
    return True


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_setting_in_the_text_of_a_page_is_one(page, there):
    for span in spans(page):
        said = re.sub(r"\b[A-Z]+\b", lambda match: STANDS_FOR.get(match[0], match[0]), there(span))
        if KEY.fullmatch(said) and not said.endswith(".py"):
            term = said.replace(f".{STANDS_FOR['TERM']}.", ".{}.")
            assert any(is_key(term.format(each)) for each in TERM_SPECS), f"{name(page)}: {span}"
        elif SETTING.match(said) and all(SETTING.match(word) for word in shlex.split(said)):
            for word in shlex.split(said):
                try:
                    is_setting(word)
                except Exception as error:
                    pytest.fail(f"{name(page)}: {span}\n{error}")
