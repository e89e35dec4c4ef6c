"""The chain on two processes that share weights out ends where two with copies do, and exports the same student."""

import json

import pytest
import torch
from safetensors.torch import load_file

pytestmark = [pytest.mark.slow, pytest.mark.long]

EXACT = ["trainer.precision=64-true", *(f"{stage}.{setting}" for stage in ("pretrain", "finetune", "distill")
    for setting in ("dropout=0", "optimizer.name=sgd", "optimizer.lr=0.1"))]  # fmt: skip
TWO = (*EXACT, "trainer.devices=2", "trainer.accelerator=cpu", "data.batch_size=16", "distill.hidden.weight=0.5")


def ended(command, strategy):
    """The weights of each stage and of the export, and what the report says of every model."""
    folder = command.folder / strategy
    command(f"trainer.strategy={strategy}", *TWO, f"hydra.run.dir={folder}")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    stages = ("pretrain", "finetune", "distill", "control")
    folders = {
        each["name"]: command.store / f"{each['name']}-{each['fingerprint']}" / "model" for each in report["stages"]
    }
    models = {name: folders[name] for name in stages} | {"export": folder / "export" / "student"}
    weights = {name: load_file(path / "model.safetensors") for name, path in models.items()}
    configs = {name: json.loads((path / "config.json").read_text(encoding="utf-8")) for name, path in models.items()}
    return weights, configs, report


def alike(found, expected):
    """Whether two contents of JSON are the same but for rounding, as of a fitted temperature, and the command."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected.keys() - {"command"}:
            alike(found[name], expected[name])
    else:
        assert found == (pytest.approx(expected, rel=1e-6) if isinstance(expected, float) else expected)


def test_sharded_processes_make_what_copies_do(command_of, tmp_path):
    made = {}
    for strategy in ("ddp", "fsdp"):
        (tmp_path / strategy).mkdir()
        made[strategy] = ended(command_of(tmp_path / strategy), strategy)
    (copies, configs, report), (shared, configs_of_shared, report_of_shared) = made["ddp"], made["fsdp"]
    alike(configs_of_shared, configs)
    for stage, expected in copies.items():
        assert expected.keys() == shared[stage].keys()
        apart = torch.stack([(shared[stage][name] - weight).abs().max() for name, weight in expected.items()]).max()
        assert apart < (1e-6 if stage == "export" else 1e-12), stage  # exported in 32 bits
    for name, model in report["models"].items():
        found = report_of_shared["models"][name]
        assert found.keys() == model.keys()
        assert found["metrics"]["test"] == pytest.approx(model["metrics"]["test"], abs=1e-6)
    assert [stage["fingerprint"] for stage in report["stages"]] == [
        stage["fingerprint"] for stage in report_of_shared["stages"]
    ], "one goes on with what the other has begun"
