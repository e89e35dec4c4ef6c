"""What the parts of a step bring is the same on every rank, in the order of the ranks, however much each has."""

import torch
import two_ranks

from distill.objective.terms.examples import RkdDistance
from distill.training.step_gather import Step, over_ranks

LENGTHS = ((3, 0), (1, 2))
"""Examples of the two micro-batches of each of two ranks."""


def states(rank, place):
    """``[examples, 4]``, all numbers different."""
    return torch.arange(LENGTHS[rank][place] * 4.0).view(-1, 4) + 100 * rank + 10 * place


def rank(number):
    parts = [{"distance": (states(number, place), -states(number, place))} for place in (0, 1)]
    seen = [Step({"distance": RkdDistance()}, parts, 2, number).view(parts[place], place) for place in (0, 1)]
    moments = {"a": (torch.full((1,), float(number)), torch.full((2, 3), number + 0.5)), "b": (states(number, 0),)}
    found = [{name: [each.tolist() for each in part] for name, part in each.items()} for each in over_ranks(moments, 2)]
    said = [(each["distance"].start, each["distance"].parts, each["distance"].whole[0].tolist()) for each in seen]
    return said, found


def test_two_ranks_see_the_same_whole_and_each_part_its_place_in_it(free_port):
    whole = torch.cat([states(number, place) for number in (0, 1) for place in (0, 1)]).tolist()
    places = [[(start, 4, whole) for start in starts] for starts in ((0, 3), (3, 4))]
    moments = [
        {"a": [[float(number)], [[number + 0.5] * 3] * 2], "b": [states(number, 0).tolist()]} for number in (0, 1)
    ]
    assert two_ranks.said(rank, free_port) == [(places[number], moments) for number in (0, 1)]


def test_one_rank_asks_nobody():
    mine = {"a": (torch.ones(1),)}
    assert over_ranks(mine, 1) == [mine]
