"""A process of its own for a Python command, without the seconds that importing torch and its like takes in each.

A server has imported what the package uses of others, and nothing of the package. For each command it forks: the
child is a process like any other, with its own folder, environment, pipes and exit code. What reads the environment
or counts imports while the libraries are imported, or gets signals, must start a process by ``subprocess`` instead.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

LIBRARIES = (  # onnxruntime starts a thread at its import, which a fork has not
    "datasets", "hydra", "matplotlib.figure", "peft", "pyarrow.parquet", "pytest", "pytorch_lightning", "torch",
    "torchmetrics", "transformers", "wandb", "seqeval.metrics", "rouge_score.rouge_scorer", "sacrebleu",
    "transformers.models.auto.modeling_auto", "transformers.models.bert.modeling_bert",
)  # fmt: skip
SELDOM = (20_000, 10, 10)
"""When garbage is looked for: settings are made of thousands of small objects, of which hardly one is in a circle."""


def run(arguments, *, cwd=None, env=None, given=b"", together=False, timeout=570):
    """Run what ``python ARGUMENTS`` runs; return the exit code and what was written, as ``subprocess.run`` does.

    Args:
        arguments: ``-m MODULE``, ``-c CODE`` or a file, and what follows.
        cwd: the folder, if not this one.
        env: the environment, if not this one.
        given: on standard input.
        together: whether standard error goes where standard output goes.
        timeout: in seconds, after which the process is killed.
    """
    (stdin, written), (out, stdout), (error, stderr) = (os.pipe() for _ in range(3))
    told = {"arguments": list(map(str, arguments)), "cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ)}
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(told).encode())
        file.flush()
        server = _server()
        socket.send_fds(server, [b"."], [file.fileno(), stdin, stdout, stdout if together else stderr])
    for each in (stdin, stdout, stderr):
        os.close(each)
    texts = {}
    threads = [threading.Thread(target=_read, args=(end, texts, end)) for end in (out, error)]
    threads.append(threading.Thread(target=_write, args=(written, given)))
    for thread in threads:
        thread.start()
    answers = server.makefile("r")
    pid = int(answers.readline())
    killer = threading.Timer(timeout, os.kill, (pid, signal.SIGKILL))
    killer.start()
    code = int(answers.readline())
    killer.cancel()
    for thread in threads:
        thread.join()
    return subprocess.CompletedProcess(arguments, code, texts[out], texts[error])


def _read(end, texts, name):
    with open(end, "rb") as pipe:
        texts[name] = pipe.read()


def _write(end, given):
    try:
        with open(end, "wb") as pipe:
            pipe.write(given)
    except BrokenPipeError:
        pass  # a command need not read


@cache
def _server():
    """The process that forks; it ends when this one does."""
    ours, theirs = socket.socketpair()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        env={**environment, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    theirs.close()

    def end():
        ours.shutdown(socket.SHUT_RDWR)
        process.wait()

    atexit.register(end)
    return ours


def _serve(requests):
    """Fork for every request; return in the child, with what it asks for."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 1, 4)
        if not message:
            os._exit(0)
        pid = os.fork()
        if not pid:
            requests.close()
            return descriptors
        for each in descriptors:
            os.close(each)
        requests.sendall(f"{pid}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        requests.sendall(f"{code}\n".encode())


def _become(descriptors):
    """Make this process the one that was asked for, up to its first line."""
    file, *streams = descriptors
    with open(file, "rb") as told:
        told.seek(0)
        asked = json.load(told)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    encoding = os.environ.get("PYTHONIOENCODING") or None
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding=encoding, closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, encoding, "backslashreplace", closefd=False)
    sys.path[:1] = [asked["cwd"], *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return asked["arguments"]


def _main():
    import gc
    import runpy
    from importlib import import_module

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's is for the tests, which then close the socket
    for name in LIBRARIES:
        import_module(name)
    assert not [name for name in sys.modules if name.split(".")[0] == "distill"]
    gc.freeze()
    gc.set_threshold(*SELDOM)
    arguments = _become(_serve(socket.socket(fileno=int(sys.argv[1]))))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
    else:
        sys.argv = arguments
        sys.path[0] = str(Path(arguments[0]).resolve().parent)
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    _main()
