"""Work on two ranks of one machine, or more, each a process of its own."""

import multiprocessing
import os
import socket

import torch.distributed as dist

# Once for all ranks of all tests, instead of in each rank anew.
multiprocessing.set_forkserver_preload(["pytest", "pytorch_lightning", "torch.distributed.tensor", "transformers"])


def said(work, port, ranks=2):
    """What ``work(number)`` returns on each of two ranks of one group, or more, in their order."""
    context = multiprocessing.get_context("forkserver")
    results = context.Queue()
    both = [context.Process(target=_rank, args=(work, number, port, ranks, results)) for number in range(ranks)]
    for each in both:
        each.start()
    found = dict(results.get(timeout=400) for _ in both)
    for each in both:
        each.join(60)
    return [found[number] for number in range(ranks)]


def _rank(work, number, port, ranks, results):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=number, world_size=ranks)
    results.put((number, work(number)))
    dist.destroy_process_group()


def free_port():
    """A port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
