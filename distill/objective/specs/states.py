"""Declarations of the terms that compare what models make of a text before their heads."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from distill.base.setting_rules import at_least, one_of, setting
from distill.objective.declaration import ANY, SCORE, LayersConfig, TermConfig, TermSpec
from distill.types import Kind

_TERMS = "distill.objective.terms"
_StateSpec = partial(TermSpec, reads="states", kinds=ANY, softened=False)


@dataclass
class RelationsConfig(LayersConfig):
    """Relations of queries, keys and values."""

    heads: int | None = setting(
        None,
        at_least(1),
        "Relation heads, a number that divides the widths of both models; none takes the teacher's own heads.",
    )
    last_only: bool = True
    """Compare the last layer of the map alone, as the paper does, with the layer that the map gives it."""


@dataclass
class RkdDistanceConfig(TermConfig):
    """Distances of the examples of a step."""

    of: str = setting(
        "hidden",
        one_of("hidden", "logits"),
        "hidden (the first token's state in the last layer) | logits (the row).",
    )
    limit: int = setting(
        256, at_least(2), "Examples of a step that are looked at, spread over all that the teacher tells apart."
    )


@dataclass
class RkdAngleConfig(RkdDistanceConfig):
    """Angles between the examples of a step."""

    limit: int = setting(64, at_least(3), "Examples of a step that are looked at; triples are many more than pairs.")


def _unread_pairs(settings: RelationsConfig, kind: Kind) -> Iterator[str]:
    """Refuse pairs of layers of which all but the last would be ignored."""
    pairs = settings.layer_map
    if settings.last_only and ":" in pairs and "," in pairs:
        yield f".last_only=true: of the pairs of layer_map={pairs} only the last would be compared; allowed is false"


def _angles_of_scores(settings: RkdAngleConfig, kind: Kind) -> Iterator[str]:
    """Refuse to compare angles where rows are single numbers."""
    if kind == SCORE and settings.of == "logits":
        yield (
            f".weight={settings.weight}: compares angles, but scores lie on a line; allowed is 0, "
            "or rkd_angle.of=hidden"
        )


SPECS = (
    _StateSpec(
        name="hidden",
        implementation=f"{_TERMS}.states.Hidden",
        formula="mean squared error of states and embeddings, projected where widths differ",
        paper="Romero 2015",
        cost="states on disk, or the teacher beside",
        when="strongest pull, same tokens",
        settings=LayersConfig,
        same_tokens=True,
        embeddings=True,
    ),
    _StateSpec(
        name="hidden_cosine",
        implementation=f"{_TERMS}.states.HiddenCosine",
        formula="1 − cosine of states and embeddings",
        paper="Sanh 2019",
        cost="as hidden",
        when="direction, not size; for narrow copies ahead of soft on SST-2, behind on TREC",
        settings=LayersConfig,
        same_tokens=True,
        embeddings=True,
    ),
    _StateSpec(
        name="pkd",
        implementation=f"{_TERMS}.states.Pkd",
        formula="mean squared error of first-token states of length 1",
        paper="Sun 2019",
        cost="as hidden",
        when="sentence tasks; weights of 10 to 1,000",
        settings=LayersConfig,
    ),
    _StateSpec(
        name="cka",
        implementation=f"{_TERMS}.states.Cka",
        formula="1 − linear CKA of token states",
        paper="Kornblith 2019",
        cost="as hidden, and tokens · width²",
        when="students made of their teacher; other widths without a projection; many tokens a step",
        settings=LayersConfig,
        same_tokens=True,
        whole_step=True,
    ),
    _StateSpec(
        name="embedding",
        implementation=f"{_TERMS}.states.Embedding",
        formula="mean squared error of embedding outputs",
        paper="Jiao 2020",
        cost="as one pair of hidden",
        when="narrower embeddings; ahead of soft on SST-2, behind on TREC and STS-B",
        same_tokens=True,
        state=0,
    ),
    _StateSpec(
        name="attention",
        implementation=f"{_TERMS}.attention.Attention",
        formula="mean squared error of q · k / √d, before positions that attention adds and the softmax",
        paper="Jiao 2020",
        cost="the teacher beside, and heads · tokens²",
        when="TinyBERT, same tokens; on TREC it took from soft",
        settings=LayersConfig,
        reads="scores",
        same_tokens=True,
    ),
    _StateSpec(
        name="relations",
        implementation=f"{_TERMS}.attention.Relations",
        formula="KL of Q-Q, K-K and V-V relations in R heads",
        paper="Wang 2021",
        cost="the teacher beside, and 3 · R · tokens²",
        when="any heads and widths, same tokens; for narrow copies ahead of soft on SST-2, behind on TREC",
        settings=RelationsConfig,
        reads="qkv",
        same_tokens=True,
        problems=_unread_pairs,
    ),
    _StateSpec(
        name="rkd_distance",
        implementation=f"{_TERMS}.examples.RkdDistance",
        formula="Huber of distances over their mean",
        paper="Park 2019",
        cost="as hidden, and examples² · width, up to limit",
        when="narrow copies of sentence tasks; a weight of 25",
        settings=RkdDistanceConfig,
        reads_by="of",
        state=-1,
        whole_step=True,
        least_examples=2,
    ),
    _StateSpec(
        name="rkd_angle",
        implementation=f"{_TERMS}.examples.RkdAngle",
        formula="Huber of cosines in all triples",
        paper="Park 2019",
        cost="as hidden, and examples³ · width, up to limit",
        when="whole texts; a weight of 50; the best on STS-B, alone and beside cka",
        settings=RkdAngleConfig,
        reads_by="of",
        state=-1,
        whole_step=True,
        least_examples=3,
        problems=_angles_of_scores,
    ),
)
"""In the order of settings, logs and reports."""
