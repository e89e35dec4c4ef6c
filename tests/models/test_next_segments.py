import pytest
from transformers import AutoConfig

from distill.models.next_segments import has_head


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bert", True), ("ernie", True), ("fnet", True), ("megatron-bert", True), ("mobilebert", True),
        ("roberta", False), ("electra", False), ("albert", False), ("distilbert", False), ("deberta-v2", False),
        ("modernbert", False), ("gpt2", False),
    ],
)  # fmt: skip
def test_an_architecture_has_a_head_for_next_segments_or_none(kind, expected):
    assert has_head(AutoConfig.for_model(kind)) is expected
