"""Write the tables of settings, of the objective's terms and of the metrics that lead into the pages beside this file.

    python docs/make_tables.py

A table stands between two comments, ``<!-- table: NAME -->`` and ``<!-- end of table -->``; what stands between them is
replaced. Settings come from the dataclasses of ``distill.config``: key, default, and the docstring of the field.
"""

import ast
import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import cast

from omegaconf import MISSING

from distill.base.setting_rules import DESCRIPTION, rules_of
from distill.config.design import DesignConfig
from distill.config.label import LabelConfig
from distill.config.schema import Config
from distill.config.search import SearchConfig
from distill.config.select import SelectConfig
from distill.config.serve import ServeConfig
from distill.config.training import TrainingConfig
from distill.objective.settings import TermsConfig, markdown, terms
from distill.tasks import TASKS, task
from distill.tracking import names

HERE = Path(__file__).parent
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
STAGES = ("pretrain", "finetune", "distill")
TERMS = tuple(terms(TermsConfig()))
OF_STAGES = "|".join(rf"{name}\b.*" for name in (each.name for each in fields(TrainingConfig)))
SHARED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"({'|'.join(STAGES)})\.({OF_STAGES})"), r"STAGE.\2"),
    (re.compile(rf"distill\.({'|'.join(TERMS)})\.(.*)"), r"distill.TERM.\2"),
)
"""Keys that differ in one name only, and the key under which those of the same meaning are listed together."""


@dataclass(frozen=True)
class Setting:
    """A line of a table.

    Attributes:
        key: dotted, as in an override.
        default: as in an override, in Markdown.
        allowed: what it may be, in words; empty where that follows from the meaning.
        meaning: in words, where ``null`` is called none.
    """

    key: str
    default: str
    allowed: str
    meaning: str


def settings(section: object, prefix: str = "") -> Iterator[Setting]:
    """Every setting of a section and of those inside it, in their order."""
    rules = dict(rules_of(type(section)))
    for each in fields(section):  # type: ignore[arg-type]
        value = getattr(section, each.name)
        if is_dataclass(value):
            yield from settings(value, f"{prefix}{each.name}.")
        else:
            said = meaning(type(section), each.name)
            allowed = rules[each.name][1] if each.name in rules else ""
            yield Setting(f"{prefix}{each.name}", f"`{written(value)}`", allowed, said)


def written(value: object) -> str:
    """A default as one gives it in an override or in a card."""
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{}"  # the shares of the terms, all 0, too
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def meaning(section: type, name: str) -> str:
    """The docstring of a setting, or that of its section where the settings of a section mean the same."""
    found = next((said[name] for each in section.__mro__ if (said := documented(each)).get(name)), None)
    return " ".join((found or section.__doc__ or "").split())


