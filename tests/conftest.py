"""A real run, small enough for a test: a few hundred rows, a narrow teacher, one epoch a stage."""

import gc
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import forked
import pytest
from absl import logging as absl_logging
from hydra._internal.hydra import Hydra
from hydra.core.global_hydra import GlobalHydra

from distill import run
from distill.report import curves

ROOT = Path(__file__).parents[1]
# Where tests run in the background of a shell, or under nohup, they ignore signals, and so would all that they start.
for _number, _usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGTERM, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)
# rouge-score brings this handler. When Hydra sets logging up in this process, it would close pytest's own stream.
absl_logging.get_absl_handler().python_handler.stream = sys.__stderr__
SMALL = (
    "experiment=sst2_tiny", "data.source=embedded", "data.limit.train=192", "data.limit.validation=64",
    "data.limit.test=64", "data.max_length=24", "teacher.vocab_size=300",
    "teacher.architecture={layers: 2, hidden_size: 32, heads: 2, intermediate_size: 64}",
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}",
    "pretrain.max_epochs=1", "finetune.max_epochs=1", "distill.max_epochs=1", "teacher.accept=true",
    "distill.dropout=0.1",  # so that a student that goes on after a kill has chance to restore
    "evaluate.latency_samples=3", "evaluate.resamples=100", "evaluate.baselines=[]", "tracking.wandb=disabled",
    "trainer.log_every_n_steps=2", "export.formats=[huggingface]",
)  # fmt: skip


OF_MANY_CASES = ("test_fingerprints.py", "test_docs_commands.py", "test_student_build.py", "test_compose.py")
"""Files whose tests are short, and together among the longest."""


def smaller(overrides: Sequence[str]) -> list[str]:
    """The small run's settings, without the sizes of models that with these overrides do not begin from scratch."""
    said, unread = " ".join(overrides), ["-"]
    if "teacher.model=" in said:
        unread += ["teacher.architecture=", "teacher.vocab_size="]
        unread += [] if "pretrain.continued=true" in said else ["pretrain."]
    if "teacher.finetuned=true" in said:
        unread.append("finetune.")
    if re.search(r"student\.init=(teacher|bilstm|static|checkpoint)", said):
        unread.append("student.architecture=")
    return [each for each in SMALL if not each.startswith(tuple(unread))]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files first that take long, as with a test marked ``slow``: one at the end leaves other workers idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.path.name in OF_MANY_CASES}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from what is imported and collected by now: it would look at all of it each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*forked.SELDOM)


class Command:
    """``python -m distill.run`` in a folder of its own, as a user runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"

    def arguments(self, overrides: Sequence[str], small: bool) -> list[str]:
        """What follows ``python``, flags first."""
        given = sorted([*(smaller(overrides) if small else ()), *overrides], key=lambda each: each != "-m")
        if not any(each.startswith("store=") for each in overrides):
            given.append(f"store={self.store}")
        return ["-m", "distill.run", *given]

    def environment(self) -> dict[str, str]:
        """The variables of a run."""
        return {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}

    def start(self, *overrides: str, small: bool = True, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Begin a run."""
        return subprocess.Popen(
            [sys.executable, *self.arguments(overrides, small)], cwd=self.folder, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**self.environment(), **(env or {})},
        )  # fmt: skip

    def __call__(self, *overrides: str, small: bool = True, code: int = 0, env: dict[str, str] | None = None) -> str:
        """Run to the end; return all that was printed. With variables of its own the run imports everything itself."""
        if env is None:
            given = self.arguments(overrides, small)
            done = forked.run(given, cwd=self.folder, env=self.environment(), together=True)
            out, found = done.stdout.decode(), done.returncode
        else:
            process = self.start(*overrides, small=small, env=env)
            out, _ = process.communicate(timeout=570)
            found = process.returncode
        assert found == code, out
        return out


class Inside:
    """The same command in this process, which has already paid for the imports."""

    def __init__(self, folder: Path, draws: bool = False) -> None:
        """Run in ``folder``; drawing curves takes a third of a small run, and one of them shows that it works."""
        self.folder = folder
        self.store = folder / "store"
        self.draws = draws

    def __call__(self, *overrides: str, small: bool = True, code: int = 0) -> str:
        """Run to the end; return all that was printed."""
        given = [*(smaller(overrides) if small else ()), *overrides, f"store={self.store}"]
        out, found = io.StringIO(), 0
        GlobalHydra.instance().clear()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
            patch.setattr(sys, "argv", ["distill", *given])
            patch.chdir(self.folder)
            patch.setattr(Hydra, "get_mode", lambda *_, **__: None)  # else all is composed twice, for a hydra.mode
            patch.setattr(os, "fsync", lambda _: None)  # no test pulls the plug
            if not self.draws:
                patch.setattr(curves, "draw", lambda rows: [])
            try:
                run.main()
            except SystemExit as end:
                found = end.code
        assert found == code, out.getvalue()
        return out.getvalue()


@pytest.fixture
def small():
    """The overrides of the small run."""
    return SMALL


@pytest.fixture(scope="session")
def small_of_module():
    """The same, for what a module shares."""
    return SMALL


@pytest.fixture
def distill(tmp_path):
    return Command(tmp_path)


@pytest.fixture
def inside(tmp_path):
    return Inside(tmp_path)


@pytest.fixture(scope="session")
def command_of():
    """The command, in a folder that a module may share."""
    return Command


@pytest.fixture(scope="session")
def inside_of():
    """The same, in a folder that a module may share."""
    return Inside


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A folder in which the small run has been made once, and what it printed."""
    command = Inside(tmp_path_factory.mktemp("finished"), draws=True)
    out = command(f"hydra.run.dir={command.folder}/run")
    command.draws = False
    return command, out


@pytest.fixture
def anyones():
    """A folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def free_port():
    """A port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Task to the folder of a tiny model, as a run exports it, made when it is first asked for."""
    from predicted import made

    folders = {}

    def folder(name):
        if name not in folders:
            folders[name] = made(name, tmp_path_factory.mktemp(name))
        return folders[name]

    return folder


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """Task to the folder of a tiny model with its ONNX file, made when it is first asked for."""
    from predicted import shipped

    folders = {}

    def folder(name):
        if name not in folders:
            folders[name] = shipped(name, tmp_path_factory.mktemp(f"{name}_bundle"))
        return folders[name]

    return folder


@pytest.fixture
def ended(monkeypatch, capsys, tmp_path):
    """Run the ``main`` of a command in an empty folder: its exit code, and what it wrote on both streams."""

    def run(main, *words):
        monkeypatch.setattr(sys, "argv", ["distill", *map(str, words)])
        monkeypatch.chdir(tmp_path)
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


@pytest.fixture
def predict_command(monkeypatch, capsys):
    """``python -m distill.predict`` in this process: its exit code and what it says."""
    from distill import predict

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["predict", *map(str, arguments)])
        try:
            predict.main()
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        return 0, capsys.readouterr().out

    return command
