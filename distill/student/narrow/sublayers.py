"""List the sublayers of a model that is copied narrower: which make its states, and which read them."""

from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel

from distill.errors import ModelError
from distill.student.narrow.architectures import FAMILIES, Family


@dataclass(frozen=True)
class Head:
    """The names of a head's layer of outputs, and of the layers between it and the states."""

    outer: str
    inner: str | None = None
    norm: str | None = None

    @property
    def reads(self) -> str:
        """Return the layer that reads the states."""
        return self.inner or self.outer


def head_of(model: PreTrainedModel) -> Head:
    """Return the names of the layers of the head of a model.

    Raises:
        ModelError: the head is none of those that can be copied.
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
    """A part of a layer: an attention, or the feed-forward part.

    Attributes:
        layer: the layer's name.
        reads: the linear layers that read states; of an attention those of queries, keys and values, or one of all.
        adds: the linear layer that adds what was found.
        place: the index among all points of the states that are read.
        source: the index of those that keys and values read; the feed-forward part has none.
        distances: the module with what each head adds for a distance, where attentions share it.
    """

    layer: str
    reads: tuple[str, ...]
    adds: str
    place: int
    source: int | None
    distances: str | None = None


def below(model: PreTrainedModel) -> str:
    """Return the prefix of the names of the base model's modules; it is empty for models that are their own base."""
    return f"{model.base_model_prefix}." if hasattr(model, model.base_model_prefix) else ""


def parts(model: PreTrainedModel) -> list[Part]:
    """Return all parts of a model in their order, those of the encoder first."""
    sublayers: list[Part] = []
    modules = dict(model.named_modules())
    for number, stack in enumerate(_stacks(model)):
        end = len(sublayers) + number - 1  # of the stack before: each makes once more states than it has parts
        layers = _layers(model, stack)
        distances = f"{layers[0]}.{stack.distances}" if stack.distances else None
        for layer in layers:
            place = len(sublayers) + number
            attentions = [(stack.qkv, stack.out, place, distances)]
            if stack.cross:
                attentions.append((stack.cross[:3], stack.cross[3], end, None))
            for reads, adds, source, shared in (*attentions, (stack.inner, stack.outer, None, None)):
                names = tuple(name for name in (f"{layer}.{name}" for name in reads) if name in modules)
                sublayers.append(Part(layer, names, f"{layer}.{adds}", len(sublayers) + number, source, shared))
    return sublayers


def _stacks(model: PreTrainedModel) -> list[Family]:
    """Return the one stack of a model, or encoder and decoder."""
    family, modules = FAMILIES[model.config.model_type], dict(model.named_modules())
    stacks = [family, family.decoder] if family.decoder else [family]
    return [stack for stack in stacks if f"{below(model)}{stack.layers}" in modules]


def _layers(model: PreTrainedModel, stack: Family) -> list[str]:
    name = f"{below(model)}{stack.layers}"
    return [f"{name}.{number}" for number, _ in model.get_submodule(name).named_children()]


@dataclass(frozen=True)
class Point:
    """A point of the model at which states are made and read.

    Attributes:
        norm: the module that makes them; or, of embeddings without a norm, the first layer.
        readers: the linear layers that read them.
        stays: whether others do so, too: later layers that add to them, or embeddings that are the head as well.
    """

    norm: str
    readers: tuple[str, ...]
    stays: bool


def points(model: PreTrainedModel, head: Head) -> list[Point]:
    """Return all points of a model, stack by stack, the norm of distances last."""
    family = FAMILIES[model.config.model_type]
    norms = [norm for stack in _stacks(model) for norm in _norms(model, stack)]
    readers: list[list[str]] = [[] for _ in norms]
    for part in parts(model):
        source = part.place if part.source is None else part.source
        readers[part.place] += part.reads[:1]
        readers[source] += part.reads[1:]
    readers[-1].append(head.reads)
    tied = model.get_input_embeddings().weight is model.get_submodule(head.outer).weight
    last = len(norms) - 1
    all_points = [
        Point(norm, tuple(readers[place]), stays or (tied and place == last))
        for place, (norm, stays) in enumerate(norms)
    ]
    return [*all_points, Point(f"{below(model)}{family.relative}", (), stays=True)] if family.relative else all_points


def _norms(model: PreTrainedModel, stack: Family) -> list[tuple[str, bool]]:
    """Return the modules that make the states of a stack, in order, and whether later layers add to them."""
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
