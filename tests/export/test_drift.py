"""An exported model whose logits are not the student's is refused, whatever its format."""

import math
import re

import pytest
import torch

from distill.errors import ModelError
from distill.export.drift import drift


@pytest.mark.parametrize("place", [0, 5])
@pytest.mark.parametrize("value", [math.nan, math.inf, 1e-2])
def test_logits_that_differ_or_are_no_numbers_are_not_called_the_same(place, value):
    expected = torch.arange(6.0).view(3, 2)
    assert drift("it", expected + 1e-5, expected, 1e-3) == pytest.approx(1e-5, rel=0.1)
    said = r"the logits of the export it differ by up to (nan|inf|0.01) from the student's, where 0.001 is allowed"
    for exported, kept in ((True, False), (False, True)):
        pair = [expected.clone(), expected.clone()]
        for spoilt, logits in zip((exported, kept), pair, strict=True):
            logits.view(-1)[place] += value if spoilt else 0.0
        with pytest.raises(ModelError, match=f"^{said}$"):
            drift("it", *pair, 1e-3)


def test_a_format_that_rounds_may_differ_by_what_it_says():
    expected = torch.zeros(1, 2)
    assert drift("small", expected + 0.25, expected, 0.5) == 0.25
    with pytest.raises(ModelError, match=re.escape("by up to 0.25 from the student's, where 0.1 is allowed")):
        drift("small", expected + 0.25, expected, 0.1)
