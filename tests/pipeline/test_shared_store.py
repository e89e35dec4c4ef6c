"""Ranks that do not see one store are refused at the start, with both folders."""

import socket
import threading
from dataclasses import dataclass, field

import pytest

from distill.distributed.processes import Ranks
from distill.errors import StoreError
from distill.pipeline.shared_store import refuse_separate_stores


@dataclass(frozen=True)
class Thread(Ranks):
    """A rank that is a thread: what the ranks tell each other goes through memory."""

    barrier: threading.Barrier | None = None
    values: dict[int, object] = field(default_factory=dict)

    def every(self, value):
        self.values[self.rank] = value
        self.barrier.wait(30)
        said = [self.values[rank] for rank in range(self.world)]
        self.barrier.wait(30)
        return said

    def agree(self, value):
        return self.every(value)[0]


def refused(*folders):
    """What each rank is told, which looks for the store in its own folder; nothing where all goes on."""
    barrier, values, found = threading.Barrier(len(folders)), {}, [None] * len(folders)

    def run(rank):
        try:
            refuse_separate_stores(folders[rank], Thread(len(folders), rank, barrier=barrier, values=values), 0.3)
        except StoreError as error:
            found[rank] = str(error)

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(len(folders))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_folder_of_its_own_is_refused_on_every_rank_and_one_folder_leaves_no_trace(tmp_path):
    here, there = tmp_path / "here" / "store", tmp_path / "there" / "store"
    host = socket.gethostname()
    assert refused(here, here, there) == [
        f"rank 2 of 3 looks for the store in {there} on {host}, and does not find there what rank 0 has written in "
        f"{here} on {host}: give a folder that is the same one on all machines as store=FOLDER"
    ] * 3  # fmt: skip
    assert refused(here, here) == [None, None]
    assert [path.name for path in here.rglob("*")] == [".locks"]
    assert not there.exists()


@pytest.mark.parametrize("name", ["file", "file/store"])
def test_a_store_that_takes_nothing_is_left_to_the_first_stage(tmp_path, name):
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / name, tmp_path / "other") == [None, None]


def test_a_single_process_writes_nothing(tmp_path):
    refuse_separate_stores(tmp_path / "store", Ranks())
    assert not (tmp_path / "store").exists()
