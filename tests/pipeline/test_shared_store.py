"""Ranks that do not see one store are refused at the start, with both folders."""

import re
import socket
from functools import partial

import two_ranks

from distill.distributed.processes import Ranks
from distill.errors import StoreError
from distill.pipeline.shared_store import refuse_separate_stores


def rank(folders, number):
    ranks, said = Ranks(2, number), []
    for folder in (folders[number], folders[0]):
        try:
            refuse_separate_stores(folder, ranks, within=0.5)
            said.append("one store")
        except StoreError as error:
            said.append(str(error))
    return said


def test_two_folders_of_one_name_are_refused_on_every_rank_and_one_folder_leaves_no_trace(tmp_path, free_port):
    folders = [tmp_path / "here" / "store", tmp_path / "there" / "store"]
    here, there = (f"{folder} on {socket.gethostname()}" for folder in folders)
    refused = (
        f"rank 1 of 2 looks for the store in {there}, and does not find there what rank 0 has written in {here}: give "
        "a folder that is the same one on all machines as store=FOLDER"
    )
    assert two_ranks.said(partial(rank, folders), free_port) == [[refused, "one store"]] * 2
    assert [path.name for path in folders[0].rglob("*")] == [".locks"]
    assert not folders[1].exists()


def test_a_store_that_takes_nothing_is_left_to_the_first_stage(tmp_path, free_port):
    (tmp_path / "file").write_text("")
    folders = [tmp_path / "file", tmp_path / "other"]
    assert two_ranks.said(partial(rank, folders), free_port) == [["one store"] * 2] * 2


def test_a_single_process_writes_nothing(tmp_path):
    refuse_separate_stores(tmp_path / "store", Ranks())
    assert not re.search("store", " ".join(path.name for path in tmp_path.iterdir()))
