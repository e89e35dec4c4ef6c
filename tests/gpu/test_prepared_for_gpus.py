"""What is decided for a GPU, asked where there is none: one call to the optimiser, copies, devices and precisions."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from datasets import Dataset
from lightning_fabric.accelerators import cuda
from lightning_utilities.core.rank_zero import rank_zero_only
from run_parts import decided, examples_of
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from distill.config.schema import Config
from distill.data.batching import Batches, Examples, Place
from distill.distributed.processes import Ranks
from distill.inference.output_parts import OutputWriter
from distill.inference.pass_loop import run_pass
from distill.metrics import classification as metrics
from distill.models.device_copies import to_device
from distill.objective import Objective
from distill.objective.terms.gold import Hard
from distill.stages import student_teacher
from distill.stages.hyperparameters import optimization
from distill.tasks import classification as task
from distill.training.optim import Optimization
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.trainer import TrainerSettings, trainer

CPU, GPU = torch.device("cpu"), torch.device("cuda")
ADAMW = Optimization("adamw", 0.1, 0.3, 0.9, "constant", 0.0, 4)


def weights_on(*devices):
    """A module with a weight on each device, of which none has to be there."""
    return nn.ParameterList(nn.Parameter(torch.empty(2, device=device)) for device in devices)


@pytest.mark.parametrize(
    ("devices", "fused"), [(("cuda",), True), (("cuda", "cuda"), True), (("cuda", "meta"), None), (("mps",), None)]
)
def test_the_fused_optimizer_is_taken_where_all_weights_are_on_a_gpu(devices, fused):
    with FakeTensorMode():
        optimizer, _ = ADAMW.build([weights_on(*devices)])
    assert optimizer.defaults["fused"] is fused


@pytest.mark.parametrize(
    ("precision", "fused"), [("32-true", True), ("64-true", True), ("bf16-mixed", True), ("16-mixed", False)]
)
def test_the_optimizer_is_fused_in_each_precision_but_the_one_that_scales_losses(precision, fused):
    config = Config(task="classification")
    config.trainer.precision = precision
    assert optimization(config, config.distill, range(8)).fused is fused


@pytest.fixture
def copies(monkeypatch):
    """What is asked of tensors that are copied: ``pinned``, or a device and whether the copy is not waited for."""
    asked = []

    def moved(tensor, device, non_blocking=False):
        asked.append((str(device), non_blocking))
        return tensor

    monkeypatch.setattr(Tensor, "pin_memory", lambda tensor: asked.append("pinned") or tensor)
    monkeypatch.setattr(Tensor, "to", moved)
    return asked


def test_a_copy_to_a_gpu_is_of_pinned_memory_and_non_blocking(copies):
    to_device(torch.ones(2), GPU)
    assert copies == ["pinned", ("cuda", True)]


def test_a_copy_to_a_cpu_is_neither_pinned_nor_non_blocking(copies):
    to_device(torch.ones(2), CPU)
    assert copies == [("cpu", False)]


@pytest.mark.parametrize(("device", "copied"), [(GPU, ["pinned", ("cuda", True)]), (CPU, [("cpu", False)])])
def test_a_pass_over_batches_copies_each_so(device, copied, copies, tmp_path):
    def ask(batch):
        raise StopIteration

    with pytest.raises(StopIteration):
        run_pass(ask, [{"input_ids": torch.ones(2)}], device, OutputWriter(tmp_path, "it"))
    assert copies == copied


@pytest.mark.parametrize(("device", "copied"), [(GPU, [("cuda", True)]), (CPU, [("cpu", False)])])
def test_a_batch_of_training_is_copied_non_blocking_but_for_the_places(device, copied, copies):
    spec = TrainingSpec(task.align, metrics.collection(2), ADAMW, 7)
    batch = {"input_ids": torch.ones(2), "key": torch.ones(2)}
    objective = Objective({"hard": Hard()}, {"hard": 1.0})
    SupervisedModule(nn.Linear(1, 1), objective, spec).transfer_batch_to_device(batch, device, 0)
    assert copies == copied


def collate(features, place):
    return {"input_ids": torch.ones(1)}


def examples_on(device):
    config = Config(task="classification")
    config.data.source, config.data.limit.train = "embedded", 64
    return examples_of(decided(config), Ranks(device=device))


@pytest.mark.parametrize(("device", "pinned"), [(GPU, True), (CPU, False)])
def test_batches_are_in_pinned_memory_where_the_device_is_a_gpu(device, pinned):
    examples = examples_on(device)
    rows = Dataset.from_list([{"input_ids": [1]}] * 64)
    assert examples.scoring_batches(rows, collate).pin_memory is pinned
    counts = {name: np.ones(64, np.int64) for name in ("tokens", "rows")}
    assert examples.training_batches(rows, collate, counts).pinned is pinned


@pytest.mark.parametrize("pinned", [True, False])
def test_the_loader_of_training_pins_what_it_is_told_to(pinned):
    examples = Examples(Dataset.from_list([{"input_ids": [1]}]), collate)
    batches = Batches(examples, lambda epoch: [Place((0,))], 1, pinned=pinned)
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        list(batches)
    assert any("pin_memory" in str(warning.message) for warning in raised) is (pinned and not torch.cuda.is_available())


@pytest.fixture
def own_rank(monkeypatch):
    """Lightning keeps the rank of a trainer for the whole process, and its loggers write at rank 0 alone."""
    monkeypatch.setattr(rank_zero_only, "rank", 0)


@pytest.mark.usefixtures("own_rank")
@pytest.mark.parametrize("local_rank", [0, 1])
def test_each_rank_takes_the_gpu_of_its_local_rank_and_talks_by_nccl(local_rank, monkeypatch):
    for name, value in {"LOCAL_RANK": local_rank, "RANK": 2 + local_rank, "WORLD_SIZE": 4, "GROUP_RANK": 1}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "any")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(cuda, "num_cuda_devices", lambda: 2)
    made = trainer(TrainerSettings("auto", 2, 2, "ddp", "bf16-mixed", 1, None, 10, enable_progress_bar=False))
    assert made.strategy.root_device == torch.device("cuda", local_rank)
    assert made.strategy._process_group_backend == "cpu:gloo,cuda:nccl"
    assert (made.global_rank, made.world_size) == (2 + local_rank, 4)


@pytest.mark.usefixtures("own_rank")
def test_ranks_without_gpus_share_the_cpu(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    made = trainer(TrainerSettings("cpu", 2, 1, "ddp", "32-true", 1, None, 10, enable_progress_bar=False))
    assert made.strategy.root_device == CPU


@pytest.mark.parametrize(
    ("training", "has_bf16", "dtype"),
    [
        ("bf16-mixed", True, torch.bfloat16), ("16-mixed", True, torch.bfloat16),
        ("bf16-mixed", False, torch.float32), ("32-true", True, torch.float32), ("64-true", True, torch.float64),
    ],
)  # fmt: skip
def test_the_precision_of_a_live_teacher_is_bf16_beside_mixed_training_on_a_gpu_that_has_it(
    training, has_bf16, dtype, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bf16)
    config = Config(task="classification")
    config.data.source, config.data.limit.train = "embedded", 64
    config.trainer.precision, config.trainer.accelerator, config.teacher.store = training, "auto", "never"
    assert student_teacher.live_dtype(decided(config)) == dtype


def module_on(device):
    spec = TrainingSpec(task.align, metrics.collection(2), ADAMW, 7)
    module = SupervisedModule(nn.Linear(1, 1), Objective({"hard": Hard()}, {"hard": 1.0}), spec)
    module._device = device
    loops = SimpleNamespace(epoch_loop=SimpleNamespace(total_batch_idx=5))
    module._trainer = SimpleNamespace(accumulate_grad_batches=2, global_rank=1, fit_loop=loops)
    return module


def test_the_chance_of_a_step_on_a_gpu_is_keyed_as_on_a_cpu(monkeypatch):
    seeds = []
    with torch.random.fork_rng(devices=[]):
        module_on(CPU).on_train_batch_start({}, 0)
        expected = torch.initial_seed()
        monkeypatch.setattr(torch, "manual_seed", seeds.append)
        module_on(torch.device("cuda", 0)).on_train_batch_start({}, 0)
    assert [each % 2**63 for each in seeds] == [expected % 2**63]


def test_metrics_are_counted_where_the_model_is():
    module = SupervisedModule(
        nn.Linear(1, 1),
        Objective({"hard": Hard()}, {"hard": 1.0}),
        TrainingSpec(task.align, metrics.collection(2), ADAMW, 7),
    ).to("meta")
    states = [getattr(metric, name) for metric in module.metrics.values() for name in metric._defaults]
    assert len(states) > 2
    assert {state.device.type for state in states} == {"meta"}
