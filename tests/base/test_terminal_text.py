import logging

import pytest

from distill.base.terminal_text import LONGEST, PlainFormatter, name, names, plain, shown
from distill.config import logging_settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" pos", "' pos'"),
        ("a\nb", r"'a\nb'"),
        ("\x1b[31mred", r"'\x1b[31mred'"),
        ("a\x00b", r"'a\x00b'"),
        ("a\u202eb", r"'a\u202eb'"),
    ],
)
def test_a_name_with_what_cannot_be_seen_is_quoted_and_escaped(text, said):
    assert name(text) == shown(text) == said


def test_a_name_that_can_be_seen_stays_as_it_is():
    seen = ["neg", "B-PER", "two words", "好评", "می‌خواهم", "<b>", "a|b", "👩‍👧"]
    assert names(seen) == ", ".join(seen)


def test_of_long_names_the_first_are_shown_with_how_many_more_there_are():
    assert names(["x" * 70] * 40) == ", ".join([*["x" * 70] * 14, "26 more"])
    assert names(["x" * 70] * 14) == ", ".join(["x" * 70] * 14)


def test_what_is_long_is_cut_whatever_it_is():
    assert shown("x" * 10_000_000) == f"'{'x' * LONGEST}'…"
    assert all(
        len(shown(value)) < 2 * LONGEST for value in ("\x00" * 1000, ["y" * 1000] * 1000, {"k" * 500: [1] * 500})
    )


def test_the_lines_of_a_text_stay_and_its_control_characters_do_not():
    assert plain("one\n\ttwo \x1b[2J\r\x9b \u2066x\u2069") == "one\n\ttwo \\x1b[2J\\r\\x9b \\u2066x\\u2069"


def test_nothing_that_is_logged_reaches_console_or_file_with_control_characters():
    record = logging.LogRecord("distill", logging.INFO, "here", 1, "labels %s", ("\x1b[31mred",), None)
    assert PlainFormatter("%(message)s").format(record) == r"labels \x1b[31mred"
    for made in (logging_settings.USUAL, logging_settings.WITHOUT_A_FILE, logging_settings.OF_OTHER_RANKS):
        used = {handler["formatter"] for handler in made["handlers"].values()}
        assert {made["formatters"][each]["class"] for each in used} == {"distill.base.terminal_text.PlainFormatter"}


def test_errors_of_a_log_go_to_stderr_alone_and_all_else_to_stdout(capsys):
    from logging import config

    handlers = logging_settings.WITHOUT_A_FILE | {
        "root": {},
        "loggers": {"streams": {"handlers": ["console", "errors"]}},
    }
    config.dictConfig(handlers)
    log = logging.getLogger("streams")
    log.warning("a warning")
    log.error("an error")
    log.handlers.clear()
    assert tuple(capsys.readouterr()) == ("a warning\n", "an error\n")
