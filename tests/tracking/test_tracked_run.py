"""A run that was tracked offline is whole on disk: what W&B, TensorBoard and Trackio hold is read back."""

import csv
import json
import shutil
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import trackio
from fake_wandb import KEY
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from wandb.util import get_core_path

from distill.config.schema import STAGES, Config
from distill.pipeline import tracked as pipeline
from distill.stages.job import RunContext
from distill.tracking.names import NAMES, numbers, pattern
from distill.training.checkpoints import DurableCheckpoints

pytestmark = pytest.mark.slow
PLANTED = {name: f"{name.lower()}-planted-secret" for name in ("HF_TOKEN", "TRACKIO_WRITE_TOKEN", "OPENAI_API_KEY")}
OF_NETRC = "netrc-planted-secret"
JOBS = [*(stage for stage in STAGES if stage != "augment"), "report"]  # which no method is named for


@pytest.fixture(scope="module")
def command(inside_of, tmp_path_factory):
    """The small run, tracked by all trackers, and once more with every stage reused."""
    made = inside_of(tmp_path_factory.mktemp("tracked"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKIO_DIR", str(made.folder / "trackio"))
        patch.setenv("WANDB_API_KEY", KEY)
        for name, secret in PLANTED.items():
            patch.setenv(name, secret)
        netrc = tmp_path_factory.mktemp("home") / "netrc"
        netrc.write_text(f"machine api.wandb.ai login user password {OF_NETRC}\n")
        patch.setenv("NETRC", str(netrc))
        kept, save = made.folder / "checkpoints", DurableCheckpoints.save_checkpoint
        kept.mkdir()

        def keep(self, checkpoint, path, storage_options=None):
            save(self, checkpoint, path, storage_options)
            shutil.copy(path, kept / f"{len(list(kept.iterdir()))}.ckpt")  # a finished stage has none left

        patch.setattr(DurableCheckpoints, "save_checkpoint", keep)
        shared = ("tracking.wandb=offline", "tracking.project=mine")
        made.said = made("hydra.run.dir=run", "tracking.logger=[wandb,tensorboard,trackio]", *shared)
        made("hydra.run.dir=again", *shared)
    return made


def records(folder):
    """Each job of the W&B runs in a folder to its records, as W&B's own inspector reads them."""
    jobs = {}
    for path in sorted((folder / "wandb").glob("offline-run-*/*.wandb")):
        given = ["--no-observability", "--json", "--run-file", path, path.parents[1]]  # as `wandb leet inspect` does
        inspect = [get_core_path(), "leet", "inspect", *map(str, given)]
        text = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout
        rows = [json.loads(line) for line in text.splitlines()]
        (run,) = (row["run"] for row in rows if row["type"] == "run")
        jobs[run["job_type"]] = rows
    return jobs


@pytest.fixture(scope="module")
def first(command):
    return records(command.folder / "run")


def run_of(rows):
    return next(row["run"] for row in rows if row["type"] == "run")


def summary(rows):
    """What the summary of a job ends with."""
    return {key: value for row in rows if row["type"] == "summary" for key, value in row["summary"]["update"].items()}


def artifacts(rows, used):
    """The artifacts that a job used, or else made, by name; tables are W&B's own."""
    found = [row["artifact"] for row in rows if row["type"] == "artifact"]
    return {
        each["name"]: each
        for each in found
        if bool(each.get("use_after_commit")) == used and each["type"] != "run_table"
    }


def report_of(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def curves(folder):
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_is_one_group_with_a_job_for_each_stage_and_the_report(first):
    assert sorted(first) == sorted(JOBS)  # whose folders may begin in the same second
    assert {run_of(rows)["run_group"] for rows in first.values()} == {"sst2_tiny-run"}
    settings = run_of(first["distill"])["config"]["update"]
    assert settings["distill"]["temperature"] == Config().distill.temperature
    assert settings["command"].startswith("python -m distill.run experiment=sst2_tiny")


def test_each_number_of_the_report_is_in_the_summary_under_its_name(command, first):
    expected = numbers(report_of(command.folder / "run"))
    found = summary(first["report"])
    assert {name: found.get(name) for name in expected} == pytest.approx(expected)
    assert len(expected) > 100
    assert found["verdict"]


def test_curves_have_the_names_steps_and_examples_of_the_csv(command, first):
    for stage in ("pretrain", "finetune", "distill", "control"):
        rows = [row["history"]["item"] for row in first[stage] if row["type"] == "history"]
        found = Counter(
            (row["step"], row["examples"], name, round(value, 6))
            for row in rows
            for name, value in row.items()
            if name.startswith(("train/", "validation/"))
        )
        expected = Counter(
            (int(row["step"]), int(row["examples"]), row["name"], round(float(row["value"]), 6))
            for row in curves(command.folder / "run")
            if row["stage"] == stage
        )
        assert found == expected


def test_the_last_step_of_a_stage_has_seen_every_example(command):
    last = {row["stage"]: int(row["examples"]) for row in curves(command.folder / "run")}
    assert last["control"] == last["distill"] == 192


def test_every_name_is_in_the_table_of_the_docs(command):
    assert all(pattern(row["name"]) in NAMES for row in curves(command.folder / "run"))


def test_each_product_is_made_once_and_used_where_it_is_read(first):
    made, reads = {}, {}
    for job in JOBS:
        used = artifacts(first[job], used=True)
        for name, artifact in used.items():
            assert name.startswith("data-") or artifact["digest"] == made[name]["digest"]
        reads[job] = sorted(artifact["type"] for artifact in used.values())
        made |= artifacts(first[job], used=False)
    kinds = [artifact["type"] for artifact in made.values()]
    assert kinds == ["language_model", "teacher", "teacher_outputs", "student", "control", "answers", "export"]
    assert reads["pretrain"] == ["data"]
    assert reads["teach"] == ["data", "teacher"]
    assert reads["distill"] == ["data", "language_model", "teacher", "teacher_outputs"]
    assert reads["report"] == sorted([*kinds, "data"])


def test_a_small_product_is_sent_as_files_of_the_store_and_outputs_of_the_teacher_never(first):
    for stage, artifact in ((job, each) for job in JOBS for each in artifacts(first[job], used=False).values()):
        contents = artifact["manifest"]["contents"]
        if stage in ("teach", "evaluate"):
            assert all(each["ref"].startswith("file://") for each in contents)
        else:
            assert any(each["local_path"].endswith("model.safetensors") for each in contents)


def test_page_tables_matrices_and_pictures_are_on_disk(command, first):
    media = command.folder / "run" / "wandb"
    (page,) = media.glob("offline-run-*/files/media/html/page_*.html")
    assert page.read_text(encoding="utf-8") == (command.folder / "run" / "report.html").read_text(encoding="utf-8")
    names = {name for row in first["report"] if row["type"] == "history" for name in row["history"]["item"]}
    for kind in ("tables/per_label", "tables/models", "tables/stages", "pictures/quality_against_latency"):
        assert f"{kind}._type" in names
    (table,) = media.glob("offline-run-*/files/media/table/tables/per_label_*.json")
    rows = json.loads(table.read_text(encoding="utf-8"))["data"]
    student = report_of(command.folder / "run")["models"]["student"]["per_label"]["test"]["positive"]
    assert ["student", "test", "positive", *student.values()] in rows
    assert list(media.glob("offline-run-*/files/media/table/confusion_matrix/student_table_*.json"))


def test_a_reused_stage_is_linked_to_the_run_that_made_it(command, first):
    (again,) = records(command.folder / "again").values()
    assert artifacts(again, used=True).keys() == artifacts(first["report"], used=True).keys()
    (table,) = (command.folder / "again" / "wandb").glob("offline-run-*/files/media/table/tables/stages_*.json")
    rows = json.loads(table.read_text(encoding="utf-8"))["data"]
    linked = {row[0]: (row[1], row[4], row[5]) for row in rows}
    assert linked == {stage: ("reused", "sst2_tiny-run", run_of(first[stage])["run_id"]) for stage in JOBS[:-1]}


def test_no_secret_of_the_environment_is_in_any_file_or_on_the_console(command):
    files = [path for path in command.folder.rglob("*") if path.is_file()]
    assert len(files) > 50
    assert {".ckpt", ".wandb", ".json", ".yaml", ".csv", ".log", ".html"} <= {path.suffix for path in files}
    for secret in (KEY, OF_NETRC, *PLANTED.values()):
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
        assert secret not in command.said
    assert "wandb:" not in command.said.lower()
    assert "trackio" not in command.said.replace("tracking.logger=[wandb,tensorboard,trackio]", "").lower()


def test_tensorboard_has_curves_numbers_and_hyperparameters(command):
    folder = command.folder / "run" / "tensorboard"
    events = EventAccumulator(str(folder / "distill")).Reload()
    expected = [
        (int(row["step"]), float(row["value"]))
        for row in curves(command.folder / "run")
        if row["stage"] == "distill" and row["name"] == "train/soft"
    ]
    found = [(event.step, event.value) for event in events.Scalars("train/soft")]
    assert found == [pytest.approx(each) for each in expected]
    report = EventAccumulator(str(folder / "report")).Reload()
    expected = numbers(report_of(command.folder / "run"))
    found = {name: report.Scalars(name)[0].value for name in expected}
    assert found == pytest.approx(expected, rel=1e-6)
    assert "_hparams_/session_start_info" in report.PluginTagToContent("hparams")


def test_trackio_has_curves_and_numbers_in_a_database_of_this_machine(command):
    with sqlite3.connect(trackio.utils.TRACKIO_DIR / "mine.db") as database:  # it reads the variable once a process
        rows = database.execute("select run_name, metrics from metrics").fetchall()
    values = {}
    for name, metrics in rows:
        values.setdefault(name.split("-")[2], {}).update(json.loads(metrics))
    assert values.keys() == set(JOBS)
    expected = numbers(report_of(command.folder / "run"))
    assert {name: values["report"].get(name) for name in expected} == pytest.approx(expected)
    assert "train/soft" in values["distill"]


def test_a_sweep_is_one_tag_and_its_settings_are_named():
    config = Config(name="mine")
    context = RunContext(Path("sweeps/2026_x/0_mine_temperature-2"), "", swept={"distill.temperature": "2"})
    described = pipeline.described(config, context, "report")
    assert (described.group, described.sweep) == ("mine-2026_x-0_mine_temperature-2", "2026_x")
    assert described.settings["swept"] == ["distill.temperature"]
    assert described.settings["distill"]["temperature"] == config.distill.temperature


def test_the_jobs_of_a_sweep_are_on_disk_with_its_name_and_the_settings_that_it_sweeps_over(tmp_path):
    for temperature in (1.0, 2.0):
        config = Config(name="mine")
        config.tracking.wandb, config.distill.temperature = "offline", temperature
        folder = tmp_path / "2026_x" / f"temperature-{temperature}"
        folder.mkdir(parents=True)
        context = RunContext(folder, "", swept={"distill.temperature": str(temperature)})
        with pipeline.tracking(config, 0).job(pipeline.described(config, context, "report")):
            pass
    runs = [run_of(records(folder)["report"]) for folder in sorted((tmp_path / "2026_x").iterdir())]
    assert [run["tags"] for run in runs] == [["2026_x"], ["2026_x"]]
    settings = [run["config"]["update"] for run in runs]
    assert [each["distill"]["temperature"] for each in settings] == [1.0, 2.0]
    assert [(each["sweep"], each["swept"]) for each in settings] == [("2026_x", ["distill.temperature"])] * 2
