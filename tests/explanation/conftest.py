"""A run of two models that nobody has trained, with all that opens a run again."""

import json

import pytest
from predicted import made


def _run(folder, name, parted=()):
    stages = []
    for number, stage in enumerate(("finetune", "distill", "control")):
        made(name, folder / "models" / stage)
        if number:  # another model than the teacher's
            _shuffled(folder / "models" / stage, number)
        stages.append({"name": stage, "folder": f"models/{stage}"})
    (folder / "run").mkdir()
    report = {"task": name, "stages": stages, "models": {}}
    (folder / "run" / "report.json").write_text(json.dumps(report), encoding="utf-8")
    if parted:
        lines = "".join(json.dumps(each) + "\n" for each in parted)
        (folder / "run" / "disagreements.jsonl").write_text(lines, encoding="utf-8")
    return folder / "run"


def _shuffled(folder, seed):
    import torch
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    generator = torch.Generator().manual_seed(seed)
    weights = {
        key: value + 0.2 * torch.randn(value.shape, generator=generator) for key, value in load_file(file).items()
    }
    save_file(weights, file, metadata={"format": "pt"})


@pytest.fixture(scope="session")
def made_run(tmp_path_factory):
    """Make the folder of a run of a task."""
    return lambda name, parted=(): _run(tmp_path_factory.mktemp("run"), name, parted)
