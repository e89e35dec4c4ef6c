"""A tracker that fails is said once, and what it tracks goes on as if it were not there."""

import logging
import secrets
import subprocess
from pathlib import Path

import pytest
import wandb
from fake_wandb import KEY

from distill.tracking import Findings, JobDescription, Product
from distill.tracking.jobs import TrackedJob, Tracking, TrackingPlan


@pytest.fixture
def tracked(tmp_path, caplog):
    """Track two jobs, and return what was said; ``between`` is called in the middle of the first."""
    caplog.set_level(logging.WARNING, "distill")

    def both(*trackers, wandb="offline", between=lambda: None):
        tracking = Tracking(TrackingPlan(trackers, wandb, finish_seconds=1.0))
        for name in ("distill", "evaluate"):
            described = JobDescription("group", name, f"{name}{secrets.token_hex(4)}", {"lr": 0.1}, tmp_path)
            with tracking.job(described) as job:
                job.log({"train/soft": 0.5}, 1, 32)
                if name == "distill":
                    between()
                job.found(lambda: Findings({"gain/difference": 0.25}))
        return [record.getMessage() for record in caplog.records if record.name.startswith("distill")]

    return both


def files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def test_a_server_that_answers_gets_the_run(tracked, server, tmp_path):
    assert tracked("wandb", wandb="online") == []
    assert len(files(tmp_path, "wandb/run-*-distill*")) == 1
    sent = "".join(body for path, body in server.asked if "file_stream" in path)
    assert "train/soft" in sent
    assert "gain/difference" in sent


def test_a_server_that_dies_in_the_middle_is_said_once_and_the_rest_stays_on_disk(tracked, server, tmp_path):
    (said,) = tracked("wandb", wandb="online", between=server.stop)
    (kept,) = files(tmp_path, "wandb/run-*-distill*")
    assert said == (
        f"wandb: {server.address} does not take all in time: the rest stays in {kept}; "
        "what follows is tracked on disk, and `wandb sync` sends it"
    )
    assert len(files(tmp_path, "wandb/offline-run-*-evaluate*/*.wandb")) == 1


@pytest.mark.parametrize("server", [True], indirect=True)
def test_a_wrong_key_is_said_once_and_is_in_no_file(tracked, server, tmp_path, capfd):
    said = tracked("wandb", wandb="online")
    assert said == [
        "wandb: user is not logged in; what follows is tracked on disk, and `wandb sync` sends it",
    ]
    assert len(files(tmp_path, "wandb/offline-run-*/*.wandb")) == 2
    written = [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert (written, KEY in "".join(capfd.readouterr())) == ([], False)


def test_a_key_that_can_be_none_is_said_without_it(tracked, server, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "short-secret")
    (said,) = tracked("wandb", wandb="online")
    assert said.startswith("wandb: ")
    assert "short-secret" not in said


def test_a_folder_that_cannot_be_written_is_said_once(tracked, tmp_path):
    (tmp_path / "tensorboard").touch()
    (said,) = tracked("tensorboard")
    assert said.startswith("tensorboard: [Errno 20] Not a directory:")
    assert said.endswith("; the run goes on without it")


@pytest.fixture
def full(tmp_path):
    """Folders of trackers on a disk that is nearly full."""
    for name in ("wandb", "tensorboard"):
        folder = tmp_path / name
        folder.mkdir()
        options = "size=16k" if name == "tensorboard" else "size=64k"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False).returncode:  # noqa: S607
            pytest.skip("this user may not mount a file system")
    yield
    wandb.teardown()  # which holds files open there
    for name in ("wandb", "tensorboard"):
        subprocess.run(["umount", tmp_path / name], check=True)  # noqa: S607


def test_a_full_disk_is_said_once_by_each_tracker(full, tracked, tmp_path):
    def fill():
        (tmp_path / "tensorboard" / "filler").write_bytes(bytes(12 << 10))

    said = tracked("wandb", "tensorboard", between=fill)
    assert sorted(each.partition(":")[0] for each in said) == ["tensorboard", "wandb"]
    assert all("no space left" in each.lower() for each in said)


class Broken:
    """A tracker that fails at everything but its begin."""

    link = None

    def __init__(self):
        self.asked = []

    def _fail(self, *given):
        self.asked.append(given)
        raise RuntimeError("first line\nsecond line")

    log = used = made = found = finish = _fail


def test_a_tracker_that_failed_is_asked_for_nothing_more_but_to_end(tmp_path):
    lost, broken = [], Broken()
    job = TrackedJob({"broken": broken}, lambda name, error: lost.append((name, str(error))))
    job.log({"a": 1.0}, 0, 0)
    job.used(Product("data-ab", "data", None, {}))
    job.finish(failed=False)
    assert lost == [("broken", "first line\nsecond line")]
    assert broken.asked == [({"a": 1.0}, 0, 0), (True,)]


def test_without_trackers_nothing_is_asked_or_found():
    with Tracking().job(JobDescription("group", "report", "id", {}, Path())) as job:
        job.found(lambda: pytest.fail("nobody asked for it"))
        assert not job.is_open
