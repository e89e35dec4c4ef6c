import socket

import pytest

from distill.tracking.reach import wandb_mode


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


def test_a_dry_run_of_wandb_is_offline(nobody, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "dryrun")
    assert wandb_mode("auto") == "offline"
