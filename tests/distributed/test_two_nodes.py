"""Two machines, each a network of its own with a torchrun agent, end where two processes of one machine do."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack

import pytest
from safetensors.torch import load_file

pytestmark = [pytest.mark.slow, pytest.mark.long]

IP = shutil.which("ip") or "/sbin/ip"
RANKS = ("trainer.accelerator=cpu", "trainer.strategy=ddp", "trainer.precision=64-true", "data.batch_size=16")


def ip(*arguments):
    """Set up a network."""
    subprocess.run([IP, *arguments], check=True, capture_output=True, text=True)


@pytest.fixture
def nodes():
    """The names of two networks that reach each other alone, at 10.213.0.1 and .2."""
    names = [f"distill{os.getpid()}-{number}" for number in (0, 1)]
    with ExitStack() as undone:
        try:
            for name in names:
                ip("netns", "add", name)
                undone.callback(ip, "netns", "delete", name)
            ip("link", "add", "node0", "netns", names[0], "type", "veth", "peer", "name", "node1", "netns", names[1])
            for number, name in enumerate(names):
                ip("-n", name, "address", "add", f"10.213.0.{number + 1}/24", "dev", f"node{number}")
                for device in ("lo", f"node{number}"):
                    ip("-n", name, "link", "set", device, "up")
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no networks can be made here: {getattr(error, 'stderr', None) or error}")
        yield names


def test_two_nodes_end_where_two_processes_do(nodes, distill, command_of, tmp_path):
    folder = tmp_path / "run"
    run = distill.arguments(["trainer.devices=1", "trainer.num_nodes=2", *RANKS, f"hydra.run.dir={folder}"], small=True)
    rendezvous = ["--nnodes=2", "--nproc-per-node=1", "--master-addr=10.213.0.1", "--master-port=29413"]
    agents = [
        subprocess.Popen(
            [IP, "netns", "exec", name, sys.executable, "-m", "torch.distributed.run", *rendezvous,
             f"--node-rank={number}", *run], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**distill.environment(), "GLOO_SOCKET_IFNAME": f"node{number}"},
        ) for number, name in enumerate(nodes)
    ]  # fmt: skip
    said = [agent.communicate(timeout=900)[0] for agent in agents]
    assert [agent.returncode for agent in agents] == [0, 0], "\n".join(said)
    assert [text.count("distill: done") for text in said] == [1, 0], "the first rank alone tells"
    assert sorted(path.name for path in folder.iterdir() if path.suffix in (".json", ".html")) == [
        "report.html", "report.json"
    ]  # fmt: skip

    (tmp_path / "alone").mkdir()
    alone = command_of(tmp_path / "alone")
    alone("trainer.devices=2", *RANKS, f"hydra.run.dir={tmp_path}/alone/run")
    for weights in ("distill-*/model", "control-*/model", "export-*/student"):
        found, expected = (
            load_file(next(each.store.glob(f"{weights}/model.safetensors"))) for each in (distill, alone)
        )
        assert found.keys() == expected.keys()
        assert all((found[name] == weight).all() for name, weight in expected.items()), weights
    reports = [
        json.loads((each / "report.json").read_text(encoding="utf-8")) for each in (folder, tmp_path / "alone" / "run")
    ]
    assert [{each["status"] for each in report["stages"]} for report in reports] == [{"done"}] * 2
    for name in ("teacher", "student", "control"):
        scores, expected = (report["models"][name] for report in reports)
        assert scores["metrics"] == expected["metrics"]
        assert scores["per_label"]["test"]["micro"]["support"] == 64
