from types import SimpleNamespace

import pytest
import torch

from distill.inference.generation import write


class Fixed:
    """A model that always writes the same, after whatever it was given."""

    def __init__(self, written, *, both, end):
        self.written = torch.tensor(written)
        self.config = SimpleNamespace(is_encoder_decoder=both)
        self.generation_config = SimpleNamespace(eos_token_id=end)
        self.asked = {}

    def generate(self, **asked):
        self.asked = asked
        start = torch.full((len(self.written), 1), 1) if self.config.is_encoder_decoder else asked["input_ids"]
        return torch.cat([start, self.written], dim=1)


BATCH = {
    "input_ids": torch.tensor([[2, 2, 5], [4, 5, 6]]), "attention_mask": torch.ones(2, 3), "key": torch.tensor([1, 2]),
    "token_type_ids": torch.zeros(2, 3),
}  # fmt: skip


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("end", [2, [2, 3]])
def test_what_is_written_goes_up_to_the_end_token_that_one_included(both, end):
    model = Fixed([[7, 8, 2, 0, 0], [7, 3, 9, 2, 7], [7, 7, 7, 7, 7]][:2], both=both, end=end)
    found = [ids.tolist() for ids in write(model, BATCH, {"num_beams": 3, "max_new_tokens": 5})]
    assert found == [[7, 8, 2], [7, 3] if end == [2, 3] else [7, 3, 9, 2]]
    assert set(model.asked) == {
        "input_ids",
        "attention_mask",
        "num_beams",
        "max_new_tokens",
        "do_sample",
        "logits_processor",
        "trust_remote_code",
    }
    assert model.asked["do_sample"] is model.asked["trust_remote_code"] is False


@pytest.mark.parametrize("end", [2, None])
def test_what_does_not_end_is_kept_whole(end):
    model = Fixed([[7, 8, 9], [7, 7, 7]], both=False, end=end)
    assert [ids.tolist() for ids in write(model, BATCH, {})] == [[7, 8, 9], [7, 7, 7]]


def test_nothing_written_but_the_end_is_one_token():
    assert [ids.tolist() for ids in write(Fixed([[2, 0], [2, 2]], both=True, end=2), BATCH, {})] == [[2], [2]]
