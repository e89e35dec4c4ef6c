"""The losses as pure functions: each gives the sum over what it scores, and how many that were.

Sums, not means: only a sum can be split over micro-batches and ranks and still be divided once. All of them compute in
float32, or in double where they are given doubles; halves are taken up to float32. They send no gradient to the
teacher, give 0 with a graph where there is nothing to score, and let nothing a padded position holds reach value or
gradient. Each says so where its value is defined on a batch as a whole (``dist``, ``cka``, ``rkd_distance``,
``rkd_angle``): what parts of a batch bring is put together before these are taken. Of any other the sum is the same
however the batch is split.
"""

from distill.objective.losses.attention import attention, relations
from distill.objective.losses.common import first_tokens
from distill.objective.losses.decoupled import dist, dist_features, dist_loss, dist_merge, dkd, standardized
from distill.objective.losses.divergences import js, reverse_kl, skew_kl, skew_reverse_kl, soft, taid
from distill.objective.losses.examples import rkd_angle, rkd_distance
from distill.objective.losses.gold import hard, hard_labels, hard_score
from distill.objective.losses.scores import logit_mse, soft_labels, soft_score
from distill.objective.losses.states import cka, cka_features, cka_loss, cka_merge, hidden, hidden_cosine, pkd

__all__ = [
    "attention",
    "cka",
    "cka_features",
    "cka_loss",
    "cka_merge",
    "dist",
    "dist_features",
    "dist_loss",
    "dist_merge",
    "dkd",
    "first_tokens",
    "hard",
    "hard_labels",
    "hard_score",
    "hidden",
    "hidden_cosine",
    "js",
    "logit_mse",
    "pkd",
    "relations",
    "reverse_kl",
    "rkd_angle",
    "rkd_distance",
    "skew_kl",
    "skew_reverse_kl",
    "soft",
    "soft_labels",
    "soft_score",
    "standardized",
    "taid",
]
