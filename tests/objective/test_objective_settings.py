"""What of an objective decides on a student stays what it was, word for word, so that finished stages are found again.

The file beside this one keeps, for each shipped experiment and some other command lines, the settings and their
fingerprint as they were when the first stores were made.
"""

import json
from pathlib import Path

import pytest
from hydra import compose

from distill.base.files import fingerprint
from distill.config import compose as cards
from distill.config.schema import Config
from distill.objective import build
from distill.tasks import task

KEPT = json.loads(Path(__file__).with_name("objective_settings.json").read_text(encoding="utf-8"))


def test_every_shipped_experiment_is_kept():
    assert {path.stem for path in (cards.root() / "experiments").glob("*.yaml")} <= KEPT.keys()


@pytest.mark.parametrize("name", KEPT)
def test_the_settings_of_an_objective_and_their_fingerprint_stay_as_they_were(name):
    with cards.composing():
        config = cards.typed(compose("config", overrides=KEPT[name]["command"]), Config)
    found = build.settings(config.distill, task(config.task).kind)
    assert json.dumps(found) == json.dumps(KEPT[name]["settings"])
    assert fingerprint(found) == KEPT[name]["fingerprint"]
