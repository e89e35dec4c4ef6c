"""What may be stored of the teacher is said before anything is made."""

import re
from functools import reduce

import pytest

from distill.config.schema import Config
from distill.config.validate import check
from distill.errors import ConfigError

WRITES = {"task": "translation", "pretrain__max_epochs": 0}
SAMPLED = {**WRITES, "teacher__keep": "sampled", "teacher__store": "always"}


def config(**changes):
    made = Config()
    for key, value in changes.items():
        *parents, name = key.split("__")
        setattr(reduce(getattr, parents, made), name, value)
    return made


CASES = [
    ({"teacher__store": "yes"}, "teacher.store=yes: allowed is one of auto, always, never"),
    ({"teacher__store_limit_gb": 0.0}, "teacher.store_limit_gb=0.0: allowed is a number above 0"),
    ({**WRITES, "teacher__keep": "some"}, "teacher.keep=some: allowed is one of top_k, sampled"),
    ({**SAMPLED, "teacher__samples": 0}, "teacher.samples=0: allowed is a whole number from 1 up"),
    (
        {"teacher__store": "always", "distill__attention__weight": 1.0},
        "teacher.store=always: distill.attention reads attention scores, which are not stored; "
        "allowed is auto or never",
    ),
    (
        {"teacher__store": "always", "distill__relations__weight": 1.0},
        "teacher.store=always: distill.relations reads queries, keys and values, which are not stored; "
        "allowed is auto or never",
    ),
    (
        {"teacher__store": "never", "teacher__store_limit_gb": 3.0},
        "teacher.store_limit_gb=3.0: is not read where teacher.store=never; allowed is 10.0",
    ),
    (
        {**WRITES, "teacher__store": "never", "teacher__top_k": 8},
        "teacher.top_k=8: is not read where teacher.store=never; allowed is 64",
    ),
    (
        {**SAMPLED, "teacher__top_k": 8},
        "teacher.top_k=8: is not read where teacher.keep=sampled; allowed is 64",
    ),
    (
        {**WRITES, "teacher__samples": 8},
        "teacher.samples=8: is not read where teacher.keep=top_k; allowed is 50",
    ),
    (
        {"teacher__keep": "sampled", "teacher__store": "always"},
        "teacher.keep=sampled: belongs to translation, summarization, dialogue; allowed is top_k",
    ),
    (
        {**SAMPLED, "teacher__store": "auto"},
        "teacher.keep=sampled: is of what is stored; teacher.store=auto, allowed is always",
    ),
    *[
        (
            {**SAMPLED, f"distill__{name}__weight": 1.0},
            f"distill.{name}.weight=1.0: cannot be computed from sampled tokens, only soft can; "
            "allowed is 0, or teacher.keep=top_k",
        )
        for name in ("reverse_kl", "js", "skew_kl", "skew_reverse_kl")
    ],
]


@pytest.mark.parametrize(("changes", "problem"), CASES, ids=[problem.split(":")[0] for _, problem in CASES])
def test_what_cannot_be_stored_or_is_not_read_is_refused(changes, problem):
    with pytest.raises(ConfigError, match=f"^{re.escape('1 problem in the settings' + chr(10) + '  ' + problem)}$"):
        check(config(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"teacher__store": "always", "distill__hidden__weight": 1.0},
        {"teacher__store": "never", "distill__relations__weight": 1.0},
        {"teacher__store_limit_gb": 0.5},
        {**SAMPLED, "teacher__samples": 12, "distill__hidden__weight": 1.0},
        {**WRITES, "teacher__top_k": 8},
    ],
)
def test_what_can_be_stored_is_taken(changes):
    check(config(**changes))
