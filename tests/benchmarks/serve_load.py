"""What a server bears: clients that ask one text after the other, with batches of what waits and without.

    python tests/benchmarks/serve_load.py FOLDER TEXTS [seconds=60] [clients=32] [NAME=VALUE of distill.serve ...]

FOLDER is an exported bundle of a task that reads one text, TEXTS a table whose first column holds texts. For each way
a server of its own is started on a free port; one client asks first, whose p50 is the unit of the others' p99, then all
do. Memory is that of the server's process, once a second. Clients and server share the machine: run it alone on it.
"""

import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

WAYS = {"batches": (), "one by one": ("batch_tokens=1", "max_wait_ms=0")}
SETTLED = 10
"""Seconds after which memory is expected to stay as it is."""


@dataclass
class Load:
    """What some clients saw: seconds of each answer, errors, and the server's memory in MB once a second."""

    seconds: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    memory: list = field(default_factory=list)
    duration: float = 0.0

    def percentile(self, share):
        """Milliseconds within which a share of the requests was answered."""
        ordered = sorted(self.seconds)
        return 1e3 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def server(folder, settings):
    """A server of a bundle: its process, and its port once it is ready."""
    command = [sys.executable, "-m", "distill.serve", f"model={folder}", "port=0", *settings]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(process.stdout.readline, "")
        port = next(int(match[1]) for line in lines if (match := re.search(r"http://\S+:(\d+)$", line.strip())))
        asyncio.run(ready(port))
        yield process, port
    finally:
        process.terminate()
        process.wait()


async def ready(port):
    """Wait until the model is loaded."""
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        reply = await reader.read()
        writer.close()
        if reply.startswith(b"HTTP/1.1 200"):
            return
        await asyncio.sleep(0.1)


def requests(texts):
    """The texts as requests."""
    bodies = [json.dumps({"text": text}).encode() for text in texts]
    head = "POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n"
    return [head.format(len(body)).encode() + body for body in bodies]


async def client(port, asked, end, load):
    """Ask one request after the other until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    place = 0
    while (start := time.perf_counter()) < end:
        writer.write(asked[place % len(asked)])
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))
        load.seconds.append(time.perf_counter() - start)
        if not head.startswith(b"HTTP/1.1 200"):
            load.errors.append(body)
        place += 1
    writer.close()


async def watch(process, end, load):
    """Note the memory of the server once a second."""
    while time.perf_counter() < end:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        load.memory.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024)
        await asyncio.sleep(1)


async def pressed(process, port, asked, clients, seconds):
    """What a number of clients see, each with texts of its own."""
    load, start = Load(), time.perf_counter()
    end = start + seconds
    parts = [asked[number::clients] for number in range(clients)]
    outcomes = await asyncio.gather(
        watch(process, end, load), *(client(port, part, end, load) for part in parts), return_exceptions=True
    )
    load.errors += [each for each in outcomes if each is not None]
    load.duration = time.perf_counter() - start
    return load


def row(name, load, unit):
    """A line of the table."""
    later = load.memory[SETTLED:] or load.memory[-1:]
    cells = [
        name, f"{len(load.seconds) / load.duration:.0f}", f"{load.percentile(0.5):.1f}", f"{load.percentile(0.99):.1f}",
        f"{load.percentile(0.99) / unit:.1f}", len(load.errors),
        f"{load.memory[0]:.0f}", f"{statistics.median(later[:5]):.0f}", f"{statistics.median(later[-5:]):.0f}",
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main():
    """Press a server of each way, and print a table."""
    folder, texts, *settings = sys.argv[1:]
    own = dict(each.split("=", 1) for each in settings if each.startswith(("seconds=", "clients=")))
    seconds, clients = float(own.get("seconds", 60)), int(own.get("clients", 32))
    rest = [each for each in settings if not each.startswith(("seconds=", "clients="))]
    lines = Path(texts).read_text(encoding="utf-8").splitlines()[1:]
    asked = requests([line.partition("\t")[0] for line in lines])
    print(
        "| clients | answers a second | p50, ms | p99, ms | p99 by p50 of one | errors "
        "| MB at first | after 10 s | at the end |"
    )
    print("| --- " * 9 + "|")
    for name, way in WAYS.items():
        with server(folder, [*way, *rest]) as (process, port):
            one = asyncio.run(pressed(process, port, asked, 1, max(3.0, seconds / 6)))
            unit = one.percentile(0.5)
            print(row(f"1, {name}", one, unit))
            every = asyncio.run(pressed(process, port, asked, clients, seconds))
            print(row(f"{clients}, {name}", every, unit))
            for error in every.errors[:3]:
                print(error)


if __name__ == "__main__":
    main()
