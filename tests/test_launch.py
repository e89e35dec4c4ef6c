"""A job's log."""

import logging

from distill.launch import RunLog


def test_a_log_that_cannot_be_written_is_said_once_and_stops_nothing(tmp_path, capsys):
    """The second folder stands for one that is full: whatever is written to this device fails so."""
    for file, reason in ((tmp_path / "gone" / "run.log", "[Errno 2]"), ("/dev/full", "[Errno 28]")):
        log = RunLog(str(file), "utf-8")
        for line in ("one", "two"):
            log.handle(logging.makeLogRecord({"msg": line}))
        said = capsys.readouterr().err
        assert said.startswith(f"distill: {file} cannot be written ({reason}")
        assert said.count("\n") == 1


def test_a_log_takes_every_line(tmp_path):
    log = RunLog(str(tmp_path / "run.log"), "utf-8")
    for line in ("one", "zwei Äpfel"):
        log.handle(logging.makeLogRecord({"msg": line}))
    log.close()
    assert (tmp_path / "run.log").read_text(encoding="utf-8") == "one\nzwei Äpfel\n"
