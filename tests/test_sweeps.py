"""A sweep keeps nothing of a job that is finished."""

import gc
import weakref

import pytest

from distill.pipeline import runner


@pytest.mark.slow
def test_of_a_finished_job_no_data_stays_in_memory(inside, small, monkeypatch):
    begun, alive = [], []
    read = runner.prepare

    def prepare(config):
        gc.collect()
        alive.append(sum(reference() is not None for reference in begun[:-1]))
        data = read(config)
        begun.append(weakref.ref(data))
        return data

    monkeypatch.setattr(runner, "prepare", prepare)
    settings = [each for each in small if not each.startswith("finetune.max_epochs")]
    sweep = f"hydra.sweep.dir={inside.folder}/sweep"
    inside("-m", *settings, "finetune.max_epochs=1,2,3", sweep, "stages=[pretrain,finetune,teach]", small=False)
    assert len(begun) == 3
    assert alive == [0, 0, 0]
