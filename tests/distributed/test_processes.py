"""The chain on two processes: the same result, every example once, one writer, also in a sweep."""

import json
import re
import shutil

import pytest
import torch
from hydra import compose
from run_parts import decided, job_of
from safetensors.torch import load_file

from distill.config import compose as cards
from distill.config.schema import Config
from distill.export import EXPORTERS
from distill.stages import teach

pytestmark = pytest.mark.slow

TWO = ("trainer.devices=2", "trainer.accelerator=cpu", "trainer.strategy=ddp")
EXACT = ["trainer.precision=64-true", *(f"{stage}.{setting}" for stage in ("pretrain", "finetune", "distill")
    for setting in ("dropout=0", "optimizer.name=sgd", "optimizer.lr=0.1"))]  # fmt: skip
"""No chance, and no AdamW, which makes a full step of a gradient that is rounding alone; and all of it in double
precision, since what processors round otherwise in 32 bits training magnifies beyond any bound."""
CLOSE = 1e-12
"""What rounding in double precision may come to: about 1e-14 with every term, a hundredth of that with few."""


def report(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def model(store, folder, stage):
    (found,) = (each for each in report(folder)["stages"] if each["name"] == stage)
    return load_file(store / f"{stage}-{found['fingerprint']}" / "model" / "model.safetensors")


def apart(found, expected):
    """The largest difference of two numbers in double precision; nan where one of them is none."""
    assert found.keys() == expected.keys()
    assert {each.dtype for each in (*found.values(), *expected.values())} == {torch.float64}
    return float(torch.stack([(found[name] - expected[name]).abs().max() for name in expected]).max())


@pytest.fixture(scope="module")
def swept(tmp_path_factory, command_of):
    """A sweep of two jobs on two processes each: the store, the jobs' folders, and what was printed."""
    command = command_of(tmp_path_factory.mktemp("processes"))
    sweep = ("-m", "distill.temperature=1,4", f"hydra.sweep.dir={command.folder}/sweep")
    out = command(*sweep, *TWO, *EXACT, "data.batch_size=16", f"export.formats=[{','.join(EXPORTERS)}]")
    return command.store, sorted((command.folder / "sweep").glob("*_sst2_tiny_*")), out


def test_two_processes_end_where_one_does_and_so_does_accumulation(swept, inside):
    store, (two, _), out = swept
    folders = {"one": inside.folder / "one", "accumulated": inside.folder / "accumulated"}
    one = ("distill.temperature=1", *EXACT)
    inside(*one, "data.batch_size=32", f"hydra.run.dir={folders['one']}")
    accumulated = (
        "data.batch_size=16",
        "trainer.accumulate_grad_batches=2",
        "stages=[pretrain,finetune,teach,distill,control]",
    )
    inside(*one, *accumulated, f"hydra.run.dir={folders['accumulated']}")
    for stage in ("pretrain", "finetune", "distill", "control"):
        expected = model(inside.store, folders["one"], stage)
        for found in (model(store, two, stage), model(inside.store, folders["accumulated"], stage)):
            assert apart(found, expected) < CLOSE, stage
    alone, both = report(folders["one"]), report(two)
    assert set(both) - set(alone) == {"swept"}  # the two processes are those of a job of a sweep
    assert set(alone) <= set(both)
    assert both["environment"]["devices"] == 2
    for name in ("teacher", "student", "control"):
        assert both["models"][name]["per_label"]["test"]["micro"]["support"] == 64
        scores = [each["models"][name]["metrics"]["test"]["accuracy"] for each in (alone, both)]
        assert scores[0] == pytest.approx(scores[1], abs=0.05)
    assert len(re.findall("^export: done", out, re.MULTILINE)) == 2


def test_two_processes_judge_every_format_as_one_does(swept):
    _, folders, _ = swept
    for content in map(report, folders):
        assert {export["format"]: export["left_out"] for export in content["exports"]} == dict.fromkeys(EXPORTERS)
        certificate = content["certificate"]["formats"]
        assert certificate["onnx_int8"]["changed_by_batch"]["examples"] == 64
        assert {each["certified"] for each in certificate.values()} == {True}
        for name in EXPORTERS:
            assert content["models"][name]["per_label"]["test"]["micro"]["support"] == 64


def rows(outputs):
    """What is stored: of each text, its logits."""
    parts = [load_file(path) for path in sorted(outputs.glob("part-*.safetensors"))]
    keys = [key for part in parts for key in part["key"].tolist()]
    assert len(keys) == len(set(keys)), "a text is answered twice"
    return dict(zip(keys, (row for part in parts for row in part["values"]), strict=True))


def test_what_two_processes_left_of_a_teachers_outputs_one_process_completes(swept, small, tmp_path):
    """A kill leaves whole parts of some ranks, and of others what was being written."""
    store, (two, _), _ = swept
    teacher, taught = (
        store / f"{stage['name']}-{stage['fingerprint']}"
        for stage in report(two)["stages"] if stage["name"] in ("finetune", "teach")
    )  # fmt: skip
    assert {path.name for path in (taught / "outputs").iterdir()} == {f"part-{rank}-0.safetensors" for rank in (0, 1)}
    shutil.copytree(taught / "outputs", tmp_path / "outputs")
    (tmp_path / "outputs" / "part-1-0.safetensors").rename(tmp_path / "outputs" / "part-1-0.writing")
    with cards.composing():
        config = cards.typed(compose("config", overrides=[*small, "trainer.precision=64-true"]), Config)
    found = teach.run(job_of(decided(config), tmp_path, {"finetune": teacher}, title="teach"))
    assert found == {"examples": 192}
    expected, completed = rows(taught / "outputs"), rows(tmp_path / "outputs")
    assert completed.keys() == expected.keys()
    left, added = (len(load_file(tmp_path / "outputs" / f"part-0-{part}.safetensors")["key"]) for part in (0, 1))
    assert 0 < left < len(completed) == left + added, "what was there is not asked again"
    assert apart(completed, expected) < CLOSE


TERMS = (
    "reverse_kl", "js", "skew_kl", "skew_reverse_kl", "taid", "dkd", "dist", "standardized", "logit_mse", "hidden",
    "hidden_cosine", "pkd", "cka", "embedding", "attention", "relations", "rkd_distance", "rkd_angle",
)  # fmt: skip
"""All terms besides hard and soft."""
SIX = ("data.sample=questions", "data.labels=null", "data.columns={text: text, label: label}")
"""Labels enough for all of them."""
BETWEEN = ("cka", "rkd_distance", "rkd_angle")
"""Terms that compare the texts of a step."""


@pytest.mark.long
def test_every_term_ends_on_two_processes_and_accumulated_where_it_does_on_one(distill):
    stages = "stages=[pretrain,finetune,teach,distill]"
    terms = [f"distill.{name}.weight=0.05" for name in TERMS]
    one, two, four = (distill.folder / name for name in ("one", "two", "four"))
    distill(stages, *SIX, *EXACT, *terms, "data.batch_size=32", f"hydra.run.dir={one}")
    distill(stages, *SIX, *EXACT, *terms, "data.batch_size=16", *TWO, f"hydra.run.dir={two}")
    cut = ("data.batch_size=8", "trainer.accumulate_grad_batches=2", *TWO)
    distill(stages, *SIX, *EXACT, *terms, *cut, f"hydra.run.dir={four}")
    expected = model(distill.store, one, "distill")
    for found in (model(distill.store, folder, "distill") for folder in (two, four)):
        assert apart(found, expected) < CLOSE

    shares = ",".join(f"{name}: 10" for name in ("hard", "soft", *BETWEEN))
    given = [f"distill.{name}.weight=1" for name in BETWEEN]
    given += [f"distill.shares={{{shares}}}", "distill.shares_every=1"]
    out = distill(stages, *given, *TWO, "data.batch_size=16", "distill.cka.layer_map=auto", f"hydra.run.dir={two}-more")
    assert out.count("distill: layers student:teacher by alignment: ") == 1
    assert "distill: done" in out


def test_a_sweep_of_two_jobs_runs_each_on_two_processes_and_trains_the_teacher_once(swept):
    _, folders, out = swept
    assert [report(folder)["objective"]["temperature"] for folder in folders] == [1.0, 4.0]
    assert [report(folder)["environment"]["devices"] for folder in folders] == [2, 2]
    statuses = [{stage["name"]: stage["status"] for stage in report(folder)["stages"]} for folder in folders]
    assert set(statuses[0].values()) == {"done"}
    assert [name for name, status in statuses[1].items() if status == "done"] == ["distill", "evaluate", "export"]
    assert "distill.temperature=4" in report(folders[1])["command"]
    assert "Traceback" not in out
