"""Train with weights, gradients and moments shared out over the ranks (FSDP2), in Lightning's DDP surroundings.

Zhao et al. 2023, arXiv:2304.11277; each weight is cut along its first dimension (``fully_shard``). Lightning's own
strategy for it writes checkpoints of another form, refuses double precision, and cannot meet other ranks before there
is a model. Here a checkpoint is that of one process, so that any number of ranks, sharded or not, goes on from it. A
teacher that answers live is shared out, too.
"""

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
import torch.distributed as dist
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer

from distill.training.live_answers import AskedLive

_PARTS = ("model", "objective")
"""What of a LightningModule learns."""


class ShardedStrategy(DDPStrategy):
    """Lightning's DDP with sharded weights in place of copies: ranks, launchers and batches are the same.

    The gradient is the mean over the ranks, as in DDP, so that losses are divided alike. At the end of training the
    module gets its own parts back, whole, with the weights that were learnt.
    """

    _whole: Mapping[str, nn.Module] | None = None
    """The parts of the module as they were before, on the CPU; none while nothing is sharded."""

    def model_to_device(self) -> None:
        """Shard the module before it moves, so that no device holds all of it."""
        module = self.lightning_module
        if module is None:
            raise RuntimeError("there is no module to shard")
        parts = {name: getattr(module, name) for name in _PARTS}
        _same_everywhere(module, self.root_device)
        self._whole = {name: copy.deepcopy(part) for name, part in parts.items()}
        mesh = init_device_mesh(self.root_device.type, (self.world_size,))
        shard(parts["model"], parts["objective"], mesh)
        if isinstance(teacher := getattr(module, "teacher", None), AskedLive):
            shard_layers(teacher.model, mesh)  # from here on, all ranks ask it at the same time
        super().model_to_device()

    def configure_ddp(self) -> None:
        """Wrap nothing: the hooks of the sharded modules exchange gradients."""

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """Return the whole weights on the first rank, which writes them; every rank takes part."""
        state = super().lightning_module_state_dict()
        return state if self._whole is None else _gathered(state, keep=self.is_global_zero)

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """Return the whole moments on the first rank, in the form of one process; every rank takes part."""
        if isinstance(optimizer, LightningOptimizer):
            optimizer = optimizer.optimizer
        state = optimizer.state_dict()
        moments = {number: _gathered(each, keep=self.is_global_zero) for number, each in state["state"].items()}
        return {**state, "state": moments}

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        """Share the whole moments of a checkpoint out over the ranks."""
        for optimizer, state in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            moments = {number: _like(weights[number], each) for number, each in state["state"].items()}
            optimizer.load_state_dict({**state, "state": moments})

    def on_train_end(self) -> None:
        """Give the module its own parts back, with what they have learnt, on every rank."""
        super().on_train_end()
        module, whole, self._whole = self.lightning_module, self._whole, None
        if module is None or whole is None:
            return
        for name, part in whole.items():
            part.load_state_dict(_gathered(getattr(module, name).state_dict()))
            part.train(getattr(module, name).training)
            setattr(module, name, part)
        self.optimizers = []  # they hold shards of what is gone

    def teardown(self) -> None:
        """Move nothing off the device after an error, since sharded weights cannot go alone."""
        if self._whole is None:
            super().teardown()
        elif self.cluster_environment is not None:
            self.cluster_environment.teardown()


def shard(model: nn.Module, objective: nn.Module, mesh: DeviceMesh) -> None:
    """Shard a model, layer by layer, and the projections of an objective, which its terms call."""
    for module in (each for each in objective.modules() if any(True for _ in each.parameters(recurse=False))):
        fully_shard(module, mesh=mesh, reshard_after_forward=True)
    shard_layers(model, mesh)


def shard_layers(model: nn.Module, mesh: DeviceMesh) -> None:
    """Shard a model, layer by layer.

    Weights are whole from when a layer is called until it has answered, also in a forward pass without a gradient.
    Recurrent layers are whole as long as the model answers, since their directions are asked one by one.
    """
    layers = (layer for each in model.modules() if isinstance(each, nn.ModuleList) for layer in each)
    called = (layer for layer in layers if not isinstance(layer, nn.RNNBase))
    outermost = _outermost(layer for layer in called if any(True for _ in layer.parameters()))
    for module in (*outermost, model):
        fully_shard(module, mesh=mesh, reshard_after_forward=True)


def whole_tensor(tensor: Tensor) -> Tensor:
    """Return a tensor whole on every rank, all of which take part where it is sharded."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def total_norm(tensors: Iterable[Tensor]) -> Tensor:
    """Return the Euclidean norm of tensors as of one vector, the same on every rank that holds a part of them."""
    return whole_tensor(torch.nn.utils.get_total_norm(list(tensors)))


def largest(tensors: Iterable[Tensor]) -> Tensor:
    """Return the largest absolute value of tensors, one or more; it is not finite where any value is not.

    It is the same on every rank that holds a part of them: of a tensor with fewer rows than ranks, some hold nothing.
    """
    every = list(tensors)
    parts = [tensor.to_local() if isinstance(tensor, DTensor) else tensor for tensor in every]
    held = torch.nn.utils.get_total_norm([part for part in parts if part.numel()], norm_type=math.inf).to(parts[0])
    if any(isinstance(tensor, DTensor) for tensor in every):
        held = torch.nan_to_num(held, nan=math.inf, posinf=math.inf)  # a maximum may pass by what is no number
        dist.all_reduce(held, op=dist.ReduceOp.MAX)
    return held


def _same_everywhere(module: nn.Module, device: torch.device) -> None:
    """Give every rank the first one's weights, as DDP does, one at a time."""
    for tensor in module.state_dict().values():
        on_device = tensor.to(device)
        dist.broadcast(on_device, src=0)
        tensor.copy_(on_device)


def _outermost(modules: Iterable[nn.Module]) -> list[nn.Module]:
    """Return the modules that stand in no other of them, such as layers without the lists within them."""
    found = list(modules)
    inner = {id(each) for module in found for each in module.modules() if each is not module}
    return [module for module in found if id(module) not in inner]


def _gathered(state: Mapping[str, Any], *, keep: bool = True) -> dict[str, Any]:
    """Return a state with whole tensors on the CPU; empty where this rank only takes part."""
    gathered = {}
    for name, value in state.items():
        whole = whole_tensor(value).cpu() if isinstance(value, Tensor) else value
        if keep:
            gathered[name] = whole
    return gathered


def _like(weight: Tensor, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a weight sharded like it, but for single numbers such as the count of steps."""
    if not isinstance(weight, DTensor):
        return dict(state)
    return {
        name: distribute_tensor(value.to(weight.device), weight.device_mesh, weight.placements, src_data_rank=None)
        if isinstance(value, Tensor) and value.shape == weight.shape and value.dim() > 0
        else value
        for name, value in state.items()
    }
