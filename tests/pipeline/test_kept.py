"""What an interrupted run leaves, in words."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from distill.base.files import RESUME
from distill.pipeline.kept import kept_sentence
from distill.pipeline.store import Store


@pytest.fixture
def partial(tmp_path):
    folder = tmp_path / ".distill-1.partial"
    folder.mkdir()
    return folder


def said(folder, *finished):
    return kept_sentence(finished, SimpleNamespace(title="distill", name="distill-1"), Store(folder))


def test_nothing_is_kept_of_a_run_that_had_only_begun(tmp_path):
    assert said(tmp_path) == "kept: nothing, since no stage has anything to keep yet"


def test_finished_stages_are_named_and_the_one_that_begins_anew(tmp_path, partial):
    assert said(tmp_path, "pretrain", "teach") == (
        f"kept in {tmp_path}: pretrain, teach; nothing of distill yet, which begins anew"
    )


def test_a_checkpoint_says_up_to_which_step(tmp_path, partial):
    (partial / RESUME).mkdir()
    torch.save({"state_dict": {}, "global_step": 1200}, partial / RESUME / "last.ckpt")
    assert said(tmp_path, "pretrain") == f"kept in {tmp_path}: pretrain; of distill all up to step 1,200"


def test_answers_are_kept_as_far_as_they_go(tmp_path, partial):
    (partial / "outputs" / "part").mkdir(parents=True)
    Path(partial / "outputs" / "part" / "0.safetensors").touch()
    assert said(tmp_path).endswith("of distill what was answered so far")
