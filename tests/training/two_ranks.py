"""Work on two ranks of one machine, each a process of its own."""

import multiprocessing
import os

import torch.distributed as dist


def said(work, port):
    """What ``work(number)`` returns on each of two ranks of one group, in their order."""
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    both = [spawn.Process(target=_rank, args=(work, number, port, results)) for number in range(2)]
    for each in both:
        each.start()
    found = dict(results.get(timeout=120) for _ in both)
    for each in both:
        each.join(60)
    return [found[number] for number in range(2)]


def _rank(work, number, port, results):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=number, world_size=2)
    results.put((number, work(number)))
    dist.destroy_process_group()
