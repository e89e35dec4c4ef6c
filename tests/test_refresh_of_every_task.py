"""A tiny run of each task that reads, gone on with by command: rows are written, read again, learnt, and judged."""

import json
import sys
from contextlib import suppress

import pytest

from distill import refresh
from distill.config.data import DataConfig, LimitConfig
from distill.config.schema import Config
from distill.pipeline.prepare_data import prepare
from distill.refreshing import named_rows
from distill.tasks import task

pytestmark = pytest.mark.long

SETTINGS = (
    "teacher.default_model=null", "teacher.vocab_size=300", "student=scratch_tiny", "name=tick",
    "teacher.architecture={layers: 1, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}", "pretrain.max_epochs=1",
    "finetune.max_epochs=1", "distill.max_epochs=1", "pretrain.min_steps=0", "finetune.min_steps=0",
    "distill.min_steps=0", "evaluate.baselines=[]", "stages=[pretrain,finetune,teach,distill,evaluate]",
    "evaluate.latency_samples=0", "evaluate.resamples=100", "tracking.wandb=disabled", "teacher.accept=true",
    "hydra.run.dir=outputs/tick/first",
)  # fmt: skip
LENGTHS = {"question_answering": 64}
CHECKED = {
    "pair_classification": "label", "multilabel_classification": "label", "regression": "slice",
    "token_classification": "label", "relation_extraction": "label", "question_answering": "slice",
}  # fmt: skip
"""What is compared beside the headline at the least: labels, or where there are none old and new rows."""


def halves(name, folder):
    """The task's sample as two data sets, each with all splits."""
    module, limit = task(name), LimitConfig(train=160, validation=40, test=60)
    columns = {"label": "answers"} if name == "question_answering" else {}
    data = DataConfig(source="embedded", columns=columns, limit=limit, near_duplicates="keep")
    rows = prepare(Config(task=name, data=data))
    for start, half in enumerate(("old", "new")):
        parts = {split: named_rows.named(rows, module, split) for split in rows.splits}
        chosen = {split: [(half, part.at(range(start, len(part), 2)))] for split, part in parts.items()}
        named_rows.write(chosen, folder / half)


@pytest.mark.parametrize("name", CHECKED)
def test_a_run_goes_on_and_is_judged(inside, name):
    halves(name, inside.folder)
    given = (f"experiment={name}", f"data.max_length={LENGTHS.get(name, 48)}", *SETTINGS)
    inside(*given, "data.path=old", small=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(inside.folder)
        patch.setattr(sys, "argv", ["distill", "run=outputs/tick/first", "data.path=new"])
        with suppress(SystemExit):  # of models that have learnt next to nothing, which may lose that as well
            refresh.main()
    (made,) = [path for path in (inside.folder / "outputs" / "tick").iterdir() if path.name not in ("first", "latest")]
    found = json.loads((made / "report.json").read_text(encoding="utf-8"))["refresh"]
    assert (found["rows"]["new"], found["rows"]["judged_old"], found["rows"]["judged_new"]) == (80, 30, 30)
    assert found["rows"]["replayed"] == 40
    checks = found["verdict"]["checks"]
    assert checks[0]["kind"] == "headline"
    assert CHECKED[name] in {each["kind"] for each in checks}
    assert {"refresh=new rows", "refresh=old rows"} <= {each["name"] for each in checks}
    assert found["drift"].keys() >= {"length in tokens"}
