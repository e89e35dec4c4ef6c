"""Where a model that is copied narrower makes states, and what reads them."""

from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel

from distill.errors import ModelError
from distill.student.narrow.architectures import FAMILIES, Family


@dataclass(frozen=True)
class Head:
    """The names of a head's layer of outputs, and of what stands between it and the states."""

    outer: str
    inner: str | None = None
    norm: str | None = None

    @property
    def reads(self) -> str:
        """The layer that reads the states."""
        return self.inner or self.outer


def head_of(model: PreTrainedModel) -> Head:
    """The head of a model.

    Raises:
        ModelError: it is none of those that can be copied.
    """
    names = {name for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    for head in (
        Head("classifier", f"{model.base_model_prefix}.pooler.dense"),
        Head("classifier.out_proj", "classifier.dense"),
        Head("classifier", "pre_classifier"),
        Head("classifier", "head.dense", "head.norm"),
        Head("classifier", "pooler.dense"),
        Head("classification_head.out_proj", "classification_head.dense"),
        *map(Head, ("classifier", "qa_outputs", "score", "lm_head")),
    ):
        if {head.outer, head.reads} <= names:
            return head
    raise ModelError(f"student.init=narrow: {type(model).__name__} has a head that cannot be copied narrower")


@dataclass(frozen=True)
class Part:
    """Of a layer: an attention, or the feed-forward part.

    Attributes:
        layer: the layer's name.
        reads: the linear layers that read states; of an attention those of queries, keys and values, or one of all.
        adds: the linear layer that adds what was found.
        place: of the states that are read, among all points.
        source: of those that keys and values read; the feed-forward part has none.
        distances: the module with what each head adds for a distance, where attentions share it.
    """

    layer: str
    reads: tuple[str, ...]
    adds: str
    place: int
    source: int | None
    distances: str | None = None


def below(model: PreTrainedModel) -> str:
    """What the names of the base model's modules begin with; some models are their own base."""
    return f"{model.base_model_prefix}." if hasattr(model, model.base_model_prefix) else ""


def parts(model: PreTrainedModel) -> list[Part]:
    """All of a model, in their order, the encoder's first."""
    made: list[Part] = []
    modules = dict(model.named_modules())
    for number, stack in enumerate(_stacks(model)):
        end = len(made) + number - 1  # of the stack before: each makes once more states than it has parts
        layers = _layers(model, stack)
        distances = f"{layers[0]}.{stack.distances}" if stack.distances else None
        for layer in layers:
            place = len(made) + number
            found = [(stack.qkv, stack.out, place, distances)]
            if stack.cross:
                found.append((stack.cross[:3], stack.cross[3], end, None))
            for reads, adds, source, shared in (*found, (stack.inner, stack.outer, None, None)):
                names = tuple(name for name in (f"{layer}.{name}" for name in reads) if name in modules)
                made.append(Part(layer, names, f"{layer}.{adds}", len(made) + number, source, shared))
    return made


def _stacks(model: PreTrainedModel) -> list[Family]:
    """One, or encoder and decoder."""
    family, there = FAMILIES[model.config.model_type], dict(model.named_modules())
    stacks = [family, family.decoder] if family.decoder else [family]
    return [stack for stack in stacks if f"{below(model)}{stack.layers}" in there]


def _layers(model: PreTrainedModel, stack: Family) -> list[str]:
    name = f"{below(model)}{stack.layers}"
    return [f"{name}.{number}" for number, _ in model.get_submodule(name).named_children()]


@dataclass(frozen=True)
class Point:
    """Where states are made and read.

    Attributes:
        norm: the module that makes them; or, of embeddings without a norm, the first layer.
        readers: the linear layers that read them.
        stays: whether others do so, too: later layers that add to them, or embeddings that are the head as well.
    """

    norm: str
    readers: tuple[str, ...]
    stays: bool


def points(model: PreTrainedModel, head: Head) -> list[Point]:
    """All of a model, stack by stack, each up to what is read of its last layer; then distances."""
    family = FAMILIES[model.config.model_type]
    norms = [each for stack in _stacks(model) for each in _norms(model, stack)]
    readers: list[list[str]] = [[] for _ in norms]
    for part in parts(model):
        source = part.place if part.source is None else part.source
        readers[part.place] += part.reads[:1]
        readers[source] += part.reads[1:]
    readers[-1].append(head.reads)
    tied = model.get_input_embeddings().weight is model.get_submodule(head.outer).weight
    last = len(norms) - 1
    made = [
        Point(norm, tuple(readers[place]), stays or (tied and place == last))
        for place, (norm, stays) in enumerate(norms)
    ]
    return [*made, Point(f"{below(model)}{family.relative}", (), stays=True)] if family.relative else made


def _norms(model: PreTrainedModel, stack: Family) -> list[tuple[str, bool]]:
    """What makes the states of a stack, in order, and whether later layers add to them."""
    base = below(model)
    inside = [f"{layer}.{norm}" for layer in _layers(model, stack) for norm in stack.norms]
    first = [f"{base}{stack.first}"] if stack.first else []
    if f"{base}embeddings_project" in dict(model.named_modules()):
        first = [f"{base}embeddings_project"]
    adding = [(norm, True) for norm in first]
    if stack.last is None:
        return [*adding, *((norm, True) for norm in inside)]
    # Before a layer's parts, the first norm may be that of the embeddings; after them, it comes in addition.
    return [*adding, *((norm, False) for norm in [*inside[len(first) :], f"{base}{stack.last}"])]
