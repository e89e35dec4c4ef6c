"""The terms of an objective: one module each, so that what a term learns is trained, moved and saved with it."""

from torch import nn

from distill.losses.terms.attention import Attention, Relations
from distill.losses.terms.common import Comparing, Part, Seen, Term
from distill.losses.terms.decoupled import Dist, Dkd, Standardized
from distill.losses.terms.divergences import Js, ReverseKl, SkewKl, SkewReverseKl, Soft, Taid
from distill.losses.terms.examples import RkdAngle, RkdDistance
from distill.losses.terms.gold import Hard, HardLabels, HardScore
from distill.losses.terms.scores import LogitMse, SoftLabels, SoftScore
from distill.losses.terms.states import Cka, Embedding, Hidden, HiddenCosine, Pkd

TERMS: dict[str, type[nn.Module]] = {
    "hard": Hard,
    "hard_labels": HardLabels,
    "hard_score": HardScore,
    "soft": Soft,
    "reverse_kl": ReverseKl,
    "js": Js,
    "skew_kl": SkewKl,
    "skew_reverse_kl": SkewReverseKl,
    "taid": Taid,
    "dkd": Dkd,
    "dist": Dist,
    "standardized": Standardized,
    "logit_mse": LogitMse,
    "soft_labels": SoftLabels,
    "soft_score": SoftScore,
    "hidden": Hidden,
    "hidden_cosine": HiddenCosine,
    "pkd": Pkd,
    "cka": Cka,
    "embedding": Embedding,
    "attention": Attention,
    "relations": Relations,
    "rkd_distance": RkdDistance,
    "rkd_angle": RkdAngle,
}
"""The word for a term, in settings, logs and reports, to its class."""

__all__ = [
    "TERMS",
    "Attention",
    "Cka",
    "Comparing",
    "Dist",
    "Dkd",
    "Embedding",
    "Hard",
    "HardLabels",
    "HardScore",
    "Hidden",
    "HiddenCosine",
    "Js",
    "LogitMse",
    "Part",
    "Pkd",
    "Relations",
    "ReverseKl",
    "RkdAngle",
    "RkdDistance",
    "Seen",
    "SkewKl",
    "SkewReverseKl",
    "Soft",
    "SoftLabels",
    "SoftScore",
    "Standardized",
    "Taid",
    "Term",
]
