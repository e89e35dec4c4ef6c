"""The generated tables are up to date, and every card and every setting has its line."""

import importlib.util
import re
from dataclasses import fields

import pytest
from doc_pages import PAGES, ROOT, name, text

from distill.config.predict import PredictConfig
from distill.config.schema import Config
from distill.objective.specs import TERM_SPECS
from distill.tasks import TASKS

_SPEC = importlib.util.spec_from_file_location("make_tables", ROOT / "docs" / "make_tables.py")
make_tables = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make_tables)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_tables_of_a_page_are_up_to_date(page):
    assert make_tables.filled(text(page)) == text(page), f"{name(page)} is out of date: run python docs/make_tables.py"


def test_every_table_stands_in_one_page():
    found = [match[2] for page in PAGES for match in make_tables.TABLE.finditer(text(page))]
    assert sorted(found) == sorted(make_tables.TABLES)


def test_every_setting_has_one_line():
    lines = [each.key for each in make_tables.together(make_tables.settings(Config()))]
    assert len(lines) == len(
        {(each.key, each.meaning) for each in make_tables.together(make_tables.settings(Config()))}
    )
    for setting in make_tables.settings(Config()):
        assert {setting.key, make_tables.shared(setting.key)[0]} & set(lines), setting.key


def test_settings_that_mean_the_same_share_a_line_that_names_other_defaults_and_whose_they_are():
    rows = {each.key: each for each in make_tables.together(make_tables.settings(Config()))}
    assert rows["distill.TERM.weight"].default == "`0.0`; `0.5` for hard, soft"
    assert rows["distill.TERM.alpha"].meaning.startswith("Of `skew_kl`, `skew_reverse_kl`. ")
    assert rows["distill.dkd.alpha"].default == "`1.0`"
    assert rows["STAGE.optimizer.lr"].default == "`null`"


def test_a_setting_without_words_of_its_own_has_those_of_its_section():
    assert make_tables.meaning(type(Config().data.limit), "train").startswith("Rows kept of each split")


@pytest.mark.parametrize("group", ["teacher", "student", "labeller", "experiment"])
def test_every_card_stands_in_the_docs(group):
    said = "\n".join(text(page) for page in PAGES)
    for card in (ROOT / f"{group}s").glob("*.yaml"):
        assert re.search(rf"\b{card.stem}\b", said), f"{card.stem} is in no page"


def test_every_task_and_term_has_its_line():
    tasks, objectives = text(ROOT / "docs" / "tasks.md"), text(ROOT / "docs" / "objectives.md")
    assert [each for each in TASKS if f"| `{each}` | `" not in tasks] == []
    assert [each for each in TERM_SPECS if f"| `{each}` | " not in objectives] == []


def test_every_setting_of_a_prediction_has_its_line():
    page = text(ROOT / "docs" / "prediction.md")
    assert [each.name for each in fields(PredictConfig) if f"| `{each.name}` | " not in page] == []


def test_every_room_of_the_code_stands_in_the_page_on_architecture():
    page = text(ROOT / "docs" / "architecture.md")
    rooms = [path for path in (ROOT / "distill").iterdir() if path.name[0] not in "_." and path.name != "py.typed"]
    names = [path.name if path.suffix == ".py" else f"{path.name}/" for path in rooms]
    assert [each for each in names if f"`{each}`" not in page] == []
