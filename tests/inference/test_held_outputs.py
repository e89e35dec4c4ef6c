import torch

from distill.inference.held_outputs import HeldOutputs


def test_rows_are_found_by_the_keys_of_their_examples_in_any_order():
    held = HeldOutputs([30, -7, 30], torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))
    assert [rows.tolist() for rows in held.examples(torch.tensor([-7, 30]))] == [[[3.0, 4.0]], [[1.0, 2.0]]]
    outputs, lengths = held.whole(torch.tensor([30, 30, -7]))
    assert outputs.logits.tolist() == [[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]]
    assert lengths == [1, 1, 1]