@cache
def documented(section: type) -> Mapping[str, str]:
    """Field of a dataclass to its description, or the string that stands below it; inherited ones are the base's."""
    if not is_dataclass(section):
        return {}
    own = (each for each in fields(section) if each.name in section.__annotations__)
    described = {each.name: each.metadata[DESCRIPTION] for each in own if DESCRIPTION in each.metadata}
    (definition,) = ast.parse(dedent(inspect.getsource(section))).body
    found = {}
    for node, after in pairwise(cast(ast.ClassDef, definition).body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            found[node.target.id] = str(ast.literal_eval(after.value))
    return found | described


def together(every: Iterable[Setting]) -> list[Setting]:
    """One line for settings that mean the same in several stages or terms, where the first of them stood."""
    alike: dict[tuple[str, str], list[tuple[str, Setting]]] = {}
    for setting in every:
        key, name = shared(setting.key)
        alike.setdefault((key, setting.meaning), []).append((name, setting))
    return [found[0][1] if len(found) == 1 else joined(key, found) for (key, _), found in alike.items()]


def shared(key: str) -> tuple[str, str]:
    """The key with its stage or term left open, and which it is."""
    for pattern, instead in SHARED:
        if match := pattern.fullmatch(key):
            return match.expand(instead), match[1]
    return key, ""


def joined(key: str, found: list[tuple[str, Setting]]) -> Setting:
    """Several settings as one: those that have it, where not all do, and whose default is another."""
    every, names = STAGES if key.startswith("STAGE") else TERMS, [name for name, _ in found]
    ((usual, _), *_) = Counter(setting.default for _, setting in found).most_common(1)
    others: dict[str, list[str]] = {}
    for name, setting in found:
        if setting.default != usual:
            others.setdefault(setting.default, []).append(name)
    default = "; ".join([usual, *(f"{value} for {', '.join(who)}" for value, who in others.items())])
    whose = "" if len(names) == len(every) else f"Of {', '.join(f'`{name}`' for name in names)}. "
    return Setting(key, default, found[0][1].allowed, whose + found[0][1].meaning)


def table(lines: Iterable[Setting]) -> str:
    """Settings as a table of Markdown."""
    rows = [
        " | ".join(
            (f"| `{each.key}`", each.default, *(cell.replace("|", r"\|") for cell in (each.allowed, each.meaning)))
        )
        for each in lines
    ]
    return "\n".join(
        ["| setting | default | allowed | meaning |", "| --- | --- | --- | --- |", *(f"{row} |" for row in rows)]
    )


def heading(key: str) -> str:
    """The section of the page that a setting belongs to."""
    if key.startswith("STAGE"):
        return "Every training stage: `STAGE` is `pretrain`, `finetune` or `distill`"
    section, _, rest = key.partition(".")
    if section == "distill" and rest.split(".")[0] in ("TERM", *TERMS):
        return "Terms of the objective: `TERM` is the name of one"
    return f"`{section}`" if rest else "The whole run"


def of_runs() -> str:
    """All settings of a run, section by section."""
    sections: dict[str, list[Setting]] = {}
    for setting in together(settings(Config())):
        sections.setdefault(heading(setting.key), []).append(setting)
    return "\n\n".join(f"### {title}\n\n{table(found)}" for title, found in sections.items())


def of_design() -> str:
    """What ``python -m distill.design`` has besides the settings of a run."""
    own = {each.key for each in settings(Config())}
    return table(each for each in settings(DesignConfig()) if each.key not in own)


def of_search() -> str:
    """What ``python -m distill.search`` has besides the settings of a run."""
    own = {each.key for each in settings(Config())}
    return table(each for each in settings(SearchConfig()) if each.key not in own)


def of_label() -> str:
    """What ``python -m distill.label`` has besides the settings of a run."""
    own = {each.key for each in settings(Config())}
    return table(each for each in settings(LabelConfig()) if each.key not in own)


def of_select() -> str:
    """All settings of ``python -m distill.select``."""
    return table(without_missing(settings(SelectConfig())))


def without_missing(lines: Iterable[Setting]) -> Iterator[Setting]:
    """Settings, those that have to be given without a default."""
    return (replace(each, default=each.default.replace(f"`{MISSING}`", "")) for each in lines)


def of_serve() -> str:
    """All settings of ``python -m distill.serve``, those of the model and the address first."""
    own = ServeConfig.__annotations__
    lines = sorted(settings(ServeConfig()), key=lambda each: each.key not in own)
    return table(without_missing(lines))


def leading() -> str:
    """The metrics of each task that can lead a run."""
    rows = (f"| `{name}` | {', '.join(f'`{metric}`' for metric in task(name).leading)} |" for name in TASKS)
    return "\n".join(["| task | `metric`, the first unless one is given |", "| --- | --- |", *rows])


TABLES: Mapping[str, Callable[[], str]] = {
    "settings": of_runs,
    "design": of_design,
    "serve": of_serve,
    "label": of_label,
    "search": of_search,
    "select": of_select,
    "terms": markdown,
    "leading": leading,
    "tracking": names.markdown,
}


def filled(page: str) -> str:
    """A page with its tables as they are now."""
    return TABLE.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n\n{match[3]}", page)


def main() -> None:
    """Write what has changed."""
    for path in sorted(HERE.rglob("*.md")):
        page = path.read_text(encoding="utf-8")
        if (new := filled(page)) != page:
            path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
