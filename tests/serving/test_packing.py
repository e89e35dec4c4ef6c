"""Which texts are read together."""

import random

import pytest

from distill.serving.packing import next_batch


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_holds_its_limits_and_the_text_that_has_waited_longest(seed):
    chance = random.Random(seed)  # noqa: S311
    lengths = [chance.randint(1, 128) for _ in range(200)]
    while lengths:
        batch = next_batch(lengths, budget=512, max_padding=0.2)
        chosen = [lengths[place] for place in batch]
        padded = max(chosen) * len(chosen)
        assert batch[0] == 0
        assert len(batch) == 1 or padded <= 512
        assert padded - sum(chosen) <= 0.2 * padded
        lengths = [length for place, length in enumerate(lengths) if place not in batch]


def test_texts_of_one_length_are_read_together_up_to_the_budget():
    assert next_batch([8] * 100, budget=64, max_padding=0) == list(range(8))


def test_a_text_beyond_the_budget_is_read_alone():
    assert next_batch([100, 100, 1], budget=64, max_padding=0.5) == [0]
