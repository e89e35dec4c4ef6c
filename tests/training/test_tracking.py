import socket

import pytest

from distill.training.tracking import closing, read_curves, wandb_logger, wandb_mode


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """A user without a W&B account, whose W&B would be on this machine, where nothing listens."""
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{port}")
    return port


def test_without_a_key_everything_is_offline_even_where_online_was_asked_for(nobody, caplog):
    assert wandb_mode("auto") == "offline"
    assert not caplog.text
    assert wandb_mode("online") == "offline"
    assert "W&B: not logged in, or 127.0.0.1 does not answer: the run is tracked offline" in caplog.text


def test_with_a_key_it_is_online_only_where_the_host_answers(nobody, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    assert wandb_mode("auto") == "offline"
    with socket.create_server(("127.0.0.1", nobody)):
        assert wandb_mode("auto") == "online"


def test_a_login_in_netrc_counts_as_a_key(nobody, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password secret\n")
    with socket.create_server(("127.0.0.1", nobody)):
        assert wandb_mode("auto") == "online"


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_the_users_word_and_environment_are_kept(nobody, monkeypatch, mode):
    assert wandb_mode(mode) == mode
    monkeypatch.setenv("WANDB_MODE", mode)
    assert wandb_mode("auto") == mode


def test_an_offline_run_is_written_below_its_folder(nobody, tmp_path):
    where = {"project": "p", "entity": None, "group": "g", "stage": "distill", "settings": {"lr": 1}}
    logger = wandb_logger("offline", tmp_path, **where)
    with closing([logger]):
        logger.log_metrics({"train/soft": 0.5}, step=1)
        assert (logger.experiment.group, logger.experiment.job_type) == ("g", "distill")
    assert len(list(tmp_path.glob("wandb/offline-run-*/*.wandb"))) == 1


@pytest.mark.parametrize(
    "damage",
    [b"1,train/hard,0.2", b"1,train/hard\n", b"\0\0\0\0\n", b"one,train/hard,0.2\n", b"1,train/hard,much\n", b"\xff\n"],
)
def test_a_damaged_row_of_the_curves_is_left_out(tmp_path, damage):
    rows = b"step,name,value\n0,train/hard,0.5\n"
    (tmp_path / "metrics.csv").write_bytes(rows + damage)
    assert read_curves(tmp_path / "metrics.csv") == [{"step": 0, "name": "train/hard", "value": 0.5}]


def test_curves_that_are_something_else_are_none(tmp_path):
    (tmp_path / "metrics.csv").write_bytes(bytes(range(256)) * 3)
    assert read_curves(tmp_path / "metrics.csv") == []
